package anyio

import (
	"context"
	"runtime"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/offload"
)

// A BlockingOption is an option of RunBlocking and RunBlockingValue.
type BlockingOption func(*blockingOptions)

type blockingOptions struct {
	limiter *CapacityLimiter
	abandon bool
	threads threadPool
	own     bool // see kernel.WakingJob
}

// Limiter makes RunBlocking take its token from l and not from the run's default
// limiter.
func Limiter(l *CapacityLimiter) BlockingOption { return func(o *blockingOptions) { o.limiter = l } }

// AbandonOnCancel lets RunBlocking return at once when it is canceled. The
// function goes on by itself: its value and error are dropped, a panic of it is
// reported, and its token is kept until it has really ended. In the simulator,
// where the function is one step, it has no effect.
func AbandonOnCancel() BlockingOption { return func(o *blockingOptions) { o.abandon = true } }

// threadLimit is how many blocking calls a run makes at the same time by default.
const threadLimit = 40

// DefaultThreadLimiter returns the limiter that RunBlocking uses in the run of ctx if
// it is given none. It begins with 40 tokens; change that with SetTotalTokens.
func DefaultThreadLimiter(ctx context.Context) *CapacityLimiter {
	return threadLimiter(kernel.Locate(ctx).Run())
}

//go:norace
func threadLimiter(r *kernel.Run) *CapacityLimiter {
	r = r.Whole()
	if l, ok := r.ThreadLimiter.Load().(*CapacityLimiter); ok {
		return l
	}
	own := NewCapacityLimiter(threadLimit)
	own.apart = true
	r.ThreadLimiter.CompareAndSwap(nil, own)
	return r.ThreadLimiter.Load().(*CapacityLimiter)
}

// RunBlocking calls a function that may block, such as one that reads a file or
// calls into C, without holding up other tasks, and returns its error.
//
// It is a checkpoint first: in a canceled scope f does not run. Then it takes a
// token of the limiter, waiting for one if need be. On the parallel backend f runs
// right here, on the event loop on a goroutine of its own, in the simulator as one
// step that takes no time. A function that waits for another task of the run never
// ends in the simulator; use an Event for that, not RunBlocking.
//
// A Lock or a limiter's token that f acquires is for f to release. If f keeps it where it
// has a goroutine of its own (on the event loop, and with AbandonOnCancel or osthread.On),
// it is broken when f ends, and a *MisuseError that says so is joined to the error of f.
//
// A panic of f is raised again here as a *PanicError with the stack of f, and
// runtime.Goexit in f goes on here.
//
// Cancellation: before f begins, nothing has happened. Later it is not noticed: f
// is waited for, its result is returned, and the next blocking call is canceled.
// With AbandonOnCancel the result is dropped.
func RunBlocking(ctx context.Context, f func() error, opts ...BlockingOption) error {
	if f == nil {
		panic(errNoBlockingFunction)
	}
	_, err := RunBlockingValue(ctx, func() (struct{}, error) { return struct{}{}, f() }, opts...)
	return err
}

// RunBlockingValue calls a function as RunBlocking does, and returns its value as well.
// Cancellation: as for RunBlocking.
func RunBlockingValue[T any](ctx context.Context, f func() (T, error), opts ...BlockingOption) (T, error) {
	var zero T
	if f == nil {
		panic(errNoBlockingFunction)
	}
	p, err := kernel.Enter(ctx)
	if err != nil {
		return zero, err
	}
	r, seat := p.Run(), seats.Get()
	seat.task, seat.blockingOptions = p.Task(), blockingOptions{}
	for _, opt := range opts {
		opt(&seat.blockingOptions) // which allocates nothing there
	}
	if l := seat.threads.limiter; l != nil {
		if seat.limiter != nil {
			seats.Put(seat)
			return zero, errTwoLimits
		}
		f, seat.limiter = within(seat.threads, seat.task, f), l
	}
	if seat.limiter == nil {
		seat.limiter = threadLimiter(r)
	}
	if err := seat.limiter.take(p, seat); err != nil {
		seats.Put(seat)
		return zero, err
	}
	if r.InPlace(seat.abandon) {
		return callHere(p, seat, f)
	}
	c := &blockingCall[T]{f: f, seat: seat, run: r, abandon: seat.abandon, own: seat.own}
	return c.result(c.wait(p))
}

