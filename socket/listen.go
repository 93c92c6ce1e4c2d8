package socket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/anyio-go/anyio/internal/kernel"
)

// ListenTCP makes a listener. The options are LocalHost, LocalPort, Family, Backlog,
// ReusePort and MaxConnections. Without host and family it listens on all addresses of the machine,
// with one socket for IPv4 and IPv6 where the system can; otherwise with one socket
// for each address of the host. All have the same port, also if the system chooses it.
// An accepted stream does not delay small packets (TCP_NODELAY).
//
// Cancellation: nothing has happened.
func ListenTCP(ctx context.Context, opts ...Option) (*TCPListener, error) {
	return listenTCP(ctx, "ListenTCP", callSite(), opts)
}

func listenTCP(ctx context.Context, function string, pc uintptr, opts []Option) (*TCPListener, error) {
	o, err := optionsOf(function, withLocalHost|withLocalPort|withFamily|withBacklog|withReusePort|withMaxConnections, opts)
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
	return newListener("tcp", newStream, conns, pc).limited(o), nil
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
// removed first; a file of another kind is an error. The options are Mode, Backlog
// and MaxConnections. Close leaves the file behind. A path that begins with "@" or NUL is in
// Linux's abstract name space.
//
// Cancellation: nothing has happened.
func ListenUnix(ctx context.Context, path string, opts ...Option) (*UnixListener, error) {
	c, o, err := listenUnix(ctx, "ListenUnix", path, opts)
	if err != nil {
		return nil, err
	}
	return newListener("unix", newUnixStream, []kernel.StreamListener{c}, callSite()).limited(o), nil
}

func listenUnix(ctx context.Context, function, path string, opts []Option) (kernel.StreamListener, options, error) {
	o, err := optionsOf(function, withMode|withBacklog|withMaxConnections, opts)
	if err == nil && o.given&withMode != 0 && isAbstract(path) {
		err = errAbstractMode(function)
	}
	if err != nil {
		return nil, o, err
	}
	local, err := unixAddr(path)
	if err != nil {
		return nil, o, err
	}
	so := kernel.SocketOptions{Network: "unix", Local: local, Backlog: o.backlog}
	l, err := bindUnix(ctx, so, o, kernel.NetworkOf(ctx).ListenStream)
	return l, o, err
}

// Listen listens as net.Listen does, on "tcp", "tcp4" or "tcp6" with an address
// such as "localhost:8000" or ":http", or on "unix" with a path. The options are those
// of ListenTCP and ListenUnix, but for what the address says.
//
// Cancellation: nothing has happened.
func Listen(ctx context.Context, network, address string, opts ...Option) (*Listener[*Stream], error) {
	if network == "unix" {
		c, o, err := listenUnix(ctx, "Listen", address, opts)
		if err != nil {
			return nil, err
		}
		return newListener("unix", newStream, []kernel.StreamListener{c}, callSite()).limited(o), nil
	}
	family, ok := tcpFamily(network)
	if !ok {
		return nil, net.UnknownNetworkError(network)
	}
	host, port, err := splitHostPort(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	o, err := optionsOf("Listen", withBacklog|withReusePort|withMaxConnections, opts)
	if err != nil {
		return nil, err
	}
	all := []Option{LocalHost(host), LocalPort(port), Family(family), Backlog(o.backlog)}
	if o.reusePort {
		all = append(all, ReusePort())
	}
	if o.given&withMaxConnections != 0 {
		all = append(all, MaxConnections(o.maxConnections))
	}
	return listenTCP(ctx, "Listen", callSite(), all)
}
