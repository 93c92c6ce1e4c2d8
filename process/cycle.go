package process

import (
	"errors"
	"reflect"
	"sync"

	"github.com/anyio-go/anyio/internal/remote"
)

// Package gob follows a value that contains itself until the stack overflows, which
// ends the program and cannot be recovered from. So we look first, at values whose
// type allows it.

// errCycle is what a value that contains itself gives.
var errCycle = errors.New("the value contains itself, by a pointer, slice, map or interface; only trees can be sent")

// shallow is how deep a value may be nested before it is suspected.
const shallow = 500

// A visit is a reference that is being followed.
type visit struct {
	address uintptr
	length  int // of a slice
	t       reflect.Type
}

// A cycleFinder walks over what gob would encode.
type cycleFinder struct {
	depth int
	path  map[visit]bool // the references between here and the root, below shallow
}

// hasCycle reports whether v contains itself.
func (f *cycleFinder) hasCycle(v reflect.Value) bool {
	if !v.IsValid() || !mayCycle(v.Type()) {
		return false
	}
	f.depth++
	defer func() { f.depth-- }()
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice:
		if v.IsNil() {
			return false
		}
		if f.depth > shallow {
			here := visit{address: v.Pointer(), t: v.Type()}
			if v.Kind() == reflect.Slice {
				here.length = v.Len()
			}
			if f.path[here] {
				return true
			}
			if f.path == nil {
				f.path = map[visit]bool{}
			}
			f.path[here] = true
			defer delete(f.path, here)
		}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return f.hasCycle(v.Elem())
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if f.hasCycle(v.Index(i)) {
				return true
			}
		}
	case reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			if f.hasCycle(entries.Key()) || f.hasCycle(entries.Value()) {
				return true
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && f.hasCycle(v.Field(i)) {
				return true
			}
		}
	}
	return false
}

// cyclic has what mayCycle has found, by type.
var cyclic sync.Map

// mayCycle reports whether a value of type t can contain itself, as far as gob looks.
func mayCycle(t reflect.Type) bool {
	if known, ok := cyclic.Load(t); ok {
		return known.(bool)
	}
	may := reachesItself(t, map[reflect.Type]bool{})
	cyclic.Store(t, may)
	return may
}

// reachesItself reports whether t contains a type that is on the path from the root,
// or an interface, which may hold anything.
func reachesItself(t reflect.Type, path map[reflect.Type]bool) bool {
	if path[t] || t.Kind() == reflect.Interface {
		return true
	}
	if remote.EncodesItself(t) {
		return false
	}
	path[t] = true
	defer delete(path, t)
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return reachesItself(t.Elem(), path)
	case reflect.Map:
		return reachesItself(t.Key(), path) || reachesItself(t.Elem(), path)
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() && reachesItself(f.Type, path) {
				return true
			}
		}
	}
	return false
}
