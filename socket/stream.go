package socket

import (
	"context"
	"io"
	"sync/atomic"
	"syscall"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netaddr"
	"github.com/anyio-go/anyio/stream"
)

// A Stream is a connected TCP or UNIX stream socket. Its methods may be called from
// any task and goroutine; one call of Receive and one of Send may go on at the same
// time. Close it.
type Stream struct {
	endpoint
	c       kernel.StreamConn // = conn
	reading readGuard
	writing writeGuard
	sentEOF atomic.Bool
	reset   atomic.Bool // Send was told that the other side has reset the connection
}

var (
	_ stream.ByteStream        = (*Stream)(nil)
	_ stream.CountingSender    = (*Stream)(nil)
	_ stream.BorrowingReceiver = (*Stream)(nil)
)

// newStream wraps a socket; pc is where the user asked for it.
func newStream(c kernel.StreamConn, pc uintptr) *Stream {
	s := &Stream{}
	s.init(c)
	return watched(s, &s.endpoint, "socket.Stream", pc)
}

func (s *Stream) init(c kernel.StreamConn) {
	s.conn, s.c, s.connected = c, c, true
	s.network = "tcp"
	if familyOf(c.LocalAddr()) == Unix {
		s.network = "unix"
	}
}

var errEmptyBuffer = misuse("Receive needs a buffer with room for at least one byte, its length is 0")

// Receive waits for data and reads between 1 and len(buf) bytes into buf. The errors
// are ErrClosed after Close, io.EOF after the last byte, an *anyio.BrokenError if the
// connection failed, and an *anyio.BusyError if another task receives.
//
// Cancellation: no byte is lost.
func (s *Stream) Receive(ctx context.Context, buf []byte) (int, error) {
	if len(buf) == 0 {
		return 0, s.refused(ctx, errEmptyBuffer)
	}
	if err := s.reading.Acquire(); err != nil {
		return 0, s.refused(ctx, err)
	}
	return s.received(s.c.Read(ctx, buf))
}

// received ends a Receive. It is apart from it, and no defer, for the sake of a small stack.
//
//go:noinline
func (s *Stream) received(n int, err error) (int, error) {
	s.reading.Release()
	if err != nil {
		err = s.receiveFailed(err)
	}
	return n, err
}

// Send sends all of data, waiting while the other side is slow. The errors are
// ErrClosed after Close or SendEOF, an *anyio.BrokenError if the connection failed or
// the other side has closed it, and an *anyio.BusyError if another task sends.
//
// Cancellation: an unknown part of data may have been sent.
func (s *Stream) Send(ctx context.Context, data []byte) error {
	if err := s.beginSend(ctx); err != nil { // not by SendCounted, for the sake of a small stack
		return err
	}
	_, err := s.c.Write(ctx, data)
	s.writing.Release()
	if err != nil {
		err = s.sendFailed(err)
	}
	return err
}

// SendCounted is like Send but also returns how many bytes of data were sent, which
// does not mean that the other side has received them. Cancellation: the number of
// bytes sent is returned with it.
func (s *Stream) SendCounted(ctx context.Context, data []byte) (int, error) {
	if err := s.beginSend(ctx); err != nil {
		return 0, err
	}
	n, err := s.c.Write(ctx, data)
	s.writing.Release()
	if err != nil {
		err = s.sendFailed(err)
	}
	return n, err
}

// sendFailed and receiveFailed are failed. The system tells of a reset once: if Send
// was told, Receive must not take what is left for the end of the stream.
//
//go:noinline
func (s *Stream) sendFailed(err error) error {
	if netaddr.IsReset(err) {
		s.reset.Store(true)
	}
	return s.failed(err)
}

//go:noinline
func (s *Stream) receiveFailed(err error) error {
	if err == io.EOF && s.reset.Load() {
		err = syscall.ECONNRESET
	}
	return s.failed(err)
}

// beginSend enters the guard of those who send.
//
//go:noinline
func (s *Stream) beginSend(ctx context.Context) error {
	if err := s.writing.Acquire(); err != nil {
		return s.refused(ctx, err)
	}
	if s.sentEOF.Load() {
		s.writing.Release()
		return s.refused(ctx, anyio.ErrClosed)
	}
	return nil
}

// SendEOF tells the other side that no more data will come; receiving goes on. Further
// calls do nothing. The errors are those of Send. Cancellation: nothing was sent.
func (s *Stream) SendEOF(ctx context.Context) error {
	if _, err := kernel.Enter(ctx); err != nil {
		return err
	}
	if err := s.writing.Acquire(); err != nil {
		return s.refused(ctx, err)
	}
	defer s.writing.Release()
	if s.closed.Load() {
		return s.refused(ctx, anyio.ErrClosed)
	}
	if s.sentEOF.Load() {
		return nil
	}
	if err := s.c.CloseWrite(); err != nil {
		return s.failed(err)
	}
	s.sentEOF.Store(true)
	return nil
}

// Abort closes the stream as Close does, but over TCP the other side gets a reset, and
// what was not delivered yet is thrown away. Cancellation: ignored; it never waits.
func (s *Stream) Abort(ctx context.Context) error { return s.close(s.c.Abort) }