var errNoBlockingFunction = misuse("RunBlocking: the function is nil")

var errTwoLimits = misuse("RunBlocking with osthread.On and Limiter: the pool is the limit; leave Limiter out, or take its token round the call with Do")

var opBlocking = kernel.RegisterPassiveOp("RunBlocking")

// callHere calls f on the caller's goroutine, which is seen to wait meanwhile.
func callHere[T any](p kernel.Place, seat *blockingSeat, f func() (T, error)) (T, error) {
	ended := seat.Hold(p, opBlocking)
	defer func() { // also if f exits the goroutine
		value := recover()
		seat.Release(p, ended)
		seat.limiter.giveBack(seat)
		if value != nil {
			seat.panicked(value).raise()
		}
		seats.Put(seat)
	}()
	return f()
}

// A blockingCall is a call on another goroutine.
type blockingCall[T any] struct {
	offload.Result[T]
	f       func() (T, error)
	seat    *blockingSeat
	run     *kernel.Run
	abandon bool        // the caller may leave before the end
	own     bool        // see Own
	over    offload.End // with abandon
}

// RunJob calls the function, gives back the token, and lets the caller go on.
func (c *blockingCall[T]) RunJob() {
	if w := c.RunWaking(); w != nil {
		w.Unpark()
	}
}

// Own implements kernel.WakingJob.
func (c *blockingCall[T]) Own() bool { return c.own }

// RunWaking is RunJob that leaves it to its caller to unpark the one returned. If the
// function exits the goroutine, there is no such caller.
func (c *blockingCall[T]) RunWaking() (wake *kernel.Waiter) {
	defer func() {
		if kept := leftBy(c.seat.task); kept != nil {
			if c.Err = withMisuse(c.Err, kept); c.Panic != nil {
				c.Panic = c.Panic.(*PanicError).with(kept)
			}
		}
		c.seat.limiter.giveBack(c.seat)
		exits := c.Exited // afterwards c belongs to its caller
		if wake = c.end(); wake != nil && exits {
			wake.Unpark()
		}
	}()
	c.Of(c.f, seatBorrower{c.seat.task}.name)
	return nil
}

// leftBy is the error about what the function that a task has given to RunBlocking has
// acquired on this goroutine, which was its own, and not released.
func leftBy(task *kernel.Task) error {
	return kernel.AbandonHere(func() string { return "the function that " + seatBorrower{task}.who() + " gave to RunBlocking" })
}

// end ends the call. It returns whom to unpark.
func (c *blockingCall[T]) end() (wake *kernel.Waiter) {
	if !c.abandon {
		if c.seat.Wake() {
			return &c.seat.Waiter
		}
		return nil
	}
	wake, late := c.over.Finish(false)
	if late && c.Panic != nil { // there is nobody to raise it in
		c.Panic.(*PanicError).report(c.run)
	}
	return wake
}

// wait starts the call and waits for it, not minding cancellation, or with abandon
// until p is canceled; then the call goes on alone.
func (c *blockingCall[T]) wait(p kernel.Place) error {
	if !c.abandon {
		c.seat.PrepareShielded(p, opBlocking)
		c.run.Offload(c)
		_ = c.seat.Wait(p) // cannot be aborted
		seats.Put(c.seat)
		return nil
	}
	if err := c.over.Await(p, opBlocking, c.run, c); err != nil && !c.over.Close() {
		return err
	}
	return nil
}

// result is what the caller gets when the wait has ended with err.
func (c *blockingCall[T]) result(err error) (T, error) {
	switch {
	case err != nil:
		var zero T
		return zero, err
	case c.Panic != nil:
		c.Panic.(*PanicError).raise()
	case c.Exited:
		runtime.Goexit()
	}
	return c.Value, c.Err
}
