package anyio

import (
	"context"
	"fmt"
	"sync"

	"github.com/anyio-go/anyio/internal/kernel"
)

// Gather runs the functions as tasks at the same time and returns their values in the
// order of the arguments, whatever the order in which they ended. An error of one
// cancels the others, and all errors come back in a *GroupError, each as an *ItemError;
// then there are no values. Cancellation: what runs is canceled and waited for; there
// are no values, unless every function succeeds nevertheless.
func Gather[T any](ctx context.Context, fns ...func(ctx context.Context) (T, error)) ([]T, error) {
	values, err := gather(ctx, "Gather", fns, nil)
	if err != nil {
		return nil, err
	}
	return values, nil
}

// GatherAll is like Gather but cancels nothing. It returns the values of the functions
// that succeeded, the zero value for the others, and the errors of all, in the order of
// the arguments, in a *GroupError. Cancellation: what runs is canceled and waited for;
// the values so far are returned, and the errors so far or, if there are none, the
// cancellation.
func GatherAll[T any](ctx context.Context, fns ...func(ctx context.Context) (T, error)) ([]T, error) {
	var all failures
	values, err := gather(ctx, "GatherAll", fns, &all)
	return values, all.join(err)
}

// gather is Gather. Errors go to all if it is not nil.
func gather[T any](ctx context.Context, who string, fns []func(ctx context.Context) (T, error), all *failures) ([]T, error) {
	values := make([]T, len(fns))
	if err := enterAll(ctx, who, fns); err != nil {
		return values, err
	}
	return values, WithTaskGroup(ctx, func(ctx context.Context, tg *TaskGroup) error {
		for i, f := range fns {
			tg.goAs(kernel.FuncPC(f), func(ctx context.Context) error {
				value, err := f(ctx)
				if err != nil {
					return all.take(ctx, i, err)
				}
				values[i] = value
				return nil
			})
		}
		return nil
	})
}

// Join runs the functions as tasks at the same time and waits until all have ended: it
// is Gather of functions without a value. Cancellation: what runs is canceled and waited
// for.
func Join(ctx context.Context, fns ...func(ctx context.Context) error) error {
	for i, f := range fns {
		if f == nil {
			panic(misuse(fmt.Sprintf("Join: function %d is nil", i)))
		}
	}
	if _, err := kernel.Enter(ctx); err != nil {
		return err
	}
	return WithTaskGroup(ctx, func(ctx context.Context, tg *TaskGroup) error {
		var first *failures // the first error ends all
		for i, f := range fns {
			tg.goAs(kernel.FuncPC(f), func(ctx context.Context) error { return first.take(ctx, i, f(ctx)) })
		}
		return nil
	})
}

// Gather2 runs two functions with values of different types as tasks at the same time.
// It fails as Gather does. Cancellation: as for Gather.
func Gather2[A, B any](ctx context.Context, fa func(ctx context.Context) (A, error), fb func(ctx context.Context) (B, error)) (A, B, error) {
	var a, zeroA A
	var b, zeroB B
	if fa == nil || fb == nil {
		panic(misuse("Gather2: a function is nil"))
	}
	_, err := kernel.Enter(ctx)
	if err == nil {
		err = WithTaskGroup(ctx, func(ctx context.Context, tg *TaskGroup) error {
			var first *failures // the first error ends all
			tg.goAs(kernel.FuncPC(fa), func(ctx context.Context) (err error) { a, err = fa(ctx); return first.take(ctx, 0, err) })
			tg.goAs(kernel.FuncPC(fb), func(ctx context.Context) (err error) { b, err = fb(ctx); return first.take(ctx, 1, err) })
			return nil
		})
	}
	if err != nil {
		return zeroA, zeroB, err
	}
	return a, b, nil
}

// Race runs the functions as tasks at the same time and returns the value of the first
// that succeeds. The others are canceled and waited for, and whatever they return is
// dropped. If none succeeds, the error is a *GroupError with the error of each, in the
// order in which they ended. A panic is raised again here. Cancellation: what runs is
// canceled and waited for; the value of a function that succeeds nevertheless is
// returned.
func Race[T any](ctx context.Context, fns ...func(ctx context.Context) (T, error)) (T, error) {
	var value, zero T
	if len(fns) == 0 {
		return zero, misuse("Race takes at least one function")
	}
	if err := enterAll(ctx, "Race", fns); err != nil {
		return zero, err
	}
	var mu sync.Mutex // guards won, value and failed
	won := false
	failed := &GroupError{}
	err := WithTaskGroup(ctx, func(ctx context.Context, tg *TaskGroup) error {
		for _, f := range fns {
			h := &TaskHandle{}
			run := func(ctx context.Context) error {
				v, err := f(ctx)
				if err != nil && isCancellation(err) && h.t.Scope.WasCanceled() {
					return err
				}
				mu.Lock()
				first := err == nil && !won
				if first {
					won, value = true, v
				} else if err != nil {
					failed.add(err, h.Name())
				}
				mu.Unlock()
				if first {
					tg.g.Scope.Cancel(&kernel.Cause{Reason: "another function won the race"})
				}
				return nil
			}
			h.start(tg, run, kernel.FuncPC(f), nil)
		}
		return nil
	})
	if group, ok := err.(*GroupError); ok { // a task did not close its scopes
		return zero, group
	}
	switch {
	case won:
		return value, nil
	case err != nil:
		return zero, err
	default:
		return zero, failed
	}
}

// goAs starts f as a task that is named after the function at pc.
func (tg *TaskGroup) goAs(pc uintptr, f func(ctx context.Context) error) {
	h := &TaskHandle{}
	h.start(tg, f, pc, nil)
}

// enterAll begins a call that is given functions.
func enterAll[T any](ctx context.Context, who string, fns []func(ctx context.Context) (T, error)) error {
	for i, f := range fns {
		if f == nil {
			panic(misuse(fmt.Sprintf("%s: function %d is nil", who, i)))
		}
	}
	_, err := kernel.Enter(ctx)
	return err
}
