package anyio

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/anyio-go/anyio/internal/errgraph"
	"github.com/anyio-go/anyio/internal/kernel"
)

// Forever is the duration that means no limit, wherever one is asked for: a timeout, a
// grace, a delay. Zero or less is at once everywhere. (A field of a struct whose zero
// value stands for a default says so.)
const Forever time.Duration = 1<<63 - 1

// MoveOnAfter runs body and cancels it after d. It reports whether the body was cut
// short: whether its error was the cancellation, or held it beside others. err is what
// remains without the cancellation; to be cut short is not an error. Zero or less
// cancels at the first blocking call, Forever never. The timer starts at the call, and
// costs almost nothing if nothing blocks. Cancellation: when it comes from outside, err
// is the error of body, and timedOut is false; with Shield it is not seen.
func MoveOnAfter(ctx context.Context, d time.Duration, body func(ctx context.Context) error, opts ...ScopeOption) (timedOut bool, err error) {
	c := &CancelScope{}
	c.initAfter(ctx, d, opts)
	_, err = c.runTimed(body)
	return c.s.Caught(), err
}

// MoveOnAt is like MoveOnAfter but with an absolute deadline; the zero time is none.
// Cancellation: as for MoveOnAfter.
func MoveOnAt(ctx context.Context, deadline time.Time, body func(ctx context.Context) error, opts ...ScopeOption) (timedOut bool, err error) {
	c := &CancelScope{}
	c.initAt(ctx, deadline, opts)
	_, err = c.runTimed(body)
	return c.s.Caught(), err
}

// initAfter opens the scope with a timeout. It returns the timeout, 0 if an option has an
// earlier deadline.
func (c *CancelScope) initAfter(ctx context.Context, d time.Duration, opts []ScopeOption) time.Duration {
	c.init(ctx, opts)
	if len(opts) == 0 {
		c.s.StartTimeout(d)
		return d
	}
	given, has := c.s.OwnDeadline()
	c.s.StartTimeout(d)
	if has && c.keepEarlier(given) {
		return 0
	}
	return d
}

// initAt opens the scope with a deadline; the zero time is none.
func (c *CancelScope) initAt(ctx context.Context, deadline time.Time, opts []ScopeOption) {
	c.init(ctx, opts)
	given, has := c.s.OwnDeadline()
	c.SetDeadline(deadline)
	if has {
		c.keepEarlier(given)
	}
}

// keepEarlier sets the deadline that was given by an option, if it is the earlier one.
func (c *CancelScope) keepEarlier(given time.Time) bool {
	if at, ok := c.s.OwnDeadline(); ok && !given.Before(at) {
		return false
	}
	c.SetDeadline(given)
	return true
}

// runTimed runs body in a scope with a deadline. It returns the body's error, and what
// remains of it without the scope's own cancellation.
func (c *CancelScope) runTimed(body func(ctx context.Context) error) (whole, rest error) {
	left := false
	defer func() {
		if !left { // panic or Goexit
			c.s.Leave()
		}
	}()
	err := body(&c.s)
	left = true
	return err, c.leave(err)
}

// FailAfter runs body and cancels it after d; if that cut the body short, it returns a
// *TimeoutError that holds the body's error. A body that ends in time, ignores the
// cancellation, or returns an error that does not wrap it, gives no timeout: its error is
// returned as it is. Zero or less cancels
// at the first blocking call, Forever never. Cancellation: when it comes from outside,
// body is canceled and its error returned as it is; with Shield it is not seen.
func FailAfter(ctx context.Context, d time.Duration, body func(ctx context.Context) error, opts ...ScopeOption) error {
	c := &CancelScope{}
	d = c.initAfter(ctx, d, opts)
	return c.runOrFail(d, body)
}

// FailAt is like FailAfter but with an absolute deadline; the zero time is none.
// Cancellation: as for FailAfter.
func FailAt(ctx context.Context, deadline time.Time, body func(ctx context.Context) error, opts ...ScopeOption) error {
	c := &CancelScope{}
	c.initAt(ctx, deadline, opts)
	return c.runOrFail(0, body)
}

// runOrFail is runTimed that makes an error of the timeout.
func (c *CancelScope) runOrFail(d time.Duration, body func(ctx context.Context) error) error {
	whole, rest := c.runTimed(body)
	if !c.s.Caught() {
		return rest
	}
	deadline, _ := c.Deadline()
	err := &TimeoutError{Deadline: deadline, After: d, Err: whole}
	if errgraph.Finite(rest) && errors.Is(rest, errMisnested) {
		err.Err = errors.Join(whole, errMisnested)
	}
	return err
}

