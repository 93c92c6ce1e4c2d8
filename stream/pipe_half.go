package stream

import (
	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/waitq"
)

// A pipe is one direction of a Pipe. Either nobody waits, or the sender waits and
// the buffer is full, or the receiver waits and it is empty.
//
// Data is copied with mu held. Only the two sides ask for it, and while one of them
// copies the other has nothing better to do than to wait for that.
type pipe struct {
	mu         waitq.Mutex // guards everything below
	buf        byteRing
	limit      int  // of buf; constant
	ended      bool // no more will be sent
	sendClosed bool // by Close, not only by SendEOF; then ended, too
	recvClosed bool
	sender     pipeCall
	receiver   pipeCall
}

// A pipeCall is the call that waits on one side, of which there is one at a time.
// Whoever wins its waiter (Wake) may touch its data; so may, of a sender, whoever
// holds the lock, because the call takes the lock once more before it returns.
type pipeCall struct {
	kernel.Waiter
	busy bool   // a call has begun to wait and has not returned
	data []byte // what is left to send, or where to receive
	n    int    // how much was sent or received
	err  error  // result of a call that was woken by the end of something
}

// begin makes the call wait. The caller holds mu.
func (c *pipeCall) begin(p kernel.Place, op kernel.Op, data []byte) {
	c.busy, c.data, c.n, c.err = true, data, 0, nil
	c.Prepare(p, op)
}

// waits reports whether a call waits that was neither woken nor canceled.
func (c *pipeCall) waits() bool { return c.busy && c.Waiting() }

// wake ends the wait with a result. It returns the waiter to unpark, nil if nobody
// waits.
func (c *pipeCall) wake(err error) *kernel.Waiter {
	end := c.Wake
	if err != nil {
		end = c.Fail
	}
	if !c.busy || !end() {
		return nil
	}
	c.err = err
	return &c.Waiter
}

// wait parks a call that has begun, and returns its result.
func (h *pipe) wait(p kernel.Place, c *pipeCall) (int, error) {
	err := c.Wait(p)
	kernel.Touch(nil, kernel.Changes)
	h.mu.Lock()
	if err == nil {
		err = c.err
	}
	n := c.n
	c.busy, c.data, c.err = false, nil, nil
	c.Forget()
	h.mu.Unlock()
	return n, err
}

// receive completes a receive, or fails it, if that is possible now: done. The
// caller holds mu, and unparks w, if there is one, after it has released it.
func (h *pipe) receive(buf []byte) (n int, w *kernel.Waiter, done bool, err error) {
	if h.recvClosed {
		return 0, nil, true, anyio.ErrClosed
	}
	if h.receiver.busy {
		return 0, nil, true, &anyio.BusyError{Action: "reading from"}
	}
	n = h.buf.read(buf)
	if s := &h.sender; s.waits() {
		n += s.moved(copy(buf[n:], s.data))
		s.moved(h.buf.write(s.data, h.limit))
		if len(s.data) == 0 {
			w = s.wake(nil)
		}
	}
	switch {
	case n > 0:
		return n, w, true, nil
	case h.ended:
		return 0, nil, true, anyio.ErrEndOfStream
	}
	return 0, nil, false, nil
}

// moved notes that n bytes of a sender's data have been taken.
func (c *pipeCall) moved(n int) int {
	c.data = c.data[n:]
	c.n += n
	return n
}

// send takes as much of data as there is room for and returns the rest. The caller
// holds mu, and unparks w, if there is one, after it has released it.
func (h *pipe) send(data []byte) (rest []byte, w *kernel.Waiter, err error) {
	switch {
	case h.ended:
		return data, nil, anyio.ErrClosed
	case h.sender.busy:
		return data, nil, &anyio.BusyError{Action: "writing to"}
	case h.recvClosed:
		return data, nil, anyio.ErrBroken
	}
	if len(data) == 0 {
		return nil, nil, nil
	}
	if r := &h.receiver; r.waits() {
		if w = r.wake(nil); w != nil {
			r.n = copy(r.data, data)
			data = data[r.n:]
		}
	}
	return data[h.buf.write(data, h.limit):], w, nil
}

// end is SendEOF.
func (h *pipe) end() (w *kernel.Waiter, err error) {
	switch {
	case h.sendClosed:
		return nil, anyio.ErrClosed
	case h.ended:
		return nil, nil
	case h.sender.busy:
		return nil, &anyio.BusyError{Action: "writing to"}
	}
	h.ended = true
	return h.receiver.wake(anyio.ErrEndOfStream), nil
}

// closeSender closes the sending side and adds those who wait to woken. What is in
// the buffer is still received.
func (h *pipe) closeSender(woken *kernel.Woken) {
	h.mu.Lock()
	h.ended, h.sendClosed = true, true
	h.sender.end(anyio.ErrClosed, woken)
	h.receiver.end(anyio.ErrEndOfStream, woken)
	h.mu.Unlock()
}

// closeReceiver closes the receiving side, as closeSender does the other, and drops
// what is in the buffer.
func (h *pipe) closeReceiver(woken *kernel.Woken) {
	h.mu.Lock()
	h.recvClosed = true
	h.buf = byteRing{}
	h.sender.end(anyio.ErrBroken, woken)
	h.receiver.end(anyio.ErrClosed, woken)
	h.mu.Unlock()
}

// end is wake that adds the waiter to woken.
func (c *pipeCall) end(err error, woken *kernel.Woken) {
	if w := c.wake(err); w != nil {
		woken.Add(w)
	}
}
