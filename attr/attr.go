// Package attr gives resources extra attributes: what only some streams or listeners
// of a kind can tell, such as the certificate of a peer. Wrappers add their own to
// those of what they wrap.
//
// # Limitations
//
// An attribute is found by the key that a package exports, not by its name.
package attr

import (
	"errors"
	"fmt"
	"maps"
)

// ErrNotFound is matched by the error of Get when the resource does not have the
// attribute.
var ErrNotFound = errors.New("anyio: attribute not found")

// A Key is the key of an attribute with values of type T. Each one that is made is a
// key of its own; the name is for people. The type of the value is part of the key, so
// a wrong one does not compile.
type Key[T any] struct{ name string }

// New makes a key. It is meant for package variables.
func New[T any](name string) *Key[T] { return &Key[T]{name} }

func (k *Key[T]) String() string { return k.name }

// Value gives the attribute a fixed value, for NewSet.
func (k *Key[T]) Value(value T) Value {
	return k.Func(func() (T, error) { return value, nil })
}

// Func gives the attribute a value that is computed each time somebody asks.
func (k *Key[T]) Func(get func() (T, error)) Value {
	return Value{key: k, get: get}
}

// A Value is an attribute with its value, made by Key.Value or Key.Func.
type Value struct {
	key any
	get any // func() (T, error)
}

// A Set has the attributes of a resource. The zero value has none.
type Set struct{ getters map[any]any }

// NewSet makes a set; of two values of one attribute the later wins.
func NewSet(values ...Value) Set {
	return Set{}.With(values...)
}

// With returns a copy with further attributes, which win over those of the same key.
func (s Set) With(values ...Value) Set {
	b := Set{getters: make(map[any]any, len(s.getters)+len(values))}
	maps.Copy(b.getters, s.getters)
	for _, v := range values {
		b.getters[v.key] = v.get
	}
	return b
}

// Merge returns a copy with the attributes of others added, of which later ones win. A
// wrapper returns the attributes of what it wraps, merged with its own.
func (s Set) Merge(others ...Set) Set {
	b := s.With()
	for _, o := range others {
		maps.Copy(b.getters, o.getters)
	}
	return b
}

// Len returns the number of attributes.
func (s Set) Len() int { return len(s.getters) }

// A Provider has attributes.
type Provider interface {
	Attributes() Set
}

// Of returns the attributes of the resource, none if it is not a Provider.
func Of(resource any) Set {
	if p, ok := resource.(Provider); ok {
		return p.Attributes()
	}
	return Set{}
}

// Get asks a resource for an attribute. If it does not have it, the error
// matches ErrNotFound; an error of the getter is returned as it is.
func Get[T any](resource any, key *Key[T]) (T, error) {
	get, ok := Of(resource).getters[key].(func() (T, error))
	if !ok {
		var zero T
		return zero, fmt.Errorf("%w: %s of %T", ErrNotFound, key, resource)
	}
	return get()
}

// GetOr is like Get but returns a given value for resources that do not have the
// attribute. An error of the getter is returned as it is.
func GetOr[T any](resource any, key *Key[T], otherwise T) (T, error) {
	get, ok := Of(resource).getters[key].(func() (T, error))
	if !ok {
		return otherwise, nil
	}
	return get()
}
