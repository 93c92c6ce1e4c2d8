package socket

import (
	"context"
	"io/fs"
	"net"
)

// A ListenConfig has options for listening, and for sockets of datagrams that are bound.
// The zero value listens as the functions of the same names do. It may be used by
// several tasks at once. A field that has no meaning for what is made is not looked at.
type ListenConfig struct {
	// Family restricts addresses to IPv4 or IPv6.
	Family AddressFamily
	// Backlog is how many connections may wait to be accepted, at most 65536; 0 means the
	// system's maximum.
	Backlog int
	// MaxConnections is how many connections a listener's Serve handles at the same time,
	// 0 for no limit. Further ones wait until a handler has returned, one of them
	// accepted, the others in the system's backlog.
	MaxConnections int
	// ReusePort lets several sockets be bound to one port, between which the system
	// distributes connections or datagrams. On several event loops a listener has a socket
	// for each of them, see Listener.Serve.
	ReusePort bool
	// Mode is the permissions of the file of a UNIX socket, 0 for those that the system
	// gives.
	Mode fs.FileMode
}

func (c ListenConfig) options(host string, port int) options {
	return options{localHost: host, localPort: port, family: c.Family, backlog: c.Backlog, maxConnections: c.MaxConnections, reusePort: c.ReusePort}
}

func (c ListenConfig) unixOptions(path string) options {
	return options{localPath: path, backlog: c.Backlog, maxConnections: c.MaxConnections, mode: c.Mode}
}

// ListenTCP listens as the function ListenTCP does. Cancellation: nothing has happened.
func (c ListenConfig) ListenTCP(ctx context.Context, host string, port int) (*TCPListener, error) {
	return listenTCP(ctx, "ListenTCP", callSite(), c.options(host, port))
}

// ListenUnix listens as the function ListenUnix does. Cancellation: nothing has
// happened.
func (c ListenConfig) ListenUnix(ctx context.Context, path string) (*UnixListener, error) {
	return listenUnix(ctx, "ListenUnix", callSite(), newUnixStream, c.unixOptions(path))
}

// Listen listens as the function Listen does; the Family is that of the network.
// Cancellation: nothing has happened.
func (c ListenConfig) Listen(ctx context.Context, network, address string) (*Listener[*Stream], error) {
	return c.listen(ctx, callSite(), network, address)
}

func (c ListenConfig) listen(ctx context.Context, pc uintptr, network, address string) (*Listener[*Stream], error) {
	if network == "unix" {
		return listenUnix(ctx, "Listen", pc, newStream, c.unixOptions(address))
	}
	family, ok := tcpFamily(network)
	if !ok {
		return nil, net.UnknownNetworkError(network)
	}
	host, port, err := splitHostPort(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	c.Family = family
	return listenTCP(ctx, "Listen", pc, c.options(host, port))
}

// ListenUDP makes a socket as the function ListenUDP does. Cancellation: no socket is
// made.
func (c ListenConfig) ListenUDP(ctx context.Context, host string, port int) (*UDPSocket, error) {
	return listenUDP(ctx, callSite(), c.options(host, port))
}

// ListenUnixgram makes a socket as the function ListenUnixgram does. Cancellation:
// nothing has happened.
func (c ListenConfig) ListenUnixgram(ctx context.Context, path string) (*UnixgramSocket, error) {
	return listenUnixgram(ctx, callSite(), c.unixOptions(path))
}
