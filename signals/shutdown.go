package signals

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// An Error is returned by WithShutdown when a signal has ended its body.
type Error struct{ Signal os.Signal }

func (e *Error) Error() string { return "anyio: received signal: " + e.Signal.String() }

// ExitCode returns what shells report for a program that the signal has ended: 128 plus
// its number. On Windows it is 1.
func (e *Error) ExitCode() int {
	if n, ok := signalNumber(e.Signal); ok && runtime.GOOS != "windows" {
		return 128 + n
	}
	return 1
}

// WithShutdown runs body, which one of the signals ends in good order: the first cancels
// the scope of the body, with an *Error as the cause; do what must be done in the end
// inside anyio.Shielded. A second one, the same or another, ends the process at once, as
// if nobody had received it (a simulated run is killed: all its waits fail). Without
// signals they are os.Interrupt and SIGTERM, which is also the end of the console or
// session on Windows. Signals that Open refuses give an *anyio.MisuseError.
//
// The cancellation is removed as by anyio.WithCancelScope. In its place the *Error
// is returned, so that a program can exit with its ExitCode, joined with an error
// of the body if there was another. A signal that comes when body is about to return
// is told as well; one that comes after WithShutdown has its effect again.
//
// Calls may be nested and go on at the same time in several runs: the first signal
// cancels all of them.
//
// Meanwhile SIGPIPE is harmless: a program whose standard output or standard error
// nobody reads any more gets the error EPIPE from a write, by which it can end in good
// order, and is not ended by the signal, as Go programs otherwise are. Writes to other
// descriptors and to sockets give the error in any case.
//
// Cancellation: when it comes from outside, as for anyio.WithCancelScope.
func WithShutdown(ctx context.Context, body func(ctx context.Context) error, sigs ...os.Signal) error {
	return shutdown(ctx, "signals.WithShutdown", 0, body, sigs)
}

// WithGrace is like WithShutdown, but the first signal asks the body to end by itself, as
// anyio.CancelScope.Stop does: what serves stops accepting, and what is under way has that
// time to end. Then the scope of the body is canceled, with the *Error as the cause.
// Forever is no limit; with zero or less it is WithShutdown.
//
// Cancellation: as for WithShutdown.
func WithGrace(ctx context.Context, grace time.Duration, body func(ctx context.Context) error, sigs ...os.Signal) error {
	return shutdown(ctx, "signals.WithGrace", grace, body, sigs)
}

func shutdown(ctx context.Context, name string, grace time.Duration, body func(ctx context.Context) error, sigs []os.Signal) error {
	if len(sigs) == 0 {
		sigs = shutdownSignals
	} else if err := check(name, sigs); err != nil {
		return err
	}
	var received atomic.Pointer[Error]
	err := anyio.WithCancelScope(ctx, func(ctx context.Context, _ *anyio.CancelScope) error {
		scope := kernel.Locate(ctx).S
		r := scope.Run()
		defer r.Signals().KeepPipeErrors()()
		stop := r.Signals().Subscribe(sigs, func(sig os.Signal) {
			e := &Error{sig}
			switch first := received.CompareAndSwap(nil, e); {
			case !first:
				r.Signals().End(r, sig, &kernel.Cause{Kind: kernel.ByKill, Err: e, Reason: "a second signal"})
			case grace > 0:
				scope.Stop(&kernel.Cause{Err: e}, r.After(grace))
			default:
				scope.Cancel(&kernel.Cause{Err: e})
			}
		})
		defer stop()
		return body(ctx)
	})
	e := received.Load()
	switch inner, ok := errors.AsType[*Error](err); {
	case e == nil, ok && inner.Signal == e.Signal: // a call inside this one tells of it
		return err
	case err == nil:
		return e
	}
	return errors.Join(e, err)
}
