package socket

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A Resolver looks names and addresses up with what getaddrinfo and getnameinfo call hints
// and flags. The zero value does what LookupHost and LookupAddr do.
type Resolver struct {
	// Family is IPv4 or IPv6 for addresses of that family only.
	Family AddressFamily
	// V4Mapped lets a host that has no IPv6 address have its IPv4 addresses in the form
	// of IPv6, if Family is IPv6.
	V4Mapped bool
	// Passive lets the host "" be all addresses, to listen on, and not this machine.
	Passive bool
	// CanonicalName asks for the name that the host's name stands for, too.
	CanonicalName bool
	// NumericHost asks no resolver: a host must be an address, and the name of an
	// address is the address.
	NumericHost bool
	// NumericService takes a number for a service only.
	NumericService bool
	// NameRequired makes it an error if an address has no name.
	NameRequired bool
}

// An AddrInfo is an address that Resolver.Lookup has found.
type AddrInfo struct {
	Network       string // "tcp" or "udp"
	Addr          netip.AddrPort
	CanonicalName string // of the host; "" if it was not asked for
}

// Lookup finds the addresses of a host and a service, as LookupHost does. The network is
// "tcp", "udp", or "" for both: then each address comes for each that has the service.
//
// Cancellation: nothing has happened.
func (r Resolver) Lookup(ctx context.Context, network, host, service string) ([]AddrInfo, error) {
	if _, err := kernel.Enter(ctx); err != nil {
		return nil, err
	}
	networks := []string{network}
	switch {
	case network == "":
		networks = []string{"tcp", "udp"}
	case network != "tcp" && network != "udp":
		return nil, net.UnknownNetworkError(network)
	case r.Family != Unspecified && r.Family != IPv4 && r.Family != IPv6:
		return nil, misuse("Resolver: the family is neither IPv4 nor IPv6")
	}
	if _, err := strconv.ParseUint(service, 10, 16); err != nil && r.NumericService && service != "" {
		return nil, &net.AddrError{Err: "socket: the service is not the number of a port", Addr: service}
	}
	ports := map[string]int{}
	var failed error
	for _, n := range networks {
		port, err := lookupPort(ctx, n, service)
		if err != nil {
			if len(networks) == 1 || kernel.Locate(ctx).Check() != nil {
				return nil, err
			}
			failed = errors.Join(failed, err)
			continue
		}
		ports[n] = port
	}
	if len(ports) == 0 {
		return nil, failed
	}
	ips, err := r.addrs(ctx, host)
	if err != nil {
		return nil, err
	}
	name := ""
	if r.CanonicalName {
		if name, err = r.canonicalName(ctx, host); err != nil {
			return nil, err
		}
	}
	var found []AddrInfo
	for _, ip := range ips {
		for _, n := range networks {
			if port, ok := ports[n]; ok {
				found = append(found, AddrInfo{n, netip.AddrPortFrom(ip, uint16(port)), name})
			}
		}
	}
	return found, nil
}

// addrs are the addresses of a host.
func (r Resolver) addrs(ctx context.Context, host string) ([]netip.Addr, error) {
	if host == "" && r.Passive {
		var all []netip.Addr
		for _, ip := range []netip.Addr{netip.IPv6Unspecified(), netip.IPv4Unspecified()} {
			if r.Family.has(ip) {
				all = append(all, ip)
			}
		}
		return all, nil
	}
	f, mapped := r.Family, r.V4Mapped && r.Family == IPv6
	if mapped {
		f = Unspecified
	}
	ips, literal, err := literal(host, f)
	if !literal {
		if r.NumericHost {
			return nil, &net.DNSError{Err: "the host is not an address", Name: host, IsNotFound: true}
		}
		ips, err = lookup(ctx, host, f)
	}
	if err != nil || !mapped {
		return ips, err
	}
	var six, four []netip.Addr
	for _, ip := range ips {
		if ip.Is4() {
			four = append(four, netip.AddrFrom16(ip.As16()))
		} else {
			six = append(six, ip)
		}
	}
	if len(six) > 0 {
		return six, nil
	}
	return four, nil
}

// canonicalNames is a network whose resolver knows canonical names, as all do.
type canonicalNames interface {
	LookupCNAME(ctx context.Context, host string) (string, error)
}

// canonicalName is that of a host that has addresses.
func (r Resolver) canonicalName(ctx context.Context, host string) (string, error) {
	if _, literal, err := literal(host, Unspecified); literal || err != nil {
		return host, err
	}
	name, err := asciiName(host)
	if err != nil {
		return "", err
	}
	if n, ok := kernel.NetworkOf(ctx).(canonicalNames); ok {
		if name, err = n.LookupCNAME(ctx, name); err != nil {
			return "", err
		}
	}
	return strings.TrimSuffix(name, "."), nil
}

// LookupAddr finds the name of a host by its address, as the function LookupAddr does.
// Cancellation: nothing has happened.
func (r Resolver) LookupAddr(ctx context.Context, addr netip.AddrPort) (host, service string, err error) {
	if !addr.IsValid() {
		return "", "", misuse("LookupAddr: the address is not valid")
	}
	service = strconv.Itoa(int(addr.Port()))
	ip := addr.Addr().Unmap()
	if r.NumericHost {
		if _, err := kernel.Enter(ctx); err != nil {
			return "", "", err
		}
		return ip.String(), service, nil
	}
	found, err := kernel.NetworkOf(ctx).LookupAddr(ctx, ip)
	if err == nil && len(found) == 0 {
		err = &net.DNSError{Err: "the address has no name", Name: ip.String(), IsNotFound: true}
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound && !r.NameRequired {
		return ip.String(), service, nil
	}
	if err != nil {
		return "", "", err
	}
	return strings.TrimSuffix(found[0], "."), service, nil
}
