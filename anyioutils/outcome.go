package anyioutils

import (
	"context"
	"slices"
	"sync"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/inside"
)

// An outcome is what a Future and a Task have in common: a value or an error that comes
// once, those who wait for it, and those who are called.
type outcome[T any] struct {
	f anyio.Future[T] // a cancellation is one of the errors below

	mu        sync.Mutex // guards what follows
	over      bool       // f is done, and who comes now is called at once
	watchers  []*callback
	callbacks []*callback
}

// A callback is a function that waits to be called. Its address is its identity.
type callback struct{ f func() error }

// A cancellation is the error of an outcome that was canceled.
type cancellation struct{ quiet bool }

func (c *cancellation) Error() string { return ErrCanceled.Error() }

var (
	quietly = &cancellation{quiet: true} // Await gives the zero value and no error
	loudly  = &cancellation{}
)

// set gives the outcome: a value, if err is nil, or an error. It reports whether there was
// none. failed are the errors of callbacks, if any.
func (o *outcome[T]) set(value T, err error) (ok bool, failed error) {
	if err == nil {
		err = o.f.Set(value)
	} else {
		err = o.f.SetError(err)
	}
	if err != nil {
		return false, nil
	}
	inside.Touch(o)
	o.mu.Lock()
	o.over = true
	watchers, callbacks := o.watchers, o.callbacks
	o.watchers, o.callbacks = nil, nil
	o.mu.Unlock()
	for _, w := range watchers {
		_ = w.f() // they are ours and return nil
	}
	if errs := callAll(callbacks); len(errs) > 0 {
		failed = &CallbackError{errs}
	}
	return true, failed
}

// callAll calls all of them, even if one panics.
func callAll(callbacks []*callback) (errs []error) {
	for i, c := range callbacks {
		returned := false
		func() {
			defer func() {
				if !returned {
					callAll(callbacks[i+1:])
				}
			}()
			if err := c.f(); err != nil {
				errs = append(errs, err)
			}
			returned = true
		}()
	}
	return errs
}

// add has f called when there is an outcome, at once if there is one. remove reports
// whether it has not been called and will not be.
func (o *outcome[T]) add(list *[]*callback, f func() error) (remove func() bool, err error) {
	c := &callback{f}
	inside.Touch(o)
	o.mu.Lock()
	over := o.over
	if !over {
		*list = append(*list, c)
	}
	o.mu.Unlock()
	if over {
		if err := f(); err != nil {
			return func() bool { return false }, &CallbackError{[]error{err}}
		}
	}
	return func() bool {
		inside.Touch(o)
		o.mu.Lock()
		defer o.mu.Unlock()
		n := len(*list)
		*list = slices.DeleteFunc(*list, func(other *callback) bool { return other == c })
		return len(*list) < n
	}, nil
}

// watch is add for functions of this package, which come before those of others.
func (o *outcome[T]) watch(f func()) (remove func() bool) {
	remove, _ = o.add(&o.watchers, func() error { f(); return nil })
	return remove
}

// Done reports whether there is an outcome: a value, an error, or a cancellation.
func (o *outcome[T]) Done() bool { return o.f.Status() != anyio.Pending }

// Canceled reports whether the outcome is a cancellation.
func (o *outcome[T]) Canceled() bool { return asCancellation(o.f.Err()) != nil }

// Err returns nil if there is a value, the very error if there is one, ErrCanceled, or an
// error that matches ErrInvalidState if there is no outcome yet.
func (o *outcome[T]) Err() error {
	switch err := o.f.Err(); {
	case err == anyio.ErrNotFinished:
		return errPending
	case asCancellation(err) != nil:
		return ErrCanceled
	default:
		return err
	}
}

// value is the value, or what Err returns, wrapped if it is an error of others.
func (o *outcome[T]) value(wrap func(err error) error) (T, error) {
	var zero T
	switch err := o.Err(); err {
	case nil:
		return o.f.Value()
	case ErrCanceled, errPending:
		return zero, err
	default:
		return zero, wrap(err)
	}
}

// awaited is value for those who have waited: a quiet cancellation is the zero value.
func (o *outcome[T]) awaited(wrap func(err error) error) (T, error) {
	if c := asCancellation(o.f.Err()); c != nil && c.quiet {
		var zero T
		return zero, nil
	}
	return o.value(wrap)
}

// Wait waits until there is an outcome, and tells nothing of it: the error is only about
// the waiting. Cancellation: nothing is lost.
func (o *outcome[T]) Wait(ctx context.Context) error { return o.f.Wait(ctx) }

func asCancellation(err error) *cancellation {
	c, _ := err.(*cancellation)
	return c
}
