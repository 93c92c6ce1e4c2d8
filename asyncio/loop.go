package asyncio

import (
	"context"
	"errors"
	"os"
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/seldom"
)

// ErrNoLoop is matched where an event loop is needed and the context belongs to none.
var ErrNoLoop = errors.New("asyncio: no running event loop")

// ErrLoopClosed is returned by what needs a loop that has been closed.
var ErrLoopClosed = errors.New("asyncio: event loop is closed")

// ErrLoopStopped is returned by Run and RunUntilComplete if Stop ended the loop before
// what was waited for was done.
var ErrLoopStopped = errors.New("asyncio: event loop stopped before the future was done")

// A Loop is an event loop: it calls callbacks and runs tasks, one at a time, in the order
// in which they became ready. It is the loop of a run of package anyio on a backend with
// a loop, EventLoop or a simulation. RunningLoop finds that of a context, New makes one
// that is run by its methods.
//
// Except for CallSoonThreadsafe and RunCoroutineThreadsafe, a running loop may be used by
// its tasks and callbacks alone; others get a panic with a *anyio.MisuseError.
//
// What panics in a callback is told to the exception handler, and the loop goes on.
// runtime.Goexit in one, as by t.FailNow, is told likewise, and stops the loop as Stop does;
// when its run is over, the goroutine of Run exits.
type Loop struct {
	looper kernel.Looper
	run    *kernel.Run
	group  kernel.Group // of all tasks
	host   *kernel.Task // the main task of a run that is Run's or NewEventLoop's, nil if it is the user's
	owner  *owner       // of NewEventLoop's

	onStop  func() // called when an iteration ends in which Stop was called
	ended   atomic.Bool
	running atomic.Bool

	debug       atomic.Bool
	slow        time.Duration
	onError     func(*Loop, ErrorContext)
	taskFactory TaskFactory
	executor    Executor
	lastName    int
	visitors    map[*kernel.Task]*taskPart // tasks of package anyio that were asked for
	lost        lostErrors
	handshakes  seldom.Log // those that have failed
	signals     map[os.Signal]*signalHandler
	sends       map[*streamTransport]*fileSend // those to which SendFile sends
	dropping    bool                           // see dropQueued
	handles     *[handleBatch]Handle           // made, of which the first are
	given       int                            // in use
	buffer      []byte                         // see readBuffer
	watches     map[fdKey]*fdWatch
}

// RunningLoop returns the loop on which the task of ctx runs. The error is ErrNoLoop if
// the backend has no loop, as that of goroutines. It does not wait. Cancellation: it
// returns the loop all the same.
func RunningLoop(ctx context.Context) (*Loop, error) {
	run := kernel.Locate(ctx).Run()
	if l, ok := run.Asyncio.Load().(*Loop); ok {
		return l, nil
	}
	looper := run.Looper()
	if looper == nil {
		return nil, ErrNoLoop
	}
	if !looper.InTurn() {
		return nil, misuse("the first use of an event loop by a goroutine that does not run one of its tasks")
	}
	l := newLoop(run, looper)
	run.Asyncio.CompareAndSwap(nil, l)
	return l, nil
}

// newLoop begins to use the loop of a run. The caller has the turn.
func newLoop(run *kernel.Run, looper kernel.Looper) *Loop {
	l := &Loop{looper: looper, run: run, slow: 100 * time.Millisecond, sends: map[*streamTransport]*fileSend{}}
	l.running.Store(true)
	l.group.Init(&run.Whole().Root, kernel.NoDeadline, false)
	l.group.MoveTo(run)
	l.group.Open((*runner)(l))
	l.group.Materialize()
	looper.Iterate(l.stopped)
	run.OnFinish(l.finish)
	return l
}

// mustRunningLoop is RunningLoop for functions that have no error to return.
func mustRunningLoop(ctx context.Context) *Loop {
	l, err := RunningLoop(ctx)
	if err == ErrNoLoop {
		panic(misuse("no event loop: use asyncio.Run, or anyio.Run with On(EventLoop()) or a simulation"))
	}
	if err != nil {
		panic(err)
	}
	return l
}

// finish is called when the run is over.
func (l *Loop) finish() {
	l.ended.Store(true)
	l.running.Store(false)
	l.endSignals()
	l.lost.report()
}

// Closed reports whether the loop is closed, or the run that it belongs to over.
func (l *Loop) Closed() bool { return l.ended.Load() }

// Running reports whether the loop is being run.
func (l *Loop) Running() bool { return l.running.Load() }

// Time returns the loop's clock, which never goes back. It begins anywhere. In a
// simulation it is virtual.
func (l *Loop) Time() time.Duration { return time.Duration(l.run.Now()) }

// Stop lets the loop stop when all has been called that is ready now: RunForever returns
// then, RunUntilComplete and Run fail with ErrLoopStopped. Before RunForever it limits it
// to one iteration. It has no effect on a loop that a run of package anyio owns.
func (l *Loop) Stop() {
	l.use("Stop")
	l.looper.Halt()
}

// stopped is called by the loop when an iteration ends in which Stop was called.
func (l *Loop) stopped() {
	if l.onStop != nil {
		l.onStop()
	}
}

// use panics if the caller has not its turn on the loop.
func (l *Loop) use(op string) {
	switch {
	case l.looper.InTurn():
		return
	case l.ended.Load():
		panic(misuse(op + " on an event loop that is closed"))
	case l.owner != nil && l.owner.adopt():
		return
	}
	panic(misuse(op + " of an event loop by a goroutine that does not run one of its tasks or callbacks: use CallSoonThreadsafe or RunCoroutineThreadsafe"))
}

func misuse(text string) error { return &anyio.MisuseError{Text: "asyncio: " + text} }

// readSize is how much is read at once.
const readSize = 64 << 10

// readBuffer is where transports read to, one after the other.
func (l *Loop) readBuffer() []byte {
	if l.buffer == nil {
		l.buffer = make([]byte, readSize)
	}
	return l.buffer
}
