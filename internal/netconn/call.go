package netconn

import (
	"errors"
	"net"
	"os"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
)

// block makes a call that returns early when i is interrupted. The error is the
// cancellation, if i was interrupted; if the call was not made at all, nothing
// that it sets is set. The calls of which a program makes many do the same by
// themselves, without a closure.
func block(p kernel.Place, op kernel.Op, i kernel.Interrupter, call func()) error {
	if t := p.RunningTask(); t != nil {
		return offload(p, t, op, i, call)
	}
	x := kernel.GetExternal()
	err := x.Begin(p, op, i)
	if err == nil {
		call()
		err = x.End(p)
	}
	kernel.PutExternal(x)
	return err
}

// A job is a call on another goroutine.
type job struct {
	call     func()
	done     kernel.Latch
	panicked any
}

// RunJob makes the call. A panic of somebody's net.Conn goes on in the task.
func (j *job) RunJob() {
	defer j.done.Open()
	defer func() { j.panicked = recover() }()
	j.call()
}

// offload makes a call on another goroutine, and lets the calling task t wait for
// it. It returns when the call has ended; the error is as that of block.
func offload(p kernel.Place, t *kernel.Task, op kernel.Op, i kernel.Interrupter, call func()) error {
	j := &job{call: call}
	run := t.Scope.Run()
	wait := j.wait
	if run.Virtual {
		wait = j.poll
	}
	if run.Virtual {
		go j.RunJob()
	} else {
		run.Offload(j)
	}
	err := wait(p, op, false)
	if err != nil {
		i.Interrupt()
		_ = wait(p, op, true)
	}
	if j.panicked != nil {
		panic(j.panicked)
	}
	return err
}

// wait parks the task until the call has ended or, unless shielded, p is canceled.
func (j *job) wait(p kernel.Place, op kernel.Op, shielded bool) error {
	b := kernel.GetBlocker()
	if shielded {
		b.PrepareShielded(p, op)
	} else {
		b.Prepare(p, op)
	}
	var err error
	if j.done.Enqueue(&b.Node) {
		err = b.Wait(p)
		j.done.Dequeue(&b.Node)
	}
	kernel.PutBlocker(b)
	return err
}

// poll is wait in the simulator, where a call to the world outside takes no time:
// the clock stands still while the task is ready. Other tasks run meanwhile.
func (j *job) poll(p kernel.Place, _ kernel.Op, shielded bool) error {
	run := p.RunningTask().Scope.Run()
	for !j.done.IsOpen() {
		run.Yield(true)
		if !shielded {
			if err := p.Check(); err != nil {
				return err
			}
		}
		if !j.done.IsOpen() {
			time.Sleep(20 * time.Microsecond) // of the world's time
		}
	}
	return nil
}

// past is a deadline that has passed.
var past = time.Unix(1, 0)

// isTimeout reports whether a call failed because of a deadline.
func isTimeout(err error) bool {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}
