package cluster

import (
	"fmt"
	"hash/fnv"
	"reflect"
	"slices"
	"strings"

	"github.com/anyio-go/anyio/internal/remote"
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
	text := "func(" + describe(in) + ") " + describe(out)
	h := fnv.New32a()
	_, _ = h.Write([]byte(text))
	return signature{name, text, h.Sum32(), fmt.Sprintf("%s.%08x", tokenOf(name), h.Sum32())}
}

// longName is how much of the name of a function there may be in a subject, and in the name
// of a consumer, which has 255 bytes at most.
const longName = 200

// tokenOf is a name as a part of a subject, for which it may have too much in it.
func tokenOf(name string) string {
	var b strings.Builder
	for _, c := range []byte(name) {
		if b.Len() >= longName {
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

// describe tells a type by its structure: the names and types of what is sent of it.
func describe(t reflect.Type) string {
	d := describer{left: mostTypes}
	return d.describe(t)
}

// mostTypes is how many types are told by their structure. Of what goes beyond only the
// names are told: types that refer to each other have more ways through them than can be.
const mostTypes = 500

type describer struct {
	inside []reflect.Type
	left   int
}

func (d *describer) describe(t reflect.Type) string {
	if d.left--; d.left < 0 || slices.Contains(d.inside, t) {
		return t.String()
	}
	d.inside = append(d.inside, t)
	defer func() { d.inside = d.inside[:len(d.inside)-1] }()
	switch t.Kind() {
	case reflect.Pointer:
		return d.describe(t.Elem()) // a pointer is sent as what it points to
	case reflect.Slice:
		return "[]" + d.describe(t.Elem())
	case reflect.Array:
		return fmt.Sprintf("[%d]%s", t.Len(), d.describe(t.Elem()))
	case reflect.Map:
		return "map[" + d.describe(t.Key()) + "]" + d.describe(t.Elem())
	case reflect.Struct:
		if !remote.EncodesItself(t) {
			return d.fields(t)
		}
	case reflect.Interface:
	default:
		if !remote.EncodesItself(t) {
			return t.Kind().String()
		}
	}
	return t.String()
}

func (d *describer) fields(t reflect.Type) string {
	var fields []string
	for f := range t.Fields() {
		if f.IsExported() {
			fields = append(fields, f.Name+" "+d.describe(f.Type))
		}
	}
	return "struct{" + strings.Join(fields, "; ") + "}"
}
