// Package remote lets package cluster, which is a module of its own, call the functions
// that package process has registered: there is one registry, and errors travel in one
// way. Package process fills in what is here, but what others are said to. So the modules
// see what others know of a process, too.
package remote

import (
	"context"
	"encoding"
	"encoding/gob"
	"reflect"
)

// A Function is one that process.Register has made.
type Function struct {
	Name    string
	In, Out reflect.Type

	// Argument returns a new In, as a pointer, for a codec to fill.
	Argument func() any
	// Call calls the function with such a pointer, and returns a pointer to an Out.
	Call func(ctx context.Context, in any) (out any, err error)
}

var (
	// Lookup returns the function of a name, nil if there is none.
	Lookup func(name string) *Function
	// Names are those of all functions, sorted.
	Names func() []string

	// Failure describes the error of a function, or what it has panicked with, for
	// another process.
	Failure func(err error, panicked any, stack string) []byte
	// Error makes a *process.RemoteError of such a description.
	Error func(function string, failure []byte) error

	// Acyclic returns an error for a value that contains itself, which no codec survives.
	Acyclic func(v any) error

	// Carried is what travels with a call, and Extract adds it to a context, as
	// process.Carry says.
	Carried func(ctx context.Context) map[string]string
	Extract func(ctx context.Context, carried map[string]string) context.Context

	// Snapshot is a JSON object of what package inspect sees of this process; nil if the
	// program does not import it. Package inspect fills it in.
	Snapshot func() ([]byte, error)
	// Numbers are what package cluster has counted in this process, by what they are of; nil
	// if the program does not import it. Package cluster fills it in.
	Numbers func() map[string]map[string]int64
)

// EncodesItself reports whether package gob leaves values of a type to their methods, so
// that its fields tell nothing.
func EncodesItself(t reflect.Type) bool {
	for _, i := range []reflect.Type{reflect.TypeFor[gob.GobEncoder](), reflect.TypeFor[encoding.BinaryMarshaler](), reflect.TypeFor[encoding.TextMarshaler]()} {
		if t.Implements(i) || reflect.PointerTo(t).Implements(i) {
			return true
		}
	}
	return false
}
