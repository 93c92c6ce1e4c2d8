package anyio

import (
	"context"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A CancelScope is a region of code that can be canceled as a whole: every
// blocking call in it, in functions it calls, and in tasks of groups opened in it
// fails with a *CanceledError from then on, until the scope is left. Leaving it
// removes the cancellation.
//
// The scope is the context that its body is given; contexts derived from that
// belong to it, too. A scope is used once. Its methods may be called from any
// goroutine; End only from the one that opened it.
type CancelScope struct {
	s kernel.Scope
}

// WithCancelScope runs body in a new scope. The body's error is returned, but for a
// cancellation that the scope itself caused. Cancellation: when it comes from outside,
// body is canceled and its error returned as it is, unless the scope is shielded.
func WithCancelScope(ctx context.Context, body func(ctx context.Context, scope *CancelScope) error, opts ...ScopeOption) error {
	c := &CancelScope{}
	c.init(ctx, opts)
	left := false
	defer func() {
		if !left { // panic or Goexit
			c.s.Leave()
		}
	}()
	err := body(&c.s, c)
	left = true
	return c.leave(err)
}

// OpenCancelScope opens a scope for types that open in one method and close in another;
// prefer WithCancelScope. Every scope must be ended by the goroutine that opened it,
// inner scopes first.
func OpenCancelScope(ctx context.Context, opts ...ScopeOption) (context.Context, *CancelScope) {
	c := &CancelScope{}
	c.init(ctx, opts)
	c.s.SetOpener()
	c.s.Materialize() // so that a wrong order of closing is seen
	return &c.s, c
}

// init opens the scope with options. Those who give none pay for none.
func (c *CancelScope) init(ctx context.Context, opts []ScopeOption) {
	if len(opts) == 0 {
		c.s.Init(ctx, kernel.NoDeadline, false)
		return
	}
	var o scopeOptions
	for _, opt := range opts {
		opt(&o)
	}
	c.s.Init(ctx, kernel.NoDeadline, o.shield)
	if !o.deadline.IsZero() {
		c.s.SetDeadline(c.s.Run().Instant(o.deadline))
	}
}

// A ScopeOption is an option of WithCancelScope and OpenCancelScope, and of MoveOnAfter,
// FailAfter and their like.
type ScopeOption func(*scopeOptions)

type scopeOptions struct {
	shield   bool
	deadline time.Time
}

// Shield opens the scope shielded: cancellation from outside is not seen in it, also one
// that was there before.
func Shield() ScopeOption { return func(o *scopeOptions) { o.shield = true } }

// Deadline gives the scope a deadline. Where there is another one, the earlier counts.
func Deadline(t time.Time) ScopeOption { return func(o *scopeOptions) { o.deadline = t } }

// End leaves a scope opened by OpenCancelScope. err is the error with which the
// work in it ended; what remains of it without the scope's own cancellation is
// returned, as from WithCancelScope. A scope ended twice, before an inner one,
// or by another goroutine gives a *MisuseError.
func (c *CancelScope) End(err error) error {
	if c.s.Closed() {
		return misuse("cancel scope ended twice: call End once, or use WithCancelScope, which ends it for you")
	}
	if c.s.OpenedElsewhere() {
		return misuse("cancel scope ended by another goroutine than the one that opened it: let each task end its own scopes, or give the work a task group")
	}
	return c.leave(err)
}

// leave leaves the scope of code that returned err. It returns what remains of err
// without the scope's own cancellation.
func (c *CancelScope) leave(err error) error {
	rest, cut := err, false
	if err != nil && c.s.Canceled() {
		if rest, cut = strip(err); cut {
			if !c.s.CancelCalled() || c.s.OuterCanceled() {
				rest = err // it belongs to a scope further out
			} else {
				c.s.SetCaught()
			}
		}
	}
	switch open := c.s.Leave(); {
	case open == nil:
		return rest
	case rest == nil:
		return errMisnested
	}
	return &GroupError{errs: []error{rest, errMisnested}, names: []string{"", ""}}
}

var errMisnested = misuse("cancel scope ended before a scope opened inside it: end inner scopes first, in the reverse order of opening")

// Cancel cancels the scope. The first call counts; its reason is shown by
// context.Cause and in the errors' text.
func (c *CancelScope) Cancel(reason string) {
	kernel.Preempt()
	c.s.Cancel(&kernel.Cause{Kind: kernel.ByCall, Reason: reason, PC: kernel.CallerPC(1)})
	kernel.PreemptEnd()
}

// CancelCause cancels the scope because of an error. The *CanceledError of those who are
// canceled holds it as Cause, and does not match it: none of them has failed so.
func (c *CancelScope) CancelCause(cause error) {
	kernel.Preempt()
	c.s.Cancel(&kernel.Cause{Kind: kernel.ByCall, Err: cause, PC: kernel.CallerPC(1)})
	kernel.PreemptEnd()
}

// CancelCalled reports whether the scope was canceled: by Cancel, or because its
// deadline has passed. It says nothing about whether anything has noticed.
func (c *CancelScope) CancelCalled() bool { return c.s.CancelCalled() }

// CancelCaught reports, after the scope was left, whether its own cancellation cut the
// body short: whether the body's error was that cancellation, or held it beside others.
func (c *CancelScope) CancelCaught() bool { return c.s.Caught() }

// Deadline returns the scope's own deadline, and whether it has one.
func (c *CancelScope) Deadline() (time.Time, bool) { return c.s.OwnDeadline() }

// SetDeadline moves the deadline, on the run's clock (see Now); the zero time
// removes it. A time that has passed cancels at once; moving the deadline of a
// scope that was canceled does not undo that.
func (c *CancelScope) SetDeadline(t time.Time) {
	kernel.Preempt()
	c.s.SetDeadline(c.s.Run().Instant(t))
	kernel.PreemptEnd()
}

// Shield reports whether the scope is shielded from cancellation outside.
func (c *CancelScope) Shield() bool { return c.s.Shield() }

// SetShield raises or lifts the shield. While it is up, cancellation from outside
// is not seen inside; the scope's own still is. Lifting it in a canceled
// surrounding cancels what is inside. A Done channel that was closed before stays
// closed, as package context demands; use Shielded for work that outlives a
// cancellation.
func (c *CancelScope) SetShield(on bool) {
	kernel.Preempt()
	c.s.SetShield(on)
	kernel.PreemptEnd()
}
