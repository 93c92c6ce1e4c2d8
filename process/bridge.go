package process

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/anyio-go/anyio/internal/remote"
)

// Package cluster calls the same functions on other machines.
func init() {
	remote.Lookup = func(name string) *remote.Function {
		if f := lookup(name); f != nil {
			return f.remote()
		}
		return nil
	}
	remote.Names = func() []string {
		functionsMu.Lock()
		defer functionsMu.Unlock()
		return slices.Sorted(maps.Keys(functions))
	}
	remote.Failure = func(err error, panicked any, stack string) []byte {
		a := failure(err, panicked)
		if stack != "" {
			a.Stack = stack
		}
		frame, _ := newCodec().encode(a) // sendable has tried it
		return frame[frameHeader:]
	}
	remote.Error = func(function string, failure []byte) error {
		var a answer
		c := newCodec()
		c.load(failure)
		if err := c.decode(&a); err != nil {
			return &BrokenWorkerError{Function: function, Cause: fmt.Errorf("its error cannot be read: %w", err)}
		}
		return a.errorOf(function)
	}
	remote.Acyclic = func(v any) error {
		var f cycleFinder
		if f.hasCycle(reflect.ValueOf(v)) {
			return errCycle
		}
		return nil
	}
	remote.Carried = carriedOf
	remote.Extract = extracted
}

func (fn *Function[In, Out]) remote() *remote.Function {
	return &remote.Function{
		Name:     fn.name,
		In:       reflect.TypeFor[In](),
		Out:      reflect.TypeFor[Out](),
		Argument: func() any { return new(In) },
		Call: func(ctx context.Context, in any) (any, error) {
			out, err := fn.f(ctx, *in.(*In))
			return &out, err
		},
	}
}
