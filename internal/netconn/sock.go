package netconn

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
)

// connOps are of a net.Conn that somebody gave us.
var connOps = kernel.NewSocketOps("Conn")

// opsOf chooses by the type of a net.Conn, net.Listener or net.PacketConn.
func opsOf(v any) *kernel.SocketOps {
	switch v.(type) {
	case *net.TCPConn, *net.TCPListener:
		return kernel.TCPOps
	case *net.UDPConn:
		return kernel.UDPOps
	case *net.UnixConn, *net.UnixListener:
		return kernel.UNIXOps
	}
	return connOps
}

// under is what a socket is made of: a net.Conn, a net.PacketConn, or a listener in
// the guise of one.
type under interface {
	LocalAddr() net.Addr
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
	Close() error
}

// sock is what all sockets have.
type sock struct {
	c         under
	ops       *kernel.SocketOps
	connected bool // c is a net.Conn whose remote address counts
	reading   side
	writing   side
	reset     atomic.Pointer[error] // of the connection, that only a canceled call was told
}

// readSide and writeSide interrupt the calls in one direction.
type (
	readSide  sock
	writeSide sock
)

func (s *readSide) Interrupt()  { _ = s.c.SetReadDeadline(past) }
func (s *writeSide) Interrupt() { _ = s.c.SetWriteDeadline(past) }

// endRead decides what a read returns that was canceled first: what it has brought,
// else the cancellation. It removes the deadline.
//
//go:noinline
func (s *sock) endRead(done bool, err, canceled error) error {
	_ = s.c.SetReadDeadline(time.Time{})
	return s.verdict(done, err, canceled)
}

// endWrite is endRead for writing, done if all has been written.
//
//go:noinline
func (s *sock) endWrite(done bool, err, canceled error) error {
	_ = s.c.SetWriteDeadline(time.Time{})
	return s.verdict(done, err, canceled)
}

func (s *sock) verdict(done bool, err, canceled error) error {
	if err == nil || done {
		return nil
	}
	if isReset(err) { // the system tells it once
		s.reset.Store(&err)
	}
	return canceled
}

func (s *sock) LocalAddr() kernel.Addr { return addrOf(s.c.LocalAddr()) }

func (s *sock) RemoteAddr() kernel.Addr {
	if s.connected {
		return addrOf(s.c.(net.Conn).RemoteAddr())
	}
	return kernel.Addr{}
}

// Close closes the socket; those who wait get net.ErrClosed.
func (s *sock) Close() error {
	s.closing()
	return closeOnce(s.c)
}

// closing precedes the closing of the socket.
func (s *sock) closing() {
	s.reading.close()
	s.writing.close()
}

func (s *sock) closed() bool { return s.writing.closed.Load() }

// failed is the error of a call: net.ErrClosed after Close, also where somebody's
// net.Conn has an error of its own for that.
//
//go:noinline
func (s *sock) failed(err error) error {
	if err == nil || s.ops != connOps || !s.closed() || errors.Is(err, net.ErrClosed) || errors.Is(err, context.Canceled) {
		return portable(err)
	}
	return net.ErrClosed
}

// closeOnce closes; a second time is no error.
func closeOnce(c interface{ Close() error }) error {
	if err := c.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

func (s *sock) SyscallConn() (syscall.RawConn, error) {
	var c any = s.c
	if l, ok := c.(listening); ok {
		c = l.Listener
	}
	if c, ok := c.(syscall.Conn); ok {
		return c.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}
