package netconn

import (
	"errors"
	"net"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A Stream is a net.Conn as a kernel.StreamConn.
type Stream struct{ sock }

var _ kernel.StreamConn = (*Stream)(nil)

func newStream(c net.Conn) *Stream {
	s := &Stream{}
	s.init(c, opsOf(c))
	s.connected = true
	s.Try()
	return s
}

// NetConn is the connection beneath. Whoever sets deadlines on it has them
// removed by a canceled call.
func (s *Stream) NetConn() net.Conn { return s.D.(net.Conn) }

// CloseWrite sends the end of the stream; the error matches errors.ErrUnsupported
// if the connection cannot.
func (s *Stream) CloseWrite() error { return closeWrite(s.D) }

// Abort closes, a TCP connection with a reset.
func (s *Stream) Abort() error {
	linger(s.D)
	return s.Close()
}

func closeWrite(c any) error {
	if c, ok := c.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return errors.ErrUnsupported
}

// linger makes the Close of a TCP connection a reset.
func linger(c any) {
	if c, ok := c.(interface{ SetLinger(int) error }); ok {
		_ = c.SetLinger(0) // fails if it is closed, or reset by the other side
	}
}
