package asyncio

import (
	"context"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/inside"
	"github.com/anyio-go/anyio/internal/kernel"
)

// ToThread calls a function that may block, without holding up the loop, and returns its
// result. It is anyio.RunBlockingValue.
//
// Cancellation: before f begins, nothing has happened; later f is waited for.
func ToThread[T any](ctx context.Context, f func() (T, error)) (T, error) {
	return anyio.RunBlockingValue(ctx, f)
}

// An Executor runs functions that may block, each on a goroutine of its choice. Submit
// must not block.
type Executor interface{ Submit(f func()) error }

// SetDefaultExecutor sets what RunInExecutor uses if it is given none. Nil stands for that
// of anyio.RunBlocking, which is bounded by anyio.DefaultThreadLimiter.
func (l *Loop) SetDefaultExecutor(e Executor) {
	l.use("SetDefaultExecutor")
	l.executor = e
}

// RunInExecutor lets an executor, or if it is nil the loop's default, call f, and returns
// a future of its result. Canceling the future drops the result; f goes on. In a simulation
// only the default executor may be used: the future fails with a *anyio.MisuseError.
func RunInExecutor[T any](ctx context.Context, e Executor, f func() (T, error)) *Future[T] {
	l := mustRunningLoop(ctx)
	if f == nil {
		panic(misuse("RunInExecutor: the function is nil"))
	}
	if e == nil {
		e = l.executor
	}
	out := CreateFuture[T](l)
	if e == nil {
		runInThread(ctx, l, out, f)
		return out
	}
	if err := l.run.Admit(kernel.CallIn); err != nil { // nor its result
		out.fail(err)
		return out
	}
	err := e.Submit(func() {
		var v T
		err := errGoexit
		defer func() {
			_, _ = l.CallSoonThreadsafe(func() { out.end(v, err) }) // else nobody is left to be told
		}()
		v, err = called(f)
	})
	if err != nil {
		out.fail(err)
	}
	return out
}

// runInThread is RunInExecutor of the default.
func runInThread[T any](ctx context.Context, l *Loop, out *Future[T], f func() (T, error)) {
	t := &kernel.Task{}
	t.Prepare(func(ctx context.Context) error {
		var v T
		err := errGoexit
		defer func() { out.end(v, err) }()
		v, err = anyio.RunBlockingValue(ctx, func() (T, error) { return called(f) })
		return nil
	}, kernel.FuncPC(f), &kernel.TaskMeta{Name: "asyncio.RunInExecutor", HasName: true, Boot: ownTask{}, Values: ctx})
	if !l.group.Spawn(t) {
		panic(misuse("RunInExecutor on an event loop that is closed"))
	}
}

// end gives the future an outcome, unless it is done.
func (f *Future[T]) end(v T, err error) {
	if err != nil {
		f.fail(err)
	} else {
		f.finish(v)
	}
}

// called calls a function; a panic is its error.
func called[T any](f func() (T, error)) (v T, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = panicked(value, "a function of an executor")
		}
	}()
	return f()
}

// RunCoroutineThreadsafe lets a loop run f as a task, and may be called by any goroutine.
// The future that it returns is for any goroutine, too; canceling it asks the task to end.
// If the loop is over, the future fails with ErrLoopClosed, and in a simulation as
// CallSoonThreadsafe does.
func RunCoroutineThreadsafe[T any](ctx context.Context, l *Loop, f func(ctx context.Context) (T, error)) *anyio.Future[T] {
	if f == nil {
		panic(misuse("RunCoroutineThreadsafe: the function is nil"))
	}
	out := anyio.NewFuture[T]("asyncio.RunCoroutineThreadsafe")
	_, err := l.CallSoonThreadsafe(func() {
		made := false
		defer func() {
			if !made { // the task factory has failed, or the loop is over
				v := recover()
				err := failure(v, "RunCoroutineThreadsafe")
				_ = out.SetError(err)
				if v != nil {
					panic(err) // for the exception handler, too
				}
			}
		}()
		t := LoopTask(ctx, l, f)
		made = true
		chain(l, out, t)
	})
	if err != nil {
		_ = out.SetError(err)
	}
	return out
}

// chain gives the outcome of a task to a future that its owner may cancel.
func chain[T any](l *Loop, out *anyio.Future[T], t *Task[T]) {
	stop := whenDone(l, out, func() {
		if out.Status() == anyio.Canceled {
			t.cancel("its future was canceled")
		}
	})
	t.fut.addCallback(func() {
		stop()
		switch v, err := t.Result(); {
		case t.Canceled():
			out.Cancel()
		case err != nil:
			_ = out.SetError(err) // canceled meanwhile
		default:
			_ = out.Set(v)
		}
	})
}

// WrapFuture returns a future of the loop of ctx that has the outcome of f, which may come
// from any goroutine. Canceling it cancels f.
func WrapFuture[T any](ctx context.Context, f *anyio.Future[T]) *Future[T] {
	l := mustRunningLoop(ctx)
	out := CreateFuture[T](l)
	stop := whenDone(l, f, func() {
		if f.Status() == anyio.Canceled {
			out.cancel("the future it wraps was canceled")
			return
		}
		v, err := f.Value()
		if err != nil {
			err = f.Err()
		}
		out.end(v, err)
	})
	out.addCallback(func() {
		stop()
		if out.Canceled() {
			f.Cancel()
		}
	})
	return out
}

// whenDone lets the loop call f when a future of package anyio is done, unless stop is
// called before.
func whenDone[T any](l *Loop, future *anyio.Future[T], f func()) (stop func()) {
	h := l.newHandle(f)
	untell := inside.FutureDone(future).Notify(opAwait, (*notice)(h))
	return func() {
		untell()
		h.Cancel()
	}
}

// A notice makes a callback ready, whoever gives it.
type notice Handle

// Interrupt implements kernel.Interrupter.
func (h *notice) Interrupt() { h.loop.looper.Call((*handleCall)(h)) }
