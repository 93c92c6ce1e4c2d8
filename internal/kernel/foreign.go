package kernel

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/anyio-go/anyio/internal/errgraph"
)

// ForeignErr is why a context from elsewhere is canceled, nil if it is not. A context
// whose Done is closed is canceled, though its Err says nothing, as package context
// forbids: a wait that has ended by it did not get what it waited for.
//
//go:norace
func ForeignErr(ctx context.Context) error {
	if err := ctx.Err(); err != nil || tells(ctx) {
		return err
	}
	select {
	case <-ctx.Done():
		return errMute
	default:
		return nil
	}
}

var errMute = fmt.Errorf("%w: Done of the context is closed, though its Err is nil", context.Canceled)

// CauseOf is the cause of a canceled context from elsewhere.
//
//go:norace
func CauseOf(ctx context.Context) *Cause {
	c := &Cause{Kind: ByContext, Err: context.Cause(ctx)}
	err := ctx.Err()
	if c.Err == nil {
		err = errMute
		if _, timed := ctx.Deadline(); timed { // which it has not noticed yet
			err = context.DeadlineExceeded
		}
		c.Err = err
	}
	c.Timeout = errgraph.Finite(err) && errors.Is(err, context.DeadlineExceeded)
	c.publish() // what the context has told
	return c
}

// A tellingContext is a context whose Err tells what ForeignErr does. Package context
// panics on others.
type tellingContext struct{ context.Context }

//go:norace
func (c tellingContext) Err() error { return ForeignErr(c.Context) }

// tells reports whether a context is a scope, or one of package context whose Done and
// Err are its own, and not those of what it was derived from.
//
//go:norace
func tells(ctx context.Context) bool {
	if _, ok := ctx.(*Scope); ok {
		return true
	}
	t := reflect.TypeOf(ctx)
	return t == telling[0] || t == telling[1] || t == telling[2]
}

var telling = func() [3]reflect.Type {
	ctx, cancel := context.WithCancel(context.Background())
	timed, cancelTimed := context.WithTimeout(ctx, time.Hour)
	cancelTimed()
	cancel()
	return [...]reflect.Type{reflect.TypeOf(ctx), reflect.TypeOf(timed), reflect.TypeOf(context.Background())}
}()

// AfterDone is context.AfterFunc of any context.
//
//go:norace
func AfterDone(ctx context.Context, f func()) (stop func() bool) {
	if !tells(ctx) {
		ctx = tellingContext{ctx}
	}
	return context.AfterFunc(ctx, f)
}
