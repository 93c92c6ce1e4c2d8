package netconn

import (
	"errors"
	"net"
	"syscall"

	"github.com/anyio-go/anyio/internal/interrupt"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netaddr"
)

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
	return interrupt.Ops
}

// under is what a socket is made of: a net.Conn, a net.PacketConn, or a listener in
// the guise of one.
type under interface {
	interrupt.Deadlined
	LocalAddr() net.Addr
}

// sock is what all sockets have.
type sock struct {
	interrupt.Socket
	connected bool // D is a net.Conn whose remote address counts
}

func (s *sock) init(c under, ops *kernel.SocketOps) { s.D, s.Ops = c, ops }

func (s *sock) LocalAddr() kernel.Addr { return netaddr.FromNet(s.D.(under).LocalAddr()) }

func (s *sock) RemoteAddr() kernel.Addr {
	if s.connected {
		return netaddr.FromNet(s.D.(net.Conn).RemoteAddr())
	}
	return kernel.Addr{}
}

func (s *sock) SyscallConn() (syscall.RawConn, error) {
	var c any = s.D
	if l, ok := c.(listening); ok {
		c = l.Listener
	}
	if c, ok := c.(syscall.Conn); ok {
		return c.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}
