package socket

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"unicode/utf8"

	"github.com/anyio-go/anyio/internal/kernel"
	"golang.org/x/net/idna"
)

// names is IDNA 2008 with the mapping of UTS 46 for lookups, not transitional: "ß" is
// a letter of its own, as registries have it, and no "ss".
var names = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false))

// asciiName is a host name as resolvers take it.
func asciiName(host string) (string, error) {
	for i := range len(host) {
		if host[i] < utf8.RuneSelf {
			continue
		}
		name, err := names.ToASCII(host)
		if err != nil {
			return "", &net.AddrError{Err: "socket: invalid host name: " + err.Error(), Addr: host}
		}
		return name, nil
	}
	return host, nil
}

// literal is the addresses of a host for which no resolver is needed.
func literal(host string, f AddressFamily) (ips []netip.Addr, ok bool, err error) {
	if host == "" {
		for _, ip := range []netip.Addr{netip.IPv6Loopback(), netip.AddrFrom4([4]byte{127, 0, 0, 1})} {
			if f.has(ip) {
				ips = append(ips, ip)
			}
		}
		return ips, true, nil
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return nil, false, nil
	}
	if ip = ip.Unmap(); !f.has(ip) {
		return nil, true, &net.AddrError{Err: "socket: expected an address of the family " + f.String(), Addr: host}
	}
	return []netip.Addr{ip}, true, nil
}

// resolve finds the addresses of a host, at least one.
func resolve(ctx context.Context, host string, f AddressFamily) ([]netip.Addr, error) {
	if ips, ok, err := literal(host, f); ok {
		return ips, err
	}
	return lookup(ctx, host, f)
}

// lookup asks the resolver for the addresses of a name, at least one.
func lookup(ctx context.Context, host string, f AddressFamily) ([]netip.Addr, error) {
	name, err := asciiName(host)
	if err != nil {
		return nil, err
	}
	found, err := kernel.NetworkOf(ctx).LookupHost(ctx, "ip"+f.suffix(), name)
	if err != nil {
		return nil, err
	}
	ips := make([]netip.Addr, 0, len(found))
	for _, ip := range found {
		if ip = ip.Unmap(); f.has(ip) {
			ips = append(ips, ip)
		}
	}
	if len(ips) == 0 {
		return nil, &net.DNSError{Err: "no address of the family " + f.String(), Name: host, IsNotFound: true}
	}
	return ips, nil
}

// lookupPort finds the number of a port, which may be given as a service's name.
func lookupPort(ctx context.Context, network, service string) (int, error) {
	if service == "" {
		return 0, nil
	}
	port, err := strconv.Atoi(service)
	if errors.Is(err, strconv.ErrSyntax) {
		return kernel.NetworkOf(ctx).LookupPort(ctx, network, service)
	}
	if err != nil || port < 0 || port > 65535 {
		return 0, &net.AddrError{Err: "socket: the port is out of range, it must be between 0 and 65535", Addr: service}
	}
	return port, nil
}

// splitHostPort takes an address of package net apart.
func splitHostPort(ctx context.Context, network, address string) (host string, port int, err error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	port, err = lookupPort(ctx, network, service)
	return host, port, err
}
