package anyioutils

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/inside"
)

// A HostLoop is the event loop of another library, such as a user interface, in whose
// calls the tasks of a guest run.
type HostLoop struct {
	// Post asks the loop to call f soon: on the goroutine on which it makes all its
	// calls, after those it was asked for before, and not inside Post. It is called on
	// other goroutines than that, by one at a time, and may block until f has returned.
	// Every f must be called, once, until the done function of the guest has been.
	Post func(f func())

	// PostHere, if it is set, is Post for calls on the loop's own goroutine: it must not
	// block. It saves a switch of goroutines where a guest has more to do than fits into
	// one call.
	PostHere func(f func())

	// Burst is about how long the guest keeps the loop in one call while it has more to
	// do; 2 ms if it is zero or less. A task that computes for longer, without a blocking
	// call, keeps the loop for as long as it does.
	Burst time.Duration
}

// defaultBurst leaves most of a frame of a user interface, 16 ms, to that.
const defaultBurst = 2 * time.Millisecond

// StartGuestRun starts an event loop inside another one, the host, and returns: its main
// task, and all others, run in calls that the host makes. So tasks may use what belongs to
// the goroutine of the host, such as widgets, and wait for sockets and timers as
// always; what waits is another goroutine. The host's own functions must not wait for
// tasks, which would wait for the host; they may set events, send by TrySend, cancel.
//
// When main has returned and no task is left, the host calls done with what main returned,
// as the last call. A panic of the run is an *anyio.PanicError there. The host must go on
// until then; to end early, cancel ctx.
//
// Tasks run on the thread of a host that is locked to one by runtime.LockOSThread, as those
// of most graphical libraries are, and all calls must come from there; calls of a host
// that is not locked may come from several goroutines, one at a time. Otherwise the call
// panics with an *anyio.MisuseError. In a locked host runtime.Goexit in a task costs a
// goroutine that never ends, and the runtime ends the program if a task pulls what
// iter.Pull, or stream.Pull, has made on another goroutine that is not locked to that
// thread.
//
// The options are those of anyio.Run; the error is an *anyio.MisuseError if they choose
// another backend than EventLoop, or if main, host.Post or done is nil.
// Cancellation: all tasks of the run are canceled and waited for, in calls of the host.
func StartGuestRun[T any](ctx context.Context, main func(ctx context.Context) (T, error), host HostLoop, done func(value T, err error), opts ...anyio.RunOption) error {
	switch {
	case main == nil:
		return misuse("StartGuestRun: the function is nil")
	case host.Post == nil:
		return misuse("StartGuestRun: the host cannot be asked for calls: set Post")
	case done == nil:
		return misuse("StartGuestRun: nobody is told of the outcome: give a function for it")
	}
	burst := host.Burst
	if burst <= 0 {
		burst = defaultBurst
	}
	all, err := inside.GuestOf(opts, host.Post, host.PostHere, burst)
	if err != nil {
		return err
	}
	go func() {
		var value T
		err := errGuestExited
		defer func() {
			if v := recover(); v != nil {
				err = panicError(v)
			}
			host.Post(func() { done(value, err) })
		}()
		value, err = anyio.RunValue(ctx, main, all.([]anyio.RunOption)...)
	}()
	return nil
}

var errGuestExited = errors.New("anyioutils: a task of the guest called runtime.Goexit")

// panicError is what Run has raised as an error.
func panicError(v any) error {
	if err, ok := v.(error); ok {
		return err
	}
	return fmt.Errorf("anyioutils: panic in a guest: %v", v)
}
