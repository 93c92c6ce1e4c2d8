package kernel

import (
	"context"
	"os"
	"time"
)

// A World is what is round the tasks of a run: the system and the process, other
// goroutines and contexts, and time as they see it. Whatever is different in a simulation
// is asked for here. So no feature asks where it runs, and each does everywhere what
// the answer says.
type World interface {
	// Network is the socket layer.
	Network() Network
	// Signals is where signals come from.
	Signals() Signals
	// Processes is why no process can be started, nil if they can.
	Processes() error
	// Admit is why the border of the run may not be crossed in that way, nil if it may.
	Admit(c Crossing) error
	// Outside is told by a task that it begins, with 1, or ends, with -1, a wait for
	// what happens outside of the run and takes the time of the world: a clock that is
	// not the world's stands still meanwhile.
	Outside(n int)
	// AfterDone calls f once when a context that is not ours is canceled, unless stop is
	// called first, as the function of this name does: at once, or where the run is at a
	// point at which it can be repeated.
	AfterDone(ctx context.Context, f func()) (stop func() bool)
	// DeadlinePassed reports whether the deadline of such a context has passed at an
	// instant of the run, though the context may not have noticed yet. The deadline has a
	// monotonic reading.
	DeadlinePassed(deadline time.Time, now int64) bool
	// Alarm is time.AfterFunc where a task can hold up the run's timers and somebody outside
	// may wait for the time. Elsewhere it does nothing and returns nil: a timer will do.
	Alarm(after time.Duration, f func()) *time.Timer
}

// A Crossing is a way over the border of a run: for goroutines that are no tasks of it,
// and for its tasks to another run.
type Crossing uint8

const (
	CallIn    Crossing = iota // a goroutine outside uses CallInRun
	PortalIn                  // a goroutine outside uses a portal of the run
	PortalOut                 // a task uses a portal of another run
	PortalRun                 // a task uses StartPortal, or the run is one that StartPortal has begun
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
