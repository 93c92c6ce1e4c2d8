package netconn

import (
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A side is one direction of a socket, in which one call goes on at a time. Whoever
// closes the socket decides the wait of that call, before the call itself fails: so
// what came first, the end of the socket or that of the caller's scope, is its error.
type side struct {
	kernel.External // the wait of a goroutine

	job    atomic.Pointer[job] // the call of a loop's task
	closed atomic.Bool
}

// close is called before the socket is closed.
func (s *side) close() {
	s.closed.Store(true)
	s.Close()
	if j := s.job.Load(); j != nil {
		j.close()
	}
}

// begin begins the wait of a goroutine.
func (s *side) begin(p kernel.Place, op kernel.Op, i kernel.Interrupter) error {
	err := s.Begin(p, op, i)
	if err == nil && s.closed.Load() {
		s.Close()
	}
	return err
}

// block makes a call that returns early when i is interrupted. Canceled is the
// cancellation, if that was first; if the call was not made at all, made is false. The
// calls of which a program makes many do the same by themselves, without a closure.
func (s *side) block(p kernel.Place, op kernel.Op, i kernel.Interrupter, call func() error) (made bool, canceled error) {
	if t := p.RunningTask(); t != nil {
		return true, s.offload(p, t, op, i, call)
	}
	if err := s.begin(p, op, i); err != nil {
		return false, err
	}
	err := call()
	return true, s.End(p, err != nil)
}

// offload makes a call on another goroutine, and lets the calling task t wait for
// it. It returns when the call has ended; the error is as that of block.
func (s *side) offload(p kernel.Place, t *kernel.Task, op kernel.Op, i kernel.Interrupter, call func() error) error {
	run := t.Scope.Run()
	run.Outside(1)
	defer run.Outside(-1)
	j := &job{call: call}
	j.Init()
	j.Prepare(p, op)
	s.job.Store(j)
	if s.closed.Load() {
		j.close()
	}
	run.Offload(j)
	canceled := j.wait(p)
	if canceled != nil {
		i.Interrupt()
	}
	j.done.WaitShieldedAt(p, op)
	s.job.Store(nil)
	if j.panicked != nil {
		panic(j.panicked)
	}
	if canceled == nil && j.err != nil && !j.closed.Load() {
		canceled = p.CanceledOr(nil)
	}
	return canceled
}

// A job is a call on another goroutine.
type job struct {
	kernel.Blocker // of the task, until the call has ended or the task leaves it
	call           func() error
	err            error
	done           kernel.Latch
	panicked       any
	closed         atomic.Bool // what the call is made on, while the task waited
}

// RunJob makes the call. A panic of somebody's net.Conn goes on in the task.
func (j *job) RunJob() {
	defer j.done.Open()
	defer func() { j.panicked = recover() }()
	j.err = j.call()
}

// close decides the wait in favor of who closes what it is for.
func (j *job) close() {
	if !j.Fail() {
		return
	}
	j.closed.Store(true)
	j.Unpark()
}

// wait parks the task until the call has ended, what it is made on is closed, or p is
// canceled.
func (j *job) wait(p kernel.Place) (canceled error) {
	if j.done.Enqueue(&j.Node) {
		canceled = j.Wait(p)
		j.done.Dequeue(&j.Node)
	} else if !j.Restart() {
		canceled = j.Wait(p) // closed meanwhile
	}
	return canceled
}

// past is a deadline that has passed.
var past = time.Unix(1, 0)
