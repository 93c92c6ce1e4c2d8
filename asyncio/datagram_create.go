package asyncio

import (
	"context"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/socket"
)

// DatagramOptions say what socket CreateDatagramEndpoint makes.
type DatagramOptions struct {
	// LocalHost and LocalPort are what a UDP socket is bound to. LocalPort may be 0, and
	// LocalHost "" for all addresses of the machine, of IPv4 unless Family says otherwise.
	LocalHost string
	LocalPort int
	// RemoteHost and RemotePort are whom a UDP socket is connected to, if anybody.
	RemoteHost string
	RemotePort int
	// LocalPath and RemotePath are those of a UNIX socket, which is made if one is given.
	LocalPath  string
	RemotePath string
	// Family restricts addresses to IPv4 or IPv6.
	Family socket.AddressFamily
	// ReusePort lets several sockets be bound to one port.
	ReusePort bool
	// Socket is a socket of datagrams of package socket, or what its Adopt functions take,
	// in place of all others. It belongs to the transport, unless it is refused.
	Socket any
}

// CreateDatagramEndpoint makes a socket of datagrams, which may be sent to broadcast
// addresses, and returns its transport and the protocol, which factory makes, after
// ConnectionMade was called. The error is a *anyio.MisuseError if there are both a Socket
// and another option, or both a path and a host or port.
//
// Cancellation: no socket is left behind.
func (l *Loop) CreateDatagramEndpoint(ctx context.Context, factory func() DatagramProtocol, o DatagramOptions) (DatagramTransport, DatagramProtocol, error) {
	l.use("CreateDatagramEndpoint")
	if factory == nil {
		return nil, nil, errNoFactory()
	}
	conns, err := openDatagrams(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	c, err := kernel.Try[kernel.TryPacket](conns[0])
	made := false
	defer func() {
		if !made {
			closeAll(conns) // factory has failed, or panics
		}
	}()
	if err != nil {
		return nil, nil, err
	}
	p := factory()
	if p == nil {
		return nil, nil, misuse("the protocol is nil")
	}
	made = true
	ready := CreateFuture[struct{}](l)
	t := newDatagramTransport(l, c, p, func() { ready.finish(struct{}{}) })
	if _, err := ready.Await(ctx); err != nil {
		t.Close()
		return nil, nil, err
	}
	return t, p, nil
}

// openDatagrams makes the socket.
func openDatagrams(ctx context.Context, o DatagramOptions) ([]kernel.Conn, error) {
	var s any
	var err error
	config := socket.ListenConfig{Family: o.Family, ReusePort: o.ReusePort}
	d := socket.Dialer{Family: o.Family, ReusePort: o.ReusePort, LocalHost: o.LocalHost, LocalPort: o.LocalPort, LocalPath: o.LocalPath}
	given := o.Socket
	o.Socket = nil
	switch {
	case given != nil && o != DatagramOptions{}:
		return nil, misuse("CreateDatagramEndpoint: a Socket excludes all other options")
	case (o.LocalPath != "" || o.RemotePath != "") && (o.LocalHost != "" || o.LocalPort != 0 || o.RemoteHost != "" || o.RemotePort != 0):
		return nil, misuse("CreateDatagramEndpoint: both a path and a host or port")
	case given != nil:
		return taken[kernel.PacketConn](given, func(s any) (any, error) { return adoptDatagrams(ctx, s) })
	case o.RemotePath != "":
		s, err = d.DialUnixgram(ctx, o.RemotePath)
	case o.LocalPath != "":
		s, err = config.ListenUnixgram(ctx, o.LocalPath)
	case o.RemoteHost != "" || o.RemotePort != 0:
		s, err = d.DialUDP(ctx, o.RemoteHost, o.RemotePort)
	default:
		if o.LocalHost == "" && config.Family == socket.Unspecified {
			config.Family = socket.IPv4
		}
		s, err = config.ListenUDP(ctx, o.LocalHost, o.LocalPort)
	}
	if err != nil {
		return nil, err
	}
	return taken[kernel.PacketConn](s, nil)
}

// adoptDatagrams takes over a socket from outside, connected or not, of any family.
func adoptDatagrams(ctx context.Context, s any) (any, error) {
	var err error
	for _, adopt := range []func() (any, error){
		func() (any, error) { return socket.AdoptConnectedUDP(ctx, s) },
		func() (any, error) { return socket.AdoptConnectedUnixgram(ctx, s) },
		func() (any, error) { return socket.AdoptUDP(ctx, s) },
		func() (any, error) { return socket.AdoptUnixgram(ctx, s) },
	} {
		var taken any
		if taken, err = adopt(); err == nil {
			return taken, nil
		}
	}
	return nil, err
}
