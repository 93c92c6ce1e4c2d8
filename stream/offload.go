package stream

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime/debug"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/waitq"
)

// An offloadedOp is one side of something whose calls block their goroutine and
// cannot be interrupted. They are made on another goroutine, with a buffer of the
// op's own, so that the caller can leave: then the call goes on, and the caller
// that comes next finds its result. In the simulator a call is one step and is made
// in place.
type offloadedOp struct {
	kernel.Waiter // of the caller that waits
	f             func(p []byte) (int, error)
	action        string // for BusyError; constant
	mu            waitq.Mutex
	closed        bool // this and what follows is guarded by mu
	busy          bool // a caller waits
	cut           bool // close has ended its wait
	running       bool // f has been called with buf and has not returned
	buf           []byte
	done          bool // f has returned: what follows is its result, which nobody has taken yet
	n             int
	err           error
	panicked      *anyio.PanicError
}

const maxOffloaded = 64 << 10 // bytes in one call

var errGoexit = errors.New("the call exited its goroutine")

// enter locks the op for a caller, or fails. It raises a panic that nobody has seen.
func (c *offloadedOp) enter(p kernel.Place) error {
	c.mu.Lock()
	switch {
	case c.closed:
		c.mu.Unlock()
		return p.CanceledOr(anyio.ErrClosed)
	case c.busy:
		c.mu.Unlock()
		return &anyio.BusyError{Action: c.action}
	case c.panicked != nil: // in a call that was abandoned
		c.raise()
	}
	return nil
}

// raise panics as f has. The caller holds mu, which is released.
func (c *offloadedOp) raise() {
	pe := c.panicked
	c.panicked, c.done, c.err = nil, false, nil
	c.mu.Unlock()
	panic(pe)
}

// await waits until f has returned or the op is closed, after calling it if it is
// not running. The caller holds mu, which is released meanwhile. A panic of f is
// raised again here; then mu is not held.
func (c *offloadedOp) await(p kernel.Place, op kernel.Op) (err error) {
	start, run := !c.running, p.Run()
	c.running, c.busy, c.cut = true, true, false
	if run.InPlace(true) {
		c.mu.Unlock()
		c.RunJob()
	} else {
		c.Prepare(p, op)
		c.mu.Unlock()
		if start {
			run.Offload(c)
		}
		err = c.Wait(p)
	}
	c.mu.Lock()
	c.busy = false
	c.Forget()
	switch {
	case err != nil:
		return err
	case c.cut:
		return anyio.ErrClosed
	case c.closed:
		return p.CanceledOr(anyio.ErrClosed)
	case c.panicked != nil:
		c.raise()
	}
	return nil
}

// RunJob calls f and wakes the caller if it still waits.
func (c *offloadedOp) RunJob() {
	n, err := 0, errGoexit
	var panicked *anyio.PanicError
	returned := false
	defer func() {
		if !returned {
			if v := recover(); v != nil {
				panicked = &anyio.PanicError{Value: v, Stack: debug.Stack(), Task: c.action}
			}
		}
		c.mu.Lock()
		c.running = false
		c.done, c.n, c.err, c.panicked = true, n, err, panicked
		wake := c.busy && c.Wake()
		c.mu.Unlock()
		if wake {
			c.Unpark()
		}
	}()
	n, err = c.f(c.buf)
	returned = true
}

// close lets the caller that waits go on and those fail that come. It reports
// whether it was the first call.
func (c *offloadedOp) close() bool {
	c.mu.Lock()
	first := !c.closed
	c.closed = true
	wake := c.busy && c.Fail()
	c.cut = c.cut || wake
	c.mu.Unlock()
	if wake {
		c.Unpark()
	}
	return first
}

// room makes buf n bytes long, or as long as a call may be.
func (c *offloadedOp) room(n int) {
	n = min(n, maxOffloaded)
	if cap(c.buf) < n {
		c.buf = make([]byte, n)
	}
	c.buf = c.buf[:n]
}

// outsideError is an error of something outside as a stream's error.
func outsideError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrClosed), errors.Is(err, net.ErrClosed):
		return anyio.ErrClosed
	}
	return &anyio.BrokenError{Cause: err}
}

// closeOutside calls a Close that may block, not minding cancellation, and without
// holding up other tasks.
func closeOutside(ctx context.Context, c io.Closer) error {
	err := anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
		_, err := anyio.RunBlockingValue(ctx, func() (struct{}, error) { return struct{}{}, c.Close() })
		return err
	})
	if err = outsideError(err); errors.Is(err, anyio.ErrClosed) {
		return nil // somebody else was faster
	}
	return err
}
