package asyncio

import (
	"context"
	"sync"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/goid"
	"github.com/anyio-go/anyio/internal/kernel"
)

// An owner runs a loop when it is told to. The loop is that of a run whose goroutine
// blocks in between: then whoever uses the loop has its turn.
type owner struct {
	loop   *Loop
	orders chan order    // to the loop's goroutine while it blocks
	paused chan struct{} // from there, when it blocks
	over   chan struct{} // closed when the run is
	closed kernel.Latch  // opens to end the run
	err    error         // of the run, when it is over
	busy   sync.Mutex    // held by who runs the loop
}

// An order says what a loop that is paused is to do.
type order struct {
	goroutine int64 // that has the turn from now on, if neither
	run       bool
	close     bool
}

// NewEventLoop makes a loop that is run by RunForever and RunUntilComplete and must be
// closed. While it is not running, any goroutine may use it, one at a time. Run is
// simpler where one function is all. The options are those of anyio.Run; On may choose
// a simulation.
func NewEventLoop(opts ...anyio.RunOption) (*Loop, error) {
	o := &owner{orders: make(chan order), paused: make(chan struct{}), over: make(chan struct{})}
	opts = append([]anyio.RunOption{anyio.On(anyio.EventLoop())}, opts...)
	go func() {
		defer close(o.over)
		o.err = anyio.Run(context.Background(), o.main, opts...)
	}()
	select {
	case <-o.paused:
		o.adopt()
		return o.loop, nil
	case <-o.over:
		return nil, o.err
	}
}

// main is the first task of the run.
func (o *owner) main(ctx context.Context) error {
	l, err := loopOfRun(ctx)
	if err != nil {
		return err
	}
	o.loop, l.owner, l.host = l, o, kernel.Locate(ctx).Task()
	l.onStop = o.pause
	l.looper.Halt()
	o.closed.WaitShielded(ctx, opRun)
	return nil
}

// pause lets the loop's goroutine wait for the order to go on.
func (o *owner) pause() {
	l := o.loop
	l.running.Store(false)
	l.looper.Pause(func(lend func(goroutine int64)) {
		o.paused <- struct{}{}
		for {
			switch next := <-o.orders; {
			case next.run:
				l.running.Store(true)
				return
			case next.close:
				l.onStop = nil
				l.dropQueued()
				o.closed.Open()
				return
			default:
				lend(next.goroutine)
			}
		}
	})
}

// dropQueued drops the callbacks of the user that are queued. Those that the end of the
// tasks brings come later, and behind a mark.
func (l *Loop) dropQueued() {
	l.dropping = true
	l.callSoon(func() { l.dropping = false })
}

// adopt gives the caller the turn, if the loop is paused.
func (o *owner) adopt() bool {
	if o.loop.running.Load() {
		return false
	}
	return o.send(order{goroutine: goid.Get()})
}

// send gives the loop an order; false if it is over.
func (o *owner) send(next order) bool {
	select {
	case o.orders <- next:
		return true
	case <-o.over:
		return false
	}
}

// RunForever runs the loop until Stop is called. It may be called again then. The error is
// anyio.ErrAlreadyRunning if it is running, or the caller runs another loop's task,
// ErrLoopClosed if it is closed, and in a simulation that cannot go on, a DeadlockError.
func (l *Loop) RunForever() error {
	if err := l.occupy(); err != nil {
		return err
	}
	defer l.owner.busy.Unlock()
	return l.runUntilStop()
}

// occupy lets the caller be the only one that runs the loop, until it unlocks busy.
func (l *Loop) occupy() error {
	o := l.owner
	switch {
	case o == nil || kernel.LoopTask() != nil || !o.busy.TryLock():
		return anyio.ErrAlreadyRunning
	case l.ended.Load():
		o.busy.Unlock()
		return ErrLoopClosed
	}
	return nil
}

func (l *Loop) runUntilStop() error {
	o := l.owner
	if !o.send(order{run: true}) {
		return ErrLoopClosed
	}
	select {
	case <-o.paused:
		o.adopt()
		return nil
	case <-o.over:
		if o.err != nil {
			return o.err
		}
		return ErrLoopClosed
	}
}

// RunUntilComplete runs the loop until f is done and returns its outcome. The error is
// ErrLoopStopped if Stop was called before, or one of RunForever.
func RunUntilComplete[T any](l *Loop, f Awaitable[T]) (T, error) {
	var zero T
	if err := l.occupy(); err != nil {
		return zero, err
	}
	defer l.owner.busy.Unlock()
	l.use("RunUntilComplete")
	mustBeOf(l, f)
	fut := f.core()
	h := fut.addCallback(l.looper.Halt)
	err := l.runUntilStop()
	fut.removeHandle(h)
	if err != nil {
		return zero, err
	}
	if !fut.Done() {
		return zero, ErrLoopStopped
	}
	return f.Result()
}

// Close closes a loop that is not running. What is scheduled is dropped; tasks that have
// not ended are reported to the exception handler, canceled and waited for. Closing again
// does nothing. The error is anyio.ErrAlreadyRunning if it is running, or belongs to a run
// of package anyio.
func (l *Loop) Close() error {
	o := l.owner
	if o == nil || !o.busy.TryLock() {
		return anyio.ErrAlreadyRunning
	}
	defer o.busy.Unlock()
	if l.ended.Load() {
		return nil
	}
	l.use("Close")
	for _, t := range l.AllTasks() {
		l.CallExceptionHandler(ErrorContext{Message: "task " + t.Name() + " was pending when its loop was closed", Task: t, Future: t})
	}
	if o.send(order{close: true}) {
		<-o.over
	}
	return o.err
}
