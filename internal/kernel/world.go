package kernel

import (
	"context"
	"os"
	"time"
)

// A World is what is round the tasks of a run: the system and the process, other
// goroutines and contexts, and time as they see it. Whatever is different in a simulation
// is done here, so that no feature asks where it runs.
type World interface {
	// Network is the socket layer.
	Network() Network
	// Signals is where signals come from.
	Signals() Signals
	// Admit is why the border of the run may not be crossed in that way, nil if it may.
	// The error is what the caller returns.
	Admit(c Crossing) error
	// Outside is told by a task that it begins, with 1, or ends, with -1, a wait that
	// something outside of the run ends, in the world's time: meanwhile a clock that is
	// not the world's stands still, and the run is not taken for dead.
	Outside(n int)
	// AfterDone calls f once when a context that is not ours is canceled, unless stop is
	// called first, which reports whether it was. It is the function AfterDone, or calls f
	// where the run can be repeated: between two steps.
	AfterDone(ctx context.Context, f func()) (stop func() bool)
	// DeadlineOf is the deadline of such a context, if it has one by the clock of the run:
	// then it is canceled when that says so, though the context has not noticed yet.
	DeadlineOf(ctx context.Context) (deadline time.Time, ok bool)
	// Alarm is time.AfterFunc where a task can hold up the run's timers while it, or
	// somebody outside, waits for one. Elsewhere it does nothing and returns nil.
	Alarm(after time.Duration, f func()) *time.Timer
}

// A Crossing is a way over the border of a run: in for goroutines that are no tasks of it,
// out for its tasks.
type Crossing uint8

const (
	CallIn       Crossing = iota // a goroutine outside uses RunIn
	PortalIn                     // a goroutine outside uses a portal of the run
	PortalOut                    // a task uses a portal of another run
	PortalRun                    // a task uses portal.New, or the run is one that portal.New has begun
	StartProcess                 // a task starts a process
	ChannelWait                  // a task waits for a native channel
	HandOver                     // a task hands over to a package that starts goroutines, such as net/http
)

// Signals is where the signals of a run come from.
type Signals interface {
	// Subscribe calls push for each of the signals that arrives until stop is called,
	// which also restores what was there before. There is at least one signal, and all
	// can be received. push may be called on a goroutine of its own; it must not block,
	// nor call stop. When stop returns, push has been called for every signal that did
	// not have the effect that was restored, and is not called again. stop may be called
	// again.
	Subscribe(sigs []os.Signal, push func(os.Signal)) (stop func())
	// KeepPipeErrors lets a write to a standard output whose reader is gone return
	// EPIPE, and not raise a signal that ends the process, until restore is called.
	KeepPipeErrors() (restore func())
	// End is what a signal does that a program wants to end by: it ends the process as if
	// nobody received it, or where the process is not the run's, kills the run for the
	// cause.
	End(r *Run, s os.Signal, c *Cause)
}
