package lowlevel

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// ErrNotSet is matched by the error of Get for a variable without a value.
var ErrNotSet = errors.New("anyio: run variable has no value")

// A RunVar is a variable of which every run has its own, seen by all tasks of the
// run at once. Contexts that come from no run share one. Make it with NewRunVar,
// as a package variable; the name is for people, and variables of the same name
// are separate. It may be used from any goroutine.
type RunVar[T any] struct {
	name       string
	hasDefault bool
	otherwise  T
}

// NewRunVar makes a variable without a default.
func NewRunVar[T any](name string) *RunVar[T] { return &RunVar[T]{name: name} }

// NewRunVarDefault makes a variable that has a value in every run.
func NewRunVarDefault[T any](name string, otherwise T) *RunVar[T] {
	return &RunVar[T]{name: name, hasDefault: true, otherwise: otherwise}
}

func (v *RunVar[T]) String() string { return fmt.Sprintf("RunVar(%q)", v.name) }

// Get returns the variable's value in the run of ctx, else its default, else an error
// that matches ErrNotSet. Cancellation: ignored; it never waits.
func (v *RunVar[T]) Get(ctx context.Context) (T, error) {
	value, ok := v.lookup(ctx)
	switch {
	case ok:
		return value, nil
	case v.hasDefault:
		return v.otherwise, nil
	}
	return value, fmt.Errorf("%w: %q was not set and has no default", ErrNotSet, v.name)
}

// GetOr returns the variable's value in the run of ctx, else otherwise, which beats the
// variable's own default.
func (v *RunVar[T]) GetOr(ctx context.Context, otherwise T) T {
	if value, ok := v.lookup(ctx); ok {
		return value
	}
	return otherwise
}

func (v *RunVar[T]) lookup(ctx context.Context) (value T, ok bool) {
	in := kernel.Locate(ctx).Run().FindVar(v)
	if in == nil {
		return value, false
	}
	in.Lock()
	defer in.Unlock()
	if !in.Has {
		return value, false
	}
	return in.Value.(box[T]).value, true
}

// GetOrSet returns the variable's value in the run of ctx; if it was not set, the
// variable is given the one that make returns. It is one step: of all who call it in a
// run one makes the value, and all get the same. (Get and then Set may make several,
// where tasks run at the same time.) A default counts for nothing here.
//
// make must not wait, as others who use the variable in the run wait for it. To use the
// variable in it panics with an *anyio.MisuseError. If it panics, the variable stays
// unset.
func (v *RunVar[T]) GetOrSet(ctx context.Context, make func() T) T {
	kernel.Preempt()
	value := v.getOrSet(kernel.Locate(ctx).Run(), make)
	kernel.Preempt()
	return value
}

func (v *RunVar[T]) getOrSet(r *kernel.Run, make func() T) T {
	in := r.Var(v)
	in.Lock()
	defer in.Unlock()
	if !in.Has {
		in.Make(func() { in.Value, in.Has = box[T]{make()}, true })
	}
	return in.Value.(box[T]).value
}

// Set gives the variable a value in the run of ctx. The token restores the
// earlier one.
func (v *RunVar[T]) Set(ctx context.Context, value T) *RunVarToken[T] {
	token := &RunVarToken[T]{v: v, run: kernel.Locate(ctx).Run()}
	kernel.Preempt()
	in := token.run.Var(v)
	in.Lock()
	token.old, token.had = in.Value, in.Has
	in.Value, in.Has = box[T]{value}, true
	in.Unlock()
	kernel.Preempt()
	return token
}

// A box keeps a nil interface value apart from no value.
type box[T any] struct{ value T }

// Reset restores the value that the variable had before the Set that returned
// the token. A token of another variable, or one that was used already, changes
// nothing and gives an *anyio.MisuseError.
func (v *RunVar[T]) Reset(token *RunVarToken[T]) error {
	if token.v != v {
		return &anyio.MisuseError{Text: fmt.Sprintf("this token belongs to run variable %q, not to %q: reset each variable with the token of its own Set", token.v.name, v.name)}
	}
	if token.used.Swap(true) {
		return &anyio.MisuseError{Text: fmt.Sprintf("this token of run variable %q has already been used: each Set can be undone once", v.name)}
	}
	kernel.Preempt()
	in := token.run.Var(v)
	in.Lock()
	in.Value, in.Has = token.old, token.had
	in.Unlock()
	kernel.Preempt()
	return nil
}

// A RunVarToken undoes one Set, by RunVar.Reset or Restore.
type RunVarToken[T any] struct {
	v    *RunVar[T]
	run  *kernel.Run
	old  any
	had  bool
	used atomic.Bool
}

// Restore calls Reset of the token's own variable, for a defer statement.
func (t *RunVarToken[T]) Restore() error { return t.v.Reset(t) }
