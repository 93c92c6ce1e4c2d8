package stream

import (
	"context"
	"fmt"
	"runtime"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/unclosed"
)

// Pipe makes two byte streams inside the process that are connected to each
// other: what one sends the other receives. In each direction up to buffer bytes
// are stored while nobody receives; with a buffer of 0 each Send waits until all
// of its data is received. Close both. It is there for tests, and for protocols
// between two tasks.
//
// The two streams may be used by tasks and goroutines of different backends. A
// send synchronizes before the return of the receive that gets its data. When one
// is closed, what it has sent is still received, and sending to it gives ErrBroken.
//
// A negative buffer is a misuse: Pipe panics with an *anyio.MisuseError.
func Pipe(buffer int) (a, b ByteStream) {
	if buffer < 0 {
		panic(&anyio.MisuseError{Text: fmt.Sprintf("stream: the buffer of a pipe cannot be negative, it is %d: use 0 for none", buffer)})
	}
	return newPipe(buffer, kernel.CallerPC(1))
}

func newPipe(buffer int, pc uintptr) (a, b *pipeEnd) {
	there, back := &pipe{limit: buffer}, &pipe{limit: buffer}
	a, b = &pipeEnd{in: back, out: there}, &pipeEnd{in: there, out: back}
	if kernel.DebugRuns() {
		a.watch = unclosed.New(a, "stream.Pipe", pc)
		b.watch = unclosed.New(b, "stream.Pipe", pc)
	}
	return a, b
}

// A pipeEnd is one of the two streams made by Pipe.
type pipeEnd struct {
	in, out *pipe
	watch   *unclosed.Watch
}

var (
	opPipeReceive = kernel.RegisterOp("Pipe.Receive")
	opPipeSend    = kernel.RegisterOp("Pipe.Send")
)

// Receive implements ByteReceiveStream.
func (e *pipeEnd) Receive(ctx context.Context, buf []byte) (int, error) {
	p, err := kernel.Enter(ctx)
	kernel.Touch(nil, kernel.Changes)
	if err != nil {
		return 0, err
	}
	if len(buf) == 0 {
		return 0, errEmptyBuffer
	}
	h := e.in
	h.mu.Lock()
	n, w, done, err := h.receive(buf)
	if done {
		h.mu.Unlock()
		if w != nil {
			w.Unpark()
		}
		if err != nil {
			err = p.CanceledOr(err)
		}
		kernel.Preempt()
		kernel.Touch(nil, kernel.Changes)
		return n, err
	}
	h.receiver.begin(p, opPipeReceive, buf)
	h.mu.Unlock()
	return h.wait(p, &h.receiver)
}

var errEmptyBuffer = &anyio.MisuseError{Text: "stream: Receive needs a buffer with room for at least one byte, its length is 0"}

// Send implements ByteSendStream.
func (e *pipeEnd) Send(ctx context.Context, data []byte) error {
	_, err := e.SendCounted(ctx, data)
	return err
}

// SendCounted implements CountingSender.
func (e *pipeEnd) SendCounted(ctx context.Context, data []byte) (int, error) {
	p, err := kernel.Enter(ctx)
	kernel.Touch(nil, kernel.Changes)
	if err != nil {
		return 0, err
	}
	h := e.out
	h.mu.Lock()
	rest, w, err := h.send(data)
	done := err != nil || len(rest) == 0
	if !done {
		h.sender.begin(p, opPipeSend, rest)
	}
	h.mu.Unlock()
	if w != nil {
		w.Unpark()
	}
	if done {
		if err != nil {
			err = p.CanceledOr(err)
		}
		kernel.Preempt()
		kernel.Touch(nil, kernel.Changes)
		return len(data) - len(rest), err
	}
	n, err := h.wait(p, &h.sender)
	return len(data) - len(rest) + n, err
}

// SendEOF implements ByteStream. While another task sends it returns a *BusyError.
func (e *pipeEnd) SendEOF(ctx context.Context) error {
	p, err := kernel.Enter(ctx)
	kernel.Touch(nil, kernel.Changes)
	if err != nil {
		return err
	}
	h := e.out
	h.mu.Lock()
	w, err := h.end()
	h.mu.Unlock()
	if w != nil {
		w.Unpark()
	}
	if err != nil {
		err = p.CanceledOr(err)
	}
	kernel.Preempt()
	kernel.Touch(nil, kernel.Changes)
	return err
}

// Close implements Resource. It never waits and always returns nil.
func (e *pipeEnd) Close(ctx context.Context) error {
	kernel.Preempt()
	kernel.Touch(nil, kernel.Changes)
	var woken kernel.Woken
	e.out.closeSender(&woken)
	e.in.closeReceiver(&woken)
	woken.Unpark()
	e.watch.Stop()
	runtime.KeepAlive(e)
	kernel.Preempt()
	kernel.Touch(nil, kernel.Changes)
	return nil
}
