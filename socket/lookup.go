package socket

import (
	"context"
	"net"
	"net/netip"
	"strings"

	"github.com/anyio-go/anyio/internal/kernel"
)

// LookupHost finds the addresses of a host and a service, in the order of the
// resolver. The network is "tcp" or "udp", with "4" or "6" behind it for one family
// only. The host is a name or an address; "" is this machine. The service is a name,
// such as "https", or a number; "" is 0. Names with letters beyond ASCII are
// translated by IDNA 2008, so "faß.de" is not "fass.de". Zones of IPv6 addresses are
// kept. The errors are *net.DNSError and *net.AddrError.
//
// Cancellation: nothing has happened.
func LookupHost(ctx context.Context, network, host, service string) ([]netip.AddrPort, error) {
	proto := strings.TrimRight(network, "46")
	f, ok := tcpFamily("tcp" + strings.TrimPrefix(network, proto))
	if !ok || proto != "tcp" && proto != "udp" {
		return nil, net.UnknownNetworkError(network)
	}
	if _, err := kernel.Enter(ctx); err != nil {
		return nil, err
	}
	port, err := lookupPort(ctx, proto, service)
	if err != nil {
		return nil, err
	}
	ips, err := resolve(ctx, host, f)
	if err != nil {
		return nil, err
	}
	found := make([]netip.AddrPort, len(ips))
	for i, ip := range ips {
		found[i] = netip.AddrPortFrom(ip, uint16(port))
	}
	return found, nil
}

// LookupAddr finds the name of a host by its address. If it has none, host is the
// address. The service is the number of the port: Go has no names of services by
// number.
//
// Cancellation: nothing has happened.
func LookupAddr(ctx context.Context, addr netip.AddrPort) (host, service string, err error) {
	return Resolver{}.LookupAddr(ctx, addr)
}
