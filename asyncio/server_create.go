package asyncio

import (
	"context"
	"crypto/tls"
	"io/fs"
	"net"
	"time"

	"github.com/anyio-go/anyio/internal/inside"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/socket"
)

// defaultBacklog is how many connections may wait to be accepted unless it is said.
const defaultBacklog = 100

// ServerOptions say where a server listens, for CreateServer.
type ServerOptions struct {
	// Hosts are the host names or addresses to listen on; none, or "", means all addresses
	// of the machine.
	Hosts []string
	// Port is the port; 0 lets the system choose one for each host.
	Port int
	// Family restricts addresses to IPv4 or IPv6.
	Family socket.AddressFamily
	// Socket is a *socket.TCPListener, or what socket.AdoptListener takes, in place of
	// Hosts and Port. It belongs to the server, unless it is refused.
	Socket any
	// Backlog is how many connections may wait to be accepted, and are accepted at once;
	// 0 is 100.
	Backlog int
	// TLS, if not nil, makes the connections encrypted ones. Protocols are told of them after
	// the handshake; the exception handler is told of handshakes that have failed, the
	// default one at most once a second.
	TLS *tls.Config
	// HandshakeTimeout is how long a handshake may take; 0 is DefaultHandshakeTimeout.
	// Without TLS it must be 0.
	HandshakeTimeout time.Duration
	// ReusePort lets several sockets be bound to one port.
	ReusePort bool
	// Paused makes a server that accepts no connections before StartServing.
	Paused bool
}

// UnixServerOptions say where a server listens, for CreateUnixServer.
type UnixServerOptions struct {
	// Path is where the socket's file is made. A socket that is there is removed first. One
	// that begins with "@" or NUL has no file, on Linux.
	Path string
	// Socket is a *socket.UnixListener, or what socket.AdoptUnixListener takes, in place of
	// Path. It belongs to the server, unless it is refused.
	Socket any
	// Backlog is that of ServerOptions.
	Backlog int
	// TLS and HandshakeTimeout are those of ServerOptions.
	TLS              *tls.Config
	HandshakeTimeout time.Duration
	// Mode is the permissions of the file, 0 for those that the system gives.
	Mode fs.FileMode
	// Paused is that of ServerOptions.
	Paused bool
}

// CreateServer makes a server of TCP connections. factory makes the protocol of each. The
// ctx is one of a task of the loop. The error is a *anyio.MisuseError if there is both a
// Socket and a host or port, or one of package net.
//
// Cancellation: nothing has happened.
func (l *Loop) CreateServer(ctx context.Context, factory func() BaseProtocol, o ServerOptions) (*Server, error) {
	l.use("CreateServer")
	if factory == nil {
		return nil, errNoFactory()
	}
	if o.Socket != nil && (len(o.Hosts) > 0 || o.Port != 0) {
		return nil, misuse("CreateServer: both a Socket and a host or port")
	}
	if err := checkHandshakeTimeout(o.TLS, o.HandshakeTimeout); err != nil {
		return nil, err
	}
	conns, err := l.listen(ctx, o)
	if err != nil {
		return nil, err
	}
	factory = l.overTLS(ctx, factory, o.TLS, o.HandshakeTimeout)
	return l.serve(factory, o.Backlog, o.Paused, conns)
}

// listen makes the sockets of a server.
func (l *Loop) listen(ctx context.Context, o ServerOptions) (all []kernel.Conn, err error) {
	if o.Socket != nil {
		return taken[kernel.StreamListener](o.Socket, func(s any) (any, error) { return socket.AdoptListener(ctx, s) })
	}
	hosts := o.Hosts
	if len(hosts) == 0 {
		hosts = []string{""}
	}
	config := socket.ListenConfig{Family: o.Family, Backlog: backlogOf(o.Backlog), ReusePort: o.ReusePort}
	known := make(map[string]bool)
	for _, host := range hosts {
		if known[host] {
			continue
		}
		known[host] = true
		listener, err := config.ListenTCP(ctx, host, o.Port)
		if err != nil {
			closeAll(all)
			return nil, err
		}
		conns, err := taken[kernel.StreamListener](listener, nil)
		if err != nil {
			closeAll(all)
			return nil, err
		}
		all = append(all, conns...)
	}
	return all, nil
}

// CreateUnixServer makes a server of UNIX connections, as CreateServer does. The file
// stays when the server is closed.
//
// Cancellation: nothing has happened.
func (l *Loop) CreateUnixServer(ctx context.Context, factory func() BaseProtocol, o UnixServerOptions) (*Server, error) {
	l.use("CreateUnixServer")
	if factory == nil {
		return nil, errNoFactory()
	}
	if (o.Socket == nil) == (o.Path == "") {
		return nil, misuse("CreateUnixServer: either a Path or a Socket must be given")
	}
	if err := checkHandshakeTimeout(o.TLS, o.HandshakeTimeout); err != nil {
		return nil, err
	}
	if err := refuseIP("CreateUnixServer", o.Socket); err != nil {
		return nil, err
	}
	var conns []kernel.Conn
	var err error
	if o.Socket != nil {
		conns, err = taken[kernel.StreamListener](o.Socket, func(s any) (any, error) { return socket.AdoptUnixListener(ctx, s) })
	} else {
		config := socket.ListenConfig{Backlog: backlogOf(o.Backlog), Mode: o.Mode}
		var listener *socket.UnixListener
		if listener, err = config.ListenUnix(ctx, o.Path); err == nil {
			conns, err = taken[kernel.StreamListener](listener, nil)
		}
	}
	if err != nil {
		return nil, err
	}
	factory = l.overTLS(ctx, factory, o.TLS, o.HandshakeTimeout)
	return l.serve(factory, o.Backlog, o.Paused, conns)
}

func (l *Loop) serve(factory func() BaseProtocol, backlog int, paused bool, conns []kernel.Conn) (*Server, error) {
	s, err := newServer(l, factory, backlogOf(backlog), conns)
	if err == nil && !paused {
		err = s.StartServing()
	}
	return s, err
}

func backlogOf(n int) int {
	if n <= 0 {
		return defaultBacklog
	}
	return n
}

// taken takes the backend's sockets of kind K out of what a user has given: a socket of
// package socket, or what adopt makes one of. What is of another kind stays the user's.
func taken[K kernel.Conn](s any, adopt func(s any) (any, error)) ([]kernel.Conn, error) {
	conns, err := inside.TakeConns(s, isOf[K])
	if err != nil || conns != nil {
		return conns, err
	}
	if s, err = adopt(s); err != nil {
		return nil, err
	}
	return inside.TakeConns(s, isOf[K])
}

// refuseIP refuses a socket that is no UNIX one, as far as its address tells, before it is
// taken.
func refuseIP(op string, s any) error {
	var a net.Addr
	switch s := s.(type) {
	case interface{ LocalAddr() net.Addr }:
		a = s.LocalAddr()
	case interface{ Addr() net.Addr }:
		a = s.Addr()
	}
	switch a.(type) {
	case *net.TCPAddr, *net.UDPAddr:
		return misuse(op + ": the socket is no UNIX socket")
	}
	return nil
}

// isOf refuses sockets that are of another kind than K.
func isOf[K kernel.Conn](c kernel.Conn) error {
	if _, ok := c.(K); ok {
		return nil
	}
	kind := "a socket of datagrams"
	switch any((*K)(nil)).(type) {
	case *kernel.StreamConn:
		kind = "a connection"
	case *kernel.StreamListener:
		kind = "a socket that listens"
	}
	return misuse("the socket is not " + kind)
}
