package anyio

import (
	"context"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
)

// MoveOnAfter runs body and cancels it after d. It reports whether the body was
// cut short; that is no error. Zero or less cancels at the first blocking call.
// The timer starts at the call, and costs almost nothing if nothing blocks. [CA-08]
func MoveOnAfter(ctx context.Context, d time.Duration, body func(ctx context.Context) error) (timedOut bool, err error) {
	c := &CancelScope{}
	c.s.Init(ctx, kernel.NoDeadline, false)
	c.s.StartTimeout(d)
	return c.runTimed(body)
}

// MoveOnAt is MoveOnAfter with an absolute deadline; the zero time is none. [CA-09]
func MoveOnAt(ctx context.Context, deadline time.Time, body func(ctx context.Context) error) (timedOut bool, err error) {
	c := &CancelScope{}
	c.s.Init(ctx, kernel.NoDeadline, false)
	c.SetDeadline(deadline)
	return c.runTimed(body)
}

// runTimed runs body in a scope with a deadline.
func (c *CancelScope) runTimed(body func(ctx context.Context) error) (timedOut bool, err error) {
	left := false
	defer func() {
		if !left { // panic or Goexit
			c.s.Leave()
		}
	}()
	err = body(&c.s)
	left = true
	if err != nil {
		err = c.leave(err)
	} else if c.s.Leave() != nil {
		err = c.misnested()
	}
	return c.s.Caught(), err
}

// FailAfter runs body and cancels it after d; then it returns a *TimeoutError.
// A body that ends in time, or ignores the cancellation and ends without an
// error, gives no timeout; an error of the body that is no cancellation is
// returned as it is. [CA-10]
func FailAfter(ctx context.Context, d time.Duration, body func(ctx context.Context) error) error {
	c := &CancelScope{}
	c.s.Init(ctx, kernel.NoDeadline, false)
	c.s.StartTimeout(d)
	timedOut, err := c.runTimed(body)
	if timedOut && err == nil {
		deadline, _ := c.Deadline()
		return &TimeoutError{Deadline: deadline, After: d}
	}
	return err
}

// FailAt is FailAfter with an absolute deadline; the zero time is none. [CA-11]
func FailAt(ctx context.Context, deadline time.Time, body func(ctx context.Context) error) error {
	timedOut, err := MoveOnAt(ctx, deadline, body)
	if timedOut && err == nil {
		return &TimeoutError{Deadline: deadline}
	}
	return err
}

// Shielded runs body so that cancellation from outside is not seen in it, for at
// most d; d <= 0 means no limit. It is for cleanup after a cancellation, which
// would fail at its first blocking call otherwise. If d passes, it returns a
// *TimeoutError. [CA-15]
func Shielded(ctx context.Context, d time.Duration, body func(ctx context.Context) error) error {
	c := &CancelScope{}
	c.s.Init(ctx, kernel.NoDeadline, true)
	if d > 0 {
		c.s.StartTimeout(d)
	}
	timedOut, err := c.runTimed(body)
	if timedOut && err == nil {
		deadline, _ := c.Deadline()
		return &TimeoutError{Deadline: deadline, After: d}
	}
	return err
}

// EffectiveDeadline is the earliest deadline that applies to ctx, up to the
// nearest shield, and whether there is one. In a canceled scope it is the zero
// time and true: that deadline has passed. [CA-12]
func EffectiveDeadline(ctx context.Context) (time.Time, bool) {
	p := kernel.Locate(ctx)
	if p.Check() != nil {
		return time.Time{}, true
	}
	if p.Ctx != nil {
		return p.Ctx.Deadline()
	}
	return p.S.EffectiveDeadline()
}

// Now is the time of the run's clock: time.Now, but in the simulator the virtual one. [EL-09]
func Now(ctx context.Context) time.Time {
	return kernel.Locate(ctx).Run().Today()
}

// Sleep waits for d. Zero or less is a checkpoint: other tasks may run, and a
// cancellation is noticed. [EL-06]
func Sleep(ctx context.Context, d time.Duration) error { return kernel.Sleep(ctx, d) }

// SleepUntil waits until t on the run's clock. A time that has passed is a
// checkpoint; the zero time has passed. [EL-08]
func SleepUntil(ctx context.Context, t time.Time) error { return kernel.SleepUntil(ctx, t) }

// SleepForever waits until it is canceled. [EL-07]
func SleepForever(ctx context.Context) error { return kernel.SleepForever(ctx) }