// Shielded runs body so that cancellation from outside is not seen in it, for at most
// d; Forever is no limit. It is for cleanup after a cancellation, which would fail at
// its first blocking call otherwise. It is FailAfter with Shield: if d passes, it
// returns a *TimeoutError. Zero or less cancels at the first blocking call. Cancellation: from
// outside, it is not seen before body has returned.
func Shielded(ctx context.Context, d time.Duration, body func(ctx context.Context) error) error {
	c := &CancelScope{}
	c.s.Init(ctx, kernel.NoDeadline, true)
	c.s.StartTimeout(d)
	return c.runOrFail(d, body)
}

// EffectiveDeadline returns the earliest deadline that applies to ctx, up to the
// nearest shield, and whether there is one. In a canceled scope it is the zero time and
// true: that deadline has passed.
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

// Now returns the time of the run's clock: time.Now, but in the simulator the virtual
// one.
func Now(ctx context.Context) time.Time {
	return kernel.Locate(ctx).Run().Today()
}

// Sleep waits for d, without end for Forever. Zero or less is a checkpoint: other tasks
// may run, and a cancellation is noticed. Cancellation: it returns before the time.
func Sleep(ctx context.Context, d time.Duration) error { return kernel.Sleep(ctx, d) }

// SleepUntil waits until t on the run's clock. A time that has passed is a checkpoint;
// the zero time has passed. Cancellation: it returns before the time.
func SleepUntil(ctx context.Context, t time.Time) error { return kernel.SleepUntil(ctx, t) }

// SleepForever waits without end. Cancellation: ends the wait and is returned.
func SleepForever(ctx context.Context) error { return kernel.SleepForever(ctx) }

// A TimeoutError is returned by FailAfter, FailAt and Shielded when their deadline cut
// the body short. errors.Is matches ErrTimeout, context.DeadlineExceeded and
// os.ErrDeadlineExceeded. Both errors.Is and errors.As also match what the body's error
// matches, but not a cancellation, which is over.
type TimeoutError struct {
	Deadline time.Time
	After    time.Duration // as given to FailAfter; 0 for FailAt
	Err      error         // what the body returned; the error matches what it matches
}

func (e *TimeoutError) Error() string { return errgraph.Text(e, e.text) }

func (e *TimeoutError) text() string {
	text := "anyio: timeout: not done by " + e.Deadline.Format("15:04:05.000")
	if e.After != 0 {
		text = "anyio: timeout: not done within " + e.After.String()
	}
	if rest := e.rest(); rest != "" {
		text += ": " + rest
	}
	return text
}

// rest is what the body's error says besides that it was canceled.
func (e *TimeoutError) rest() string {
	err := errgraph.One(e, e.Err)
	if err == nil {
		return ""
	}
	if kept, _ := strip(err); kept != nil {
		err = kept
	}
	text := errgraph.Say(err)
	for _, said := range canceledTexts(err, nil) {
		text = strings.NewReplacer(": "+said+"\n", ": ", said+"\n", "", "\n"+said, "", ": "+said, "", said, "").Replace(text)
	}
	return strings.ReplaceAll(strings.TrimSpace(text), "\n", "; ")
}

// canceledTexts are the texts of the cancellations in err.
func canceledTexts(err error, texts []string) []string {
	if _, ours := err.(*CanceledError); ours || isCanceledLeaf(err) {
		return append(texts, err.Error())
	}
	if _, timeout := err.(*TimeoutError); timeout {
		return texts // it says none
	}
	for _, inner := range errgraph.Inside(err) {
		if inner != nil {
			texts = canceledTexts(inner, texts)
		}
	}
	return texts
}

// Is matches ErrTimeout, context.DeadlineExceeded, os.ErrDeadlineExceeded, and what
// the body's error matches, but for cancellations.
func (e *TimeoutError) Is(target error) bool {
	switch target {
	case ErrTimeout, context.DeadlineExceeded, os.ErrDeadlineExceeded:
		return true
	case ErrCanceled, context.Canceled:
		return false
	}
	return errors.Is(errgraph.One(e, e.Err), target)
}

// As finds what the body's error is, but for a *CanceledError. There is no Unwrap, as
// package errors would find the cancellation by it.
func (e *TimeoutError) As(target any) bool {
	if _, ok := target.(**CanceledError); ok {
		return false
	}
	err := errgraph.One(e, e.Err)
	return err != nil && errors.As(err, target)
}

// Timeout returns true, as net.Error asks.
func (e *TimeoutError) Timeout() bool { return true }

var _ = errgraph.Register(func(e *TimeoutError) []error { return []error{e.Err} })
