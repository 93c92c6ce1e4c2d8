package asyncio

import (
	"context"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A Deadline is when WithTimeout ends its body. It may be moved.
type Deadline struct {
	loop     *Loop
	task     *taskPart
	requests int // there were when the body began
	when     time.Duration
	has      bool
	stop     interface{ Cancel() } // the callback
	state    deadlineState
}

type deadlineState uint8

const (
	running deadlineState = iota
	expiring
	over
	expired
)

// WithTimeout runs body for a limited time: then the calling task is asked to end, as by
// Cancel, and the error that body makes of it becomes one that matches anyio.ErrTimeout. A
// limit of anyio.Forever is none; d may set one. It has no scope: what else asks the task
// to end is not mistaken for it. anyio.FailAfter does the same for tasks of all backends.
//
// Cancellation: body is canceled.
func WithTimeout(ctx context.Context, limit time.Duration, body func(ctx context.Context, d *Deadline) error) error {
	l := mustRunningLoop(ctx)
	if limit == anyio.Forever {
		return withDeadline(ctx, l, 0, false, body)
	}
	return withDeadline(ctx, l, time.Duration(kernel.Later(l.run.Now(), limit)), true, body)
}

// WithTimeoutAt runs body as WithTimeout does, up to a time of the loop's clock.
// Cancellation: as for WithTimeout.
func WithTimeoutAt(ctx context.Context, when time.Duration, body func(ctx context.Context, d *Deadline) error) error {
	return withDeadline(ctx, mustRunningLoop(ctx), when, true, body)
}

func withDeadline(ctx context.Context, l *Loop, when time.Duration, has bool, body func(context.Context, *Deadline) error) error {
	t := CurrentTask(ctx)
	if t == nil {
		return misuse("WithTimeout outside of a task")
	}
	d := &Deadline{loop: l, task: t.part(), requests: t.Cancelling()}
	d.set(when, has)
	defer d.end() // also if body panics
	err := body(ctx, d)
	return d.result(err)
}

// result is the error of the body when the time is over.
func (d *Deadline) result(err error) error {
	d.end()
	if d.state == expired && d.task.Uncancel() <= d.requests && err != nil && isCanceled(err) {
		return &anyio.TimeoutError{Deadline: d.loop.run.Time(int64(d.when)), Err: err}
	}
	return err
}

// end takes back the callback.
func (d *Deadline) end() {
	if d.stop != nil {
		d.stop.Cancel()
		d.stop = nil
	}
	switch d.state {
	case running:
		d.state = over
	case expiring:
		d.state = expired
	}
}

// When returns the time on the loop's clock at which the body is ended, if there is one.
func (d *Deadline) When() (when time.Duration, ok bool) { return d.when, d.has }

// Reschedule moves the deadline; one that has passed ends the body at once.
func (d *Deadline) Reschedule(when time.Duration) error { return d.reschedule(when, true) }

// Remove removes the deadline.
func (d *Deadline) Remove() error { return d.reschedule(0, false) }

func (d *Deadline) reschedule(when time.Duration, has bool) error {
	d.loop.use("Reschedule")
	if d.state != running {
		return misuse("the deadline of WithTimeout was moved after it had passed or its body ended")
	}
	d.set(when, has)
	return nil
}

func (d *Deadline) set(when time.Duration, has bool) {
	if d.stop != nil {
		d.stop.Cancel()
		d.stop = nil
	}
	switch d.when, d.has = when, has; {
	case !has:
	case when <= d.loop.Time():
		d.stop = d.loop.CallSoon(d.expire)
	default:
		d.stop = d.loop.callAt(when, d.expire)
	}
}

func (d *Deadline) expire() {
	d.state, d.stop = expiring, nil
	d.task.cancel("the time of WithTimeout is over")
}

// Loop returns the loop on whose clock the deadline is.
func (d *Deadline) Loop() *Loop { return d.loop }

// Expired reports whether the deadline has passed.
func (d *Deadline) Expired() bool { return d.state == expiring || d.state == expired }
