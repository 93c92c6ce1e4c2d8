package socket

import (
	"context"
	"net"
	"net/netip"

	"github.com/anyio-go/anyio/internal/kernel"
)

// DialTCP connects to a host, which is a name or an address ("" is this machine).
// A Dialer has options for it.
//
// A host that has several addresses is connected to as RFC 8305 ("Happy Eyeballs") says:
// its IPv6 and IPv4 addresses are looked up at the same time and tried in turns, IPv6
// first. When an attempt fails, the next begins; when it has not succeeded after the
// AttemptDelay of 250 ms, the next begins as well. The first success ends the others. If
// all fail, the error is that of the only attempt, or an *AttemptsError. Errors of the
// resolver come as they are.
//
// The stream does not delay small packets (TCP_NODELAY). For TLS see package tlsstream.
//
// Cancellation: no connection is left behind.
func DialTCP(ctx context.Context, host string, port int) (*Stream, error) {
	return Dialer{}.dialTCP(ctx, "DialTCP", callSite(), host, port)
}

func (d Dialer) dialTCP(ctx context.Context, function string, pc uintptr, host string, port int) (*Stream, error) {
	o := d.options()
	err := o.check(function)
	if err == nil {
		err = checkPort("TCP port", port, 1)
	}
	if err != nil {
		return nil, err
	}
	from, err := localSide(ctx, &o)
	if err != nil {
		return nil, err
	}
	r := &race{host: host, port: port, o: o, from: from}
	c, err := r.run(ctx)
	if err != nil {
		return nil, err
	}
	return newStream(c, pc), nil
}

// DialUnix connects to a UNIX socket. A path that begins with "@" or NUL is in Linux's
// abstract name space. The errors match fs.ErrNotExist and syscall.ECONNREFUSED.
//
// Cancellation: no connection is left behind.
func DialUnix(ctx context.Context, path string) (*UnixStream, error) {
	c, err := dialUnix(ctx, path)
	if err != nil {
		return nil, err
	}
	return newUnixStream(c, callSite()), nil
}

func dialUnix(ctx context.Context, path string) (kernel.StreamConn, error) {
	remote, err := unixAddr(path)
	if err != nil {
		return nil, err
	}
	return kernel.NetworkOf(ctx).DialStream(ctx, kernel.SocketOptions{Network: "unix", Remote: remote})
}

// Dial connects as net.Dial does, over "tcp", "tcp4" or "tcp6" to an address such as
// "example.org:http" or "[::1]:80", or over "unix" to a path. A Dialer has options for
// it.
//
// Cancellation: no connection is left behind.
func Dial(ctx context.Context, network, address string) (*Stream, error) {
	return Dialer{}.dial(ctx, callSite(), network, address)
}

func tcpFamily(network string) (f AddressFamily, ok bool) {
	switch network {
	case "tcp":
		return Unspecified, true
	case "tcp4":
		return IPv4, true
	case "tcp6":
		return IPv6, true
	}
	return Unspecified, false
}

// A local is where connections are made from.
type local struct {
	ips  []netip.Addr // empty: any
	port int
}

// localSide looks up the local host and narrows the family to those that it has.
func localSide(ctx context.Context, o *options) (local, error) {
	l := local{port: o.localPort}
	if o.localHost == "" {
		return l, nil
	}
	ips, err := resolve(ctx, o.localHost, o.family)
	if err != nil {
		return l, err
	}
	l.ips = ips
	o.family = familyOfIP(ips[0])
	for _, ip := range ips {
		if !o.family.has(ip) {
			o.family = Unspecified
		}
	}
	return l, nil
}

// toReach is the local address for connections to ip.
func (l local) toReach(ip netip.Addr) (kernel.Addr, error) {
	f := familyOfIP(ip)
	for _, own := range l.ips {
		if f.has(own) {
			return ipAddr(own, l.port), nil
		}
	}
	switch {
	case len(l.ips) > 0:
		return kernel.Addr{}, &net.AddrError{Err: "socket: the local host has no address of the family " + f.String() + ", needed for", Addr: ip.String()}
	case l.port != 0:
		return ipAddr(wildcard(f), l.port), nil
	}
	return kernel.Addr{}, nil
}
