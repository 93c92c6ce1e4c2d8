package netconn

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A Stream is a net.Conn as a kernel.StreamConn.
type Stream struct {
	sock
	conn net.Conn
}

var _ kernel.StreamConn = (*Stream)(nil)

func newStream(c net.Conn) *Stream {
	return &Stream{sock: sock{c: c, ops: opsOf(c), connected: true}, conn: c}
}

// NetConn is the connection beneath. Whoever sets deadlines on it has them
// removed by a canceled call.
func (s *Stream) NetConn() net.Conn { return s.conn }

// Read reads at least one byte. See kernel.StreamConn.
func (s *Stream) Read(ctx context.Context, p []byte) (int, error) {
	pl, err := kernel.Enter(ctx)
	if err != nil {
		return 0, err
	}
	if t := pl.RunningTask(); t != nil {
		return s.readElsewhere(pl, t, p)
	}
	n := 0
	if err = s.reading.begin(pl, s.ops.Read, (*readSide)(&s.sock)); err == nil {
		n, err = s.conn.Read(p)
		if canceled := s.reading.End(pl, err != nil); canceled != nil {
			err = s.endRead(n > 0, err, canceled)
		}
	}
	if err != nil {
		return s.outcome(n, err)
	}
	return n, nil
}

// outcome is what a read returns: an error that comes with data comes again.
//
//go:noinline
func (s *Stream) outcome(n int, err error) (int, error) {
	if err == nil || n > 0 {
		return n, nil
	}
	if reset := s.reset.Load(); reset != nil && err == io.EOF {
		err = *reset
	}
	return 0, s.failed(err)
}

func (s *Stream) readElsewhere(pl kernel.Place, t *kernel.Task, p []byte) (n int, err error) {
	canceled := s.reading.offload(pl, t, s.ops.Read, (*readSide)(&s.sock), func() error {
		n, err = s.conn.Read(p)
		return err
	})
	if canceled != nil {
		err = s.endRead(n > 0, err, canceled)
	}
	return s.outcome(n, err)
}

// Write writes all of p, or tells how much it has written. See kernel.StreamConn.
func (s *Stream) Write(ctx context.Context, p []byte) (int, error) {
	pl, err := kernel.Enter(ctx)
	if err != nil {
		return 0, err
	}
	if t := pl.RunningTask(); t != nil {
		return s.writeElsewhere(pl, t, p)
	}
	n := 0
	if err = s.writing.begin(pl, s.ops.Write, (*writeSide)(&s.sock)); err == nil {
		n, err = s.conn.Write(p)
		if canceled := s.writing.End(pl, err != nil); canceled != nil {
			err = s.endWrite(n == len(p), err, canceled)
		}
	}
	if err != nil {
		err = s.failed(err)
	}
	return n, err
}

func (s *Stream) writeElsewhere(pl kernel.Place, t *kernel.Task, p []byte) (n int, err error) {
	canceled := s.writing.offload(pl, t, s.ops.Write, (*writeSide)(&s.sock), func() error {
		n, err = s.conn.Write(p)
		return err
	})
	if canceled != nil {
		err = s.endWrite(n == len(p), err, canceled)
	}
	return n, s.failed(err)
}

// CloseWrite sends the end of the stream; the error matches errors.ErrUnsupported
// if the connection cannot.
func (s *Stream) CloseWrite() error { return closeWrite(s.conn) }

// Abort closes, a TCP connection with a reset.
func (s *Stream) Abort() error {
	s.closing()
	return abort(s.conn)
}

func closeWrite(c net.Conn) error {
	if c, ok := c.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return errors.ErrUnsupported
}

func abort(c net.Conn) error {
	if c, ok := c.(interface{ SetLinger(int) error }); ok {
		_ = c.SetLinger(0) // fails if it is closed, or reset by the other side
	}
	return closeOnce(c)
}
