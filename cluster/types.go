package cluster

import (
	"encoding"
	"encoding/gob"
	"fmt"
	"hash/fnv"
	"reflect"
	"strings"
)

// A signature is the name of a function and the types of its argument and result, as both
// sides of a call must have them.
type signature struct {
	name string
	text string // the types, for errors
	hash uint32 // of the text

	token string // a part of the subject on which it is called
}

func signatureOf(name string, in, out reflect.Type) signature {
	text := "func(" + describe(in, nil) + ") " + describe(out, nil)
	h := fnv.New32a()
	_, _ = h.Write([]byte(text))
	return signature{name, text, h.Sum32(), fmt.Sprintf("%s.%08x", tokenOf(name), h.Sum32())}
}

// longName is how long the name of a function may be in a subject; servers take no line
// that is longer than 4 KiB.
const longName = 200

// tokenOf is a name as a part of a subject, for which it may have too much in it.
func tokenOf(name string) string {
	var b strings.Builder
	for i, c := range []byte(name) {
		if i == longName {
			h := fnv.New64a()
			_, _ = h.Write([]byte(name))
			fmt.Fprintf(&b, "=%016x", h.Sum64())
			break
		}
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "=%02x", c)
		}
	}
	return b.String()
}

// encodesItself reports whether values of a type write themselves, so that their fields
// tell nothing.
func encodesItself(t reflect.Type) bool {
	for _, i := range []reflect.Type{reflect.TypeFor[gob.GobEncoder](), reflect.TypeFor[encoding.BinaryMarshaler](), reflect.TypeFor[encoding.TextMarshaler]()} {
		if t.Implements(i) || reflect.PointerTo(t).Implements(i) {
			return true
		}
	}
	return false
}

// describe tells a type by its structure: the names and types of what is sent of it.
func describe(t reflect.Type, inside []reflect.Type) string {
	for _, outer := range inside {
		if outer == t {
			return t.String()
		}
	}
	inside = append(inside[:len(inside):len(inside)], t)
	switch t.Kind() {
	case reflect.Pointer:
		return describe(t.Elem(), inside) // a pointer is sent as what it points to
	case reflect.Slice:
		return "[]" + describe(t.Elem(), inside)
	case reflect.Array:
		return fmt.Sprintf("[%d]%s", t.Len(), describe(t.Elem(), inside))
	case reflect.Map:
		return "map[" + describe(t.Key(), inside) + "]" + describe(t.Elem(), inside)
	case reflect.Struct:
		if encodesItself(t) {
			return t.String()
		}
		var fields []string
		for f := range t.Fields() {
			if f.IsExported() {
				fields = append(fields, f.Name+" "+describe(f.Type, inside))
			}
		}
		return "struct{" + strings.Join(fields, "; ") + "}"
	case reflect.Interface:
		return t.String()
	}
	if encodesItself(t) {
		return t.String()
	}
	return t.Kind().String()
}
