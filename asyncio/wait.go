package asyncio

import (
	"context"
	"iter"
	"strconv"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A ReturnWhen says what Wait waits for.
type ReturnWhen uint8

const (
	AllCompleted   ReturnWhen = iota // all are done
	FirstCompleted                   // one is done
	FirstException                   // one has failed, or all are done
)

var returnWhenNames = [...]string{"ALL_COMPLETED", "FIRST_COMPLETED", "FIRST_EXCEPTION"}

func (r ReturnWhen) String() string {
	if int(r) < len(returnWhenNames) {
		return returnWhenNames[r]
	}
	return "ReturnWhen(" + strconv.Itoa(int(r)) + ")"
}

// WaitOptions are what Wait may be told.
type WaitOptions struct {
	// Timeout is how long to wait at most: forever if it is zero. Less is at once.
	Timeout    time.Duration
	ReturnWhen ReturnWhen
}

// Wait waits for some or all of the futures, or for the time to pass, which is no error:
// it cancels nothing. It returns which are done and which are not, each once, in the order
// in which they were given. The error, beside that of a cancellation, is a
// *anyio.MisuseError if there is nothing to wait for, or ReturnWhen is none of those.
//
// Cancellation: the futures are not affected.
func Wait(ctx context.Context, fs []AnyFuture, opts WaitOptions) (done, left []AnyFuture, err error) {
	l := mustRunningLoop(ctx)
	fs = distinct(fs)
	if len(fs) == 0 {
		return nil, nil, misuse("Wait for nothing: give it a future or task at least")
	}
	if int(opts.ReturnWhen) >= len(returnWhenNames) {
		return nil, nil, misuse("Wait: " + opts.ReturnWhen.String() + " is none of AllCompleted, FirstCompleted and FirstException")
	}
	waiter := CreateFuture[struct{}](l)
	if opts.Timeout != 0 {
		defer l.CallLater(opts.Timeout, func() { waiter.finish(struct{}{}) }).Cancel()
	}
	open := len(fs)
	handles := make([]*Handle, len(fs))
	for i, f := range fs {
		mustBeOf(l, f)
		handles[i] = f.core().addCallback(func() {
			open--
			if open == 0 || opts.ReturnWhen == FirstCompleted ||
				opts.ReturnWhen == FirstException && !f.Canceled() && f.Err() != nil {
				waiter.finish(struct{}{})
			}
		})
	}
	err = waiter.wait(ctx)
	for i, f := range fs {
		f.core().removeHandle(handles[i])
		handles[i].Cancel()
	}
	if err != nil {
		return nil, nil, err
	}
	for _, f := range fs {
		if f.Done() {
			done = append(done, f)
		} else {
			left = append(left, f)
		}
	}
	return done, left, nil
}

// WaitFor waits for the future as Await does, but for a limited time: then it is canceled
// and, if it is a task, waited for; the error matches anyio.ErrTimeout. A result that it
// has nevertheless is returned. The limit may be anyio.Forever; with zero or less only a
// future that is done is in time.
//
// Cancellation: the future is canceled, and waited for, too. If it is done by then, its
// outcome is returned.
func WaitFor[T any](ctx context.Context, f Awaitable[T], limit time.Duration) (T, error) {
	var zero T
	l := mustRunningLoop(ctx)
	mustBeOf(l, f)
	if limit == anyio.Forever {
		return f.Await(ctx)
	}
	fut := f.core()
	if limit > 0 {
		if err := waitDone(ctx, l, fut, limit); err != nil {
			if fut.Done() {
				return f.Result()
			}
			cancelAndWait(ctx, l, fut, err) //anyiovet:ignore droppederr the error is that of the limit, or of the caller, in any case
			return zero, err
		}
	}
	if fut.Done() {
		return f.Result()
	}
	if err := cancelAndWait(ctx, l, fut, nil); err != nil {
		return zero, err
	}
	v, err := f.Result()
	if isCanceled(err) {
		return zero, &anyio.TimeoutError{Deadline: l.run.Today(), After: max(limit, 0), Err: err}
	}
	return v, err
}

// waitDone waits until a future is done or the time has passed, and tells nothing of it.
func waitDone(ctx context.Context, l *Loop, f *future, limit time.Duration) error {
	waiter := CreateFuture[struct{}](l)
	release := func() { waiter.finish(struct{}{}) }
	defer l.CallLater(limit, release).Cancel()
	h := f.addCallback(release)
	defer f.removeHandle(h)
	return waiter.wait(ctx)
}

// cancelAndWait cancels a future and waits until it is done. If the caller is canceled by
// a scope, which lets nobody wait, it does not.
func cancelAndWait(ctx context.Context, l *Loop, f *future, because error) error {
	waiter := CreateFuture[struct{}](l)
	h := f.addCallback(func() { waiter.finish(struct{}{}) })
	defer f.removeHandle(h)
	reason := "it took too long"
	if because != nil {
		reason = "who awaited it was canceled"
	}
	f.cancel(reason)
	return waiter.wait(ctx)
}

// AsCompleted returns the results of the futures in the order in which they are there. If
// the time has passed before, each of the rest is one error that matches anyio.ErrTimeout.
// The limit may be anyio.Forever; with zero or less only futures that are done are in time.
//
// Cancellation: the sequence ends with its error; the futures are not affected.
func AsCompleted[T any](ctx context.Context, fs []Awaitable[T], limit time.Duration) iter.Seq2[T, error] {
	l := mustRunningLoop(ctx)
	all := distinct(fs)
	var ready []Awaitable[T]
	var next *Future[struct{}]
	wake := func() {
		if next != nil {
			next.finish(struct{}{})
		}
	}
	for _, f := range all {
		mustBeOf(l, f)
		f.core().addCallback(func() {
			ready = append(ready, f)
			wake()
		})
	}
	late := false
	var timer *TimerHandle
	if limit != anyio.Forever {
		timer = l.CallLater(limit, func() {
			late = true
			wake()
		})
	}
	return func(yield func(T, error) bool) {
		if timer != nil {
			defer timer.Cancel()
		}
		var zero T
		for range all {
			for len(ready) == 0 && !late {
				next = CreateFuture[struct{}](l)
				if err := next.wait(ctx); err != nil {
					yield(zero, err)
					return
				}
			}
			if len(ready) == 0 {
				if !yield(zero, &anyio.TimeoutError{Deadline: l.run.Today(), After: max(limit, 0)}) {
					return
				}
				continue
			}
			f := ready[0]
			ready = ready[1:]
			if !yield(f.Result()) {
				return
			}
		}
	}
}

// Shield returns a future of what f is, whose cancellation does not reach f. It is f itself
// if that is done.
func Shield[T any](ctx context.Context, f Awaitable[T]) Awaitable[T] {
	l := mustRunningLoop(ctx)
	mustBeOf(l, f)
	inner := f.core()
	if inner.Done() {
		return f
	}
	outer := CreateFuture[T](l)
	h := inner.addCallback(func() {
		switch {
		case outer.Canceled():
			if !inner.Canceled() {
				_ = inner.Err() // nobody else asks
			}
		case inner.Canceled():
			outer.cancel("what it shields was canceled")
		default:
			if v, err := f.Result(); err != nil {
				outer.fail(err)
			} else {
				outer.finish(v)
			}
		}
	})
	outer.addCallback(func() { inner.removeHandle(h) })
	return outer
}

// Sleep lets the task wait for a time; zero or less lets the others have their turn. It is
// anyio.Sleep. Cancellation: the sleep ends at once; that of a task which was asked to end
// before lets the others have their turn, too.
func Sleep(ctx context.Context, d time.Duration) error {
	if d > 0 {
		if t := kernel.Locate(ctx).RunningTask(); t != nil && t.Requested() {
			d = 0 // as in Python, where the wait begins before it is canceled
		}
	}
	return kernel.Sleep(ctx, d)
}
