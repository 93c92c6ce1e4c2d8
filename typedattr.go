package anyio

import (
	"errors"
	"fmt"
	"maps"
)

// ErrAttributeNotFound is matched by the error of Extra when the resource does
// not have the attribute.
var ErrAttributeNotFound = errors.New("anyio: attribute not found")

// An Attribute is the key of an extra attribute with values of type T: something
// that only some resources of a kind can tell, such as the peer's certificate of
// a stream. Each one that is made is a key of its own; the name is for people.
// The type of the value is part of the key, so a wrong one does not compile.
type Attribute[T any] struct{ name string }

// NewAttribute makes an attribute. It is meant for package variables.
func NewAttribute[T any](name string) *Attribute[T] { return &Attribute[T]{name} }

func (a *Attribute[T]) String() string { return a.name }

// Is gives the attribute a fixed value, for NewAttributes.
func (a *Attribute[T]) Is(value T) AttributeValue {
	return a.From(func() (T, error) { return value, nil })
}

// From gives the attribute a value that is computed each time somebody asks.
func (a *Attribute[T]) From(get func() (T, error)) AttributeValue {
	return AttributeValue{key: a, get: get}
}

// An AttributeValue is an attribute with its value, see Attribute.Is and
// Attribute.From.
type AttributeValue struct {
	key any
	get any // func() (T, error)
}

// Attributes are the extra attributes of a resource. The zero value has none.
type Attributes struct{ getters map[any]any }

// NewAttributes collects attributes; of two values of one attribute the later wins.
func NewAttributes(values ...AttributeValue) Attributes {
	return Attributes{}.With(values...)
}

// With returns a copy with further attributes, which win over those of the same key.
func (a Attributes) With(values ...AttributeValue) Attributes {
	b := Attributes{getters: make(map[any]any, len(a.getters)+len(values))}
	maps.Copy(b.getters, a.getters)
	for _, v := range values {
		b.getters[v.key] = v.get
	}
	return b
}

// Merge returns a copy with the attributes of others added, of which later ones win. A
// wrapper returns the attributes of what it wraps, merged with its own.
func (a Attributes) Merge(others ...Attributes) Attributes {
	b := a.With()
	for _, o := range others {
		maps.Copy(b.getters, o.getters)
	}
	return b
}

// Len returns the number of attributes.
func (a Attributes) Len() int { return len(a.getters) }

// An AttributeProvider has extra attributes.
type AttributeProvider interface {
	ExtraAttributes() Attributes
}

// AttributesOf returns what the resource provides, nothing if it is no
// AttributeProvider.
func AttributesOf(resource any) Attributes {
	if p, ok := resource.(AttributeProvider); ok {
		return p.ExtraAttributes()
	}
	return Attributes{}
}

// Extra asks a resource for an attribute. If it does not have it, the error
// matches ErrAttributeNotFound; an error of the getter is returned as it is.
func Extra[T any](resource any, attr *Attribute[T]) (T, error) {
	get, ok := AttributesOf(resource).getters[attr].(func() (T, error))
	if !ok {
		var zero T
		return zero, fmt.Errorf("%w: %s of %T", ErrAttributeNotFound, attr, resource)
	}
	return get()
}

// ExtraOr is like Extra but returns a given value for resources that do not have the
// attribute. It does not stand in for an error of the getter.
func ExtraOr[T any](resource any, attr *Attribute[T], otherwise T) (T, error) {
	get, ok := AttributesOf(resource).getters[attr].(func() (T, error))
	if !ok {
		return otherwise, nil
	}
	return get()
}
