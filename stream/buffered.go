package stream

import (
	"context"
	"sync/atomic"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A BufferedReceiver receives from a byte stream by count and by delimiter. What it
// has received too much it keeps for the next call, and so it does with everything
// received when a call fails: an error loses no data.
//
// One task at a time may receive; another gets a *BusyError. Close may be called at
// any time. The wrapped stream belongs to it and must not be received from directly.
type BufferedReceiver struct {
	s      ByteReceiveStream
	guard  anyio.ResourceGuard // guards what follows
	data   []byte              // received and not consumed
	free   []byte              // the whole of the memory of data
	closed atomic.Bool
}

// NewBufferedReceiver wraps a byte stream. For a stream of pieces see
// AsByteReceiveStream.
func NewBufferedReceiver(s ByteReceiveStream) *BufferedReceiver {
	r := &BufferedReceiver{s: s}
	r.guard.Action = "reading from"
	return r
}

// enter begins a call that receives; leave ends it if there was no error.
func (r *BufferedReceiver) enter(ctx context.Context) error {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return err
	}
	if err := r.acquire(); err != nil {
		return p.CanceledOr(err)
	}
	return nil
}

func (r *BufferedReceiver) acquire() error {
	if r.closed.Load() {
		return anyio.ErrClosed
	}
	return r.guard.Acquire()
}

func (r *BufferedReceiver) leave() { r.guard.Release() }

// Receive implements ByteReceiveStream: it gives what is buffered, or else waits for
// the wrapped stream. Cancellation: no byte is lost.
func (r *BufferedReceiver) Receive(ctx context.Context, buf []byte) (int, error) {
	if err := r.enter(ctx); err != nil {
		return 0, err
	}
	defer r.leave()
	switch {
	case len(buf) == 0:
		return 0, errEmptyBuffer
	case len(r.data) == 0:
		return r.s.Receive(ctx, buf)
	}
	n := copy(buf, r.data)
	r.consume(n)
	return n, nil
}

// ReceiveExactly waits for n bytes and returns them in a slice of their own. If the
// stream ends before, the error is ErrEndOfStream if there was nothing at all, else
// an *IncompleteReadError. Memory grows with what arrives, not with n.
//
// Cancellation: no byte is lost; what was received is there for the next call, as
// it is after every other error.
func (r *BufferedReceiver) ReceiveExactly(ctx context.Context, n int) ([]byte, error) {
	if err := checkCount("ReceiveExactly", n); err != nil {
		return nil, err
	}
	if err := r.enter(ctx); err != nil {
		return nil, err
	}
	defer r.leave()
	if err := r.fill(ctx, n); err != nil {
		return nil, err
	}
	got := append(make([]byte, 0, n), r.data[:n]...)
	r.consume(n)
	return got, nil
}

// ReceiveFull is like ReceiveExactly but receives into a buffer of the caller's, all of
// which it fills unless it fails. Cancellation: as for ReceiveExactly.
func (r *BufferedReceiver) ReceiveFull(ctx context.Context, buf []byte) error {
	if err := r.enter(ctx); err != nil {
		return err
	}
	defer r.leave()
	if err := r.fill(ctx, len(buf)); err != nil {
		return err
	}
	copy(buf, r.data)
	r.consume(len(buf))
	return nil
}

// Peek waits for n bytes and returns them, but leaves them in the buffer. The slice is
// valid until the next call. The errors are those of ReceiveExactly. Cancellation: as
// for ReceiveExactly.
func (r *BufferedReceiver) Peek(ctx context.Context, n int) ([]byte, error) {
	if err := checkCount("Peek", n); err != nil {
		return nil, err
	}
	if err := r.enter(ctx); err != nil {
		return nil, err
	}
	defer r.leave()
	if err := r.fill(ctx, n); err != nil {
		return nil, err
	}
	return r.data[:n:n], nil
}

// Buffered returns what is in the buffer. The slice is valid until the next call. Only
// the task that receives may call it.
func (r *BufferedReceiver) Buffered() []byte { return r.data[:len(r.data):len(r.data)] }

// FeedData appends a copy of data to the buffer, as if it had been received: what
// was read ahead by a parser, for instance. It never waits. The error is ErrClosed,
// or a *BusyError while another task receives.
func (r *BufferedReceiver) FeedData(data []byte) error {
	if err := r.acquire(); err != nil {
		return err
	}
	defer r.leave()
	r.reserve(len(data))
	r.data = append(r.data, data...)
	return nil
}

// Close closes the wrapped stream. What is buffered is gone. Cancellation: as for Close
// of the wrapped stream.
func (r *BufferedReceiver) Close(ctx context.Context) error {
	r.closed.Store(true)
	return r.s.Close(ctx)
}

// Attributes returns those of the wrapped stream.
func (r *BufferedReceiver) Attributes() attr.Set { return attr.Of(r.s) }

// A BufferedStream is a byte stream with a BufferedReceiver for one direction. What
// is sent goes straight to the wrapped stream.
type BufferedStream struct {
	BufferedReceiver
	both ByteStream
}

// NewBuffered wraps a byte stream. For a stream of pieces see AsByteStream.
func NewBuffered(s ByteStream) *BufferedStream {
	b := &BufferedStream{both: s}
	b.s, b.guard.Action = s, "reading from"
	return b
}

// Send implements ByteSendStream. Cancellation: as for Send of the wrapped stream.
func (b *BufferedStream) Send(ctx context.Context, data []byte) error { return b.both.Send(ctx, data) }

// SendEOF implements ByteStream. Cancellation: as for SendEOF of the wrapped stream.
func (b *BufferedStream) SendEOF(ctx context.Context) error { return b.both.SendEOF(ctx) }

// BufferedConnectable makes buffered streams of the connections of c.
func BufferedConnectable[S ByteStream](c Connectable[S]) Connectable[*BufferedStream] {
	return bufferedConnectable[S]{c}
}

type bufferedConnectable[S ByteStream] struct{ c Connectable[S] }

// Connect implements Connectable.
func (b bufferedConnectable[S]) Connect(ctx context.Context) (*BufferedStream, error) {
	s, err := b.c.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return NewBuffered(s), nil
}
