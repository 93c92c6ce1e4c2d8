// Package errgraph keeps walks over errors finite. Errors are made of errors that
// others made, and may be changed afterwards, so that one may come to contain
// itself: directly, through wrappers of users, or through other errors of ours.
// Package errors follows Unwrap for ever then, and Error calls itself until the stack
// is full, which no recover survives.
//
// A type of error that holds others registers, gives them out by Within, and writes
// its text in Text.
package errgraph

import "reflect"

// holders tell, by type, what an error holds: all of it, also what Unwrap leaves out.
var holders = map[reflect.Type]func(error) []error{}

// Register tells how to look into errors of type E. Call it at initialization. It
// returns nothing of use, so that it can stand in a variable declaration.
func Register[E error](held func(E) []error) struct{} {
	holders[reflect.TypeFor[E]()] = func(err error) []error { return held(err.(E)) }
	return struct{}{}
}

// Inside are the errors that err holds, nil if none.
func Inside(err error) []error {
	if held, ok := holders[reflect.TypeOf(err)]; ok {
		return held(err)
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return []error{inner}
		}
	case interface{ Unwrap() []error }:
		return e.Unwrap()
	}
	return nil
}

// Within is what Unwrap of parent returns for the errors in it: those from which no
// walk goes on for ever or comes back to parent. It returns the slice itself if that
// is all of them.
func Within(parent error, inside ...error) []error {
	for i, err := range inside {
		if err != nil && ends(parent, err) {
			continue
		}
		kept := append([]error(nil), inside[:i]...)
		for _, err := range inside[i+1:] {
			if err != nil && ends(parent, err) {
				kept = append(kept, err)
			}
		}
		return kept
	}
	return inside
}

// One is Within of one error.
func One(parent, inside error) error {
	if inside == nil || !ends(parent, inside) {
		return nil
	}
	return inside
}

// Finite reports whether a walk over err ends.
func Finite(err error) bool { return ends(nil, err) }

const (
	fewErrors  = 32
	maxDepth   = 10_000 // what is deeper makes ever new errors
	maxUnnamed = 10_000 // the same for errors that cannot be told apart
)

// ends reports whether a walk over err ends and does not come to parent.
func ends(parent, err error) bool {
	if left := fewErrors; endsSoon(err, &left) {
		return true
	}
	w := walk{open: map[any]bool{}}
	if parent != nil {
		w.open[nameOf(parent)] = true
	}
	return w.over(err, 0)
}

// endsSoon reports whether a walk over err ends after a few errors. Most do, and need
// no notes of where the walk has been.
func endsSoon(err error, left *int) bool {
	if *left--; *left < 0 {
		return false
	}
	if _, held := holders[reflect.TypeOf(err)]; !held {
		if e, ok := err.(interface{ Unwrap() error }); ok {
			inner := e.Unwrap()
			return inner == nil || endsSoon(inner, left)
		}
	}
	for _, inner := range Inside(err) {
		if inner != nil && !endsSoon(inner, left) {
			return false
		}
	}
	return true
}

// A walk visits each error once.
type walk struct {
	open    map[any]bool // true while the walk is inside the error, false afterwards
	unnamed int
}

func (w *walk) over(err error, depth int) (ends bool) {
	inside := Inside(err)
	if len(inside) == 0 {
		return !w.open[nameOf(err)]
	}
	if depth > maxDepth {
		return false
	}
	name := nameOf(err)
	if name != nil {
		if open, known := w.open[name]; known {
			return !open
		}
		w.open[name] = true
	} else if w.unnamed++; w.unnamed > maxUnnamed {
		return false
	}
	for _, e := range inside {
		if e != nil && !w.over(e, depth+1) {
			return false
		}
	}
	if name != nil {
		w.open[name] = false
	}
	return true
}

// A place is the identity of what has no equality, such as a slice.
type place struct {
	t reflect.Type
	p uintptr
	n int
}

// nameOf is what tells err from other errors, nil if nothing does.
func nameOf(err error) any {
	v := reflect.ValueOf(err)
	switch {
	case !v.IsValid():
		return nil
	case v.Comparable():
		return err
	case v.Kind() == reflect.Slice:
		return place{v.Type(), v.Pointer(), v.Len()}
	case v.Kind() == reflect.Map || v.Kind() == reflect.Func:
		return place{v.Type(), v.Pointer(), 0}
	}
	return nil
}
