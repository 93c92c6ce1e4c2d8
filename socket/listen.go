package socket

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/stream"
)

// ListenTCP makes a listener on the addresses of a host, which is a name or an address,
// and a port, of which 0 lets the system choose one. For the host "" it listens on all
// addresses of the machine, with one socket for IPv4 and IPv6 where the system can;
// otherwise with one socket for each address of the host. All have the same port, also
// if the system chooses it. A ListenConfig has options for it. An accepted stream does
// not delay small packets (TCP_NODELAY).
//
// Cancellation: nothing has happened.
func ListenTCP(ctx context.Context, host string, port int) (*TCPListener, error) {
	return listenTCP(ctx, "ListenTCP", callSite(), ListenConfig{}.options(host, port))
}

func listenTCP(ctx context.Context, function string, pc uintptr, o options) (*TCPListener, error) {
	err := o.check(function)
	if err != nil {
		return nil, err
	}
	var conns []kernel.StreamListener
	switch {
	case o.localHost != "":
		var ips []netip.Addr
		if ips, err = resolve(ctx, o.localHost, o.family); err == nil {
			conns, err = listenAll(ctx, ips, o)
		}
	case o.family != Unspecified:
		conns, err = listenAll(ctx, []netip.Addr{wildcard(o.family)}, o)
	default:
		var c kernel.StreamListener
		c, err = listenOn(ctx, netip.IPv6Unspecified(), o.localPort, o, true)
		conns = []kernel.StreamListener{c}
		if err != nil && notHere(err) { // no IPv6
			conns, err = listenAll(ctx, []netip.Addr{netip.IPv4Unspecified()}, o)
		}
	}
	if err != nil {
		return nil, err
	}
	l := newListener("tcp", newStream, conns, pc).limited(o)
	l.team.reusePort = o.reusePort
	return l, nil
}

func listenOn(ctx context.Context, ip netip.Addr, port int, o options, dual bool) (kernel.StreamListener, error) {
	so := kernel.SocketOptions{Network: "tcp", Local: ipAddr(ip, port), Backlog: o.backlog, ReusePort: o.reusePort}
	if !dual {
		f := familyOfIP(ip)
		so.Network, so.V6Only = "tcp"+f.suffix(), f == IPv6
	}
	return kernel.NetworkOf(ctx).ListenStream(ctx, so)
}

// listenTries is how many ports that the system chooses for the first address may
// turn out to be taken on another one.
const listenTries = 10

// listenAll listens on all addresses with one port. Addresses that the machine does
// not have are left out if others remain.
func listenAll(ctx context.Context, ips []netip.Addr, o options) ([]kernel.StreamListener, error) {
	ips = append([]netip.Addr(nil), ips...)
	var taken error
	for range listenTries {
		conns, failedAt, err := listenEach(ctx, ips, o)
		if err == nil {
			return conns, nil
		}
		if o.localPort != 0 || len(ips) == 1 || !inUse(err) {
			return nil, err
		}
		// Let the system choose a port for the address where it was taken.
		taken = err
		ips = append(append([]netip.Addr(nil), ips[failedAt:]...), ips[:failedAt]...)
	}
	return nil, fmt.Errorf("socket: could not create %d listeners with a consistent port: %w", len(ips), taken)
}

// listenEach makes one listener for each address, or none.
func listenEach(ctx context.Context, ips []netip.Addr, o options) (conns []kernel.StreamListener, failedAt int, err error) {
	port := o.localPort
	var missing []error
	for i, ip := range ips {
		c, err := listenOn(ctx, ip, port, o, false)
		switch {
		case err == nil:
			conns = append(conns, c)
			port = int(c.LocalAddr().IP.Port())
		case len(ips) > 1 && notHere(err):
			missing = append(missing, err)
		default:
			for _, c := range conns {
				c.Close()
			}
			return nil, i, err
		}
	}
	if len(conns) == 0 {
		return nil, 0, errors.Join(missing...)
	}
	return conns, 0, nil
}

// ListenUnix makes a listener on a UNIX socket. A socket that is there already is
// removed first; a file of another kind is an error. A ListenConfig has options for it.
// Close leaves the file behind. A path that begins with "@" or NUL is in Linux's
// abstract name space.
//
// Cancellation: nothing has happened.
func ListenUnix(ctx context.Context, path string) (*UnixListener, error) {
	return listenUnix(ctx, "ListenUnix", callSite(), newUnixStream, ListenConfig{}.unixOptions(path))
}

func listenUnix[S stream.ByteStream](ctx context.Context, function string, pc uintptr, wrap func(kernel.StreamConn, uintptr) S, o options) (*Listener[S], error) {
	if err := o.check(function); err != nil {
		return nil, err
	}
	local, err := unixAddr(o.localPath)
	if err != nil {
		return nil, err
	}
	so := kernel.SocketOptions{Network: "unix", Local: local, Backlog: o.backlog}
	l, err := bindUnix(ctx, so, o, kernel.NetworkOf(ctx).ListenStream)
	if err != nil {
		return nil, err
	}
	return newListener("unix", wrap, []kernel.StreamListener{l}, pc).limited(o), nil
}

// Listen listens as net.Listen does, on "tcp", "tcp4" or "tcp6" with an address such as
// "localhost:8000" or ":http", or on "unix" with a path. A ListenConfig has options for
// it.
//
// Cancellation: nothing has happened.
func Listen(ctx context.Context, network, address string) (*Listener[*Stream], error) {
	return ListenConfig{}.listen(ctx, callSite(), network, address)
}
