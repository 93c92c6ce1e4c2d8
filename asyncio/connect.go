package asyncio

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/socket"
)

// ConnectionOptions say whom CreateConnection connects to.
type ConnectionOptions struct {
	// Host and Port are whom to connect to, a name or an address.
	Host string
	Port int
	// Family restricts addresses to IPv4 or IPv6.
	Family socket.AddressFamily
	// LocalHost and LocalPort are where to connect from, if it matters.
	LocalHost string
	LocalPort int
	// HappyEyeballsDelay is how long one address is waited for before the next one is tried
	// as well. By default, with 0, the next one is tried when the one before has failed.
	HappyEyeballsDelay time.Duration
	// TLS, if not nil, makes the connection an encrypted one. Its ServerName is Host if it
	// has none; with a Socket it must have one.
	TLS *tls.Config
	// HandshakeTimeout is how long the handshake may take; 0 is DefaultHandshakeTimeout.
	// Without TLS it must be 0.
	HandshakeTimeout time.Duration
	// Socket is a *socket.Stream, or what socket.AdoptStream takes, in place of Host and
	// Port. It belongs to the transport, unless it is refused.
	Socket any
}

// CreateConnection connects to a TCP host and returns the transport and the protocol,
// which factory makes, after ConnectionMade was called. If all addresses of the host have
// failed, the error is a *socket.AttemptsError. It is a *anyio.MisuseError if there is both
// a Socket and a Host, or neither.
//
// Cancellation: no connection is left behind.
func (l *Loop) CreateConnection(ctx context.Context, factory func() BaseProtocol, o ConnectionOptions) (Transport, BaseProtocol, error) {
	l.use("CreateConnection")
	if (o.Socket == nil) == (o.Host == "" && o.Port == 0) {
		return nil, nil, misuse("CreateConnection: either a Host and a Port or a Socket must be given")
	}
	return l.encrypted(ctx, factory, tlsOptions{config: o.TLS, name: o.Host, nameBy: "ConnectionOptions.Host", timeout: o.HandshakeTimeout},
		func(factory func() BaseProtocol) (Transport, BaseProtocol, error) {
			return l.connectTCP(ctx, factory, o)
		})
}

func (l *Loop) connectTCP(ctx context.Context, factory func() BaseProtocol, o ConnectionOptions) (Transport, BaseProtocol, error) {
	if o.Socket != nil {
		return l.connectAccepted(ctx, factory, o.Socket)
	}
	d := socket.Dialer{Family: o.Family, LocalHost: o.LocalHost, LocalPort: o.LocalPort, AttemptDelay: o.HappyEyeballsDelay}
	if d.AttemptDelay == 0 {
		d.AttemptDelay = anyio.Forever
	}
	s, err := d.DialTCP(ctx, o.Host, o.Port)
	if err != nil {
		return nil, nil, err
	}
	conns, err := taken[kernel.StreamConn](s, nil)
	return l.connected(ctx, factory, conns, err)
}

// UnixConnectionOptions say whom CreateUnixConnection connects to.
type UnixConnectionOptions struct {
	// Path is where the socket's file is. One that begins with "@" or NUL has no file, on
	// Linux.
	Path string
	// Socket is one that is connected, in place of Path: a *socket.UnixStream, a
	// *socket.Stream over a UNIX socket, or what socket.AdoptUnixStream takes. It belongs to
	// the transport, unless it is refused.
	Socket any
	// TLS, if not nil, makes the connection an encrypted one. It must have a ServerName.
	TLS *tls.Config
	// HandshakeTimeout is that of ConnectionOptions.
	HandshakeTimeout time.Duration
}

// CreateUnixConnection connects to a UNIX socket as CreateConnection does. The error is a
// *anyio.MisuseError if there is both a Path and a Socket, or neither, or if the Socket is
// another one.
//
// Cancellation: no connection is left behind.
func (l *Loop) CreateUnixConnection(ctx context.Context, factory func() BaseProtocol, o UnixConnectionOptions) (Transport, BaseProtocol, error) {
	l.use("CreateUnixConnection")
	if (o.Socket == nil) == (o.Path == "") {
		return nil, nil, misuse("CreateUnixConnection: either a Path or a Socket must be given")
	}
	return l.encrypted(ctx, factory, tlsOptions{config: o.TLS, timeout: o.HandshakeTimeout},
		func(factory func() BaseProtocol) (Transport, BaseProtocol, error) {
			return l.connectUnix(ctx, factory, o)
		})
}

func (l *Loop) connectUnix(ctx context.Context, factory func() BaseProtocol, o UnixConnectionOptions) (Transport, BaseProtocol, error) {
	if o.Socket != nil {
		if err := refuseIP("CreateUnixConnection", o.Socket); err != nil {
			return nil, nil, err
		}
		conns, err := taken[kernel.StreamConn](o.Socket, func(s any) (any, error) { return socket.AdoptUnixStream(ctx, s) })
		return l.connected(ctx, factory, conns, err)
	}
	s, err := socket.DialUnix(ctx, o.Path)
	if err != nil {
		return nil, nil, err
	}
	conns, err := taken[kernel.StreamConn](s, nil)
	return l.connected(ctx, factory, conns, err)
}

// AcceptedOptions say what becomes of a connection that was accepted.
type AcceptedOptions struct {
	// TLS, if not nil, makes the connection an encrypted one, whose server this side is.
	TLS *tls.Config
	// HandshakeTimeout is that of ConnectionOptions.
	HandshakeTimeout time.Duration
}

// ConnectAcceptedSocket makes a transport of a connection that was accepted elsewhere, a
// *socket.Stream, a *socket.UnixStream, or what socket.AdoptStream takes, and returns it
// and the protocol after ConnectionMade was called.
//
// Cancellation: the connection is closed, unless it was not taken yet.
func (l *Loop) ConnectAcceptedSocket(ctx context.Context, factory func() BaseProtocol, s any, o AcceptedOptions) (Transport, BaseProtocol, error) {
	l.use("ConnectAcceptedSocket")
	return l.encrypted(ctx, factory, tlsOptions{config: o.TLS, server: true, timeout: o.HandshakeTimeout},
		func(factory func() BaseProtocol) (Transport, BaseProtocol, error) {
			return l.connectAccepted(ctx, factory, s)
		})
}

func (l *Loop) connectAccepted(ctx context.Context, factory func() BaseProtocol, s any) (Transport, BaseProtocol, error) {
	conns, err := taken[kernel.StreamConn](s, func(s any) (any, error) { return socket.AdoptStream(ctx, s) })
	return l.connected(ctx, factory, conns, err)
}

// connected makes a transport of a connection and waits until the protocol was told.
func (l *Loop) connected(ctx context.Context, factory func() BaseProtocol, conns []kernel.Conn, err error) (Transport, BaseProtocol, error) {
	if err != nil {
		return nil, nil, err
	}
	c, err := kernel.Try[kernel.TryStream](conns[0])
	if err != nil {
		closeAll(conns)
		return nil, nil, err
	}
	return l.wired(ctx, factory, c, socketWire)
}

// wired makes the protocol and the transport of a connection or a pipe.
func (l *Loop) wired(ctx context.Context, factory func() BaseProtocol, c wire, kind wireKind) (Transport, BaseProtocol, error) {
	var p BaseProtocol
	made := false
	defer func() {
		if !made {
			_ = c.Close() // factory has failed, or panics
		}
	}()
	p = factory()
	if err := kind.checkProtocol(p); err != nil {
		return nil, nil, err
	}
	made = true
	ready := CreateFuture[struct{}](l)
	t := newStreamTransport(l, c, kind, p, nil, func() { ready.finish(struct{}{}) })
	if _, err := ready.Await(ctx); err != nil {
		t.Close()
		return nil, nil, err
	}
	return t, p, nil
}

func errNoFactory() error { return misuse("the factory of the protocol is nil") }
