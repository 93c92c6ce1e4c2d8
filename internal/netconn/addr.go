package netconn

import (
	"net"
	"net/netip"
	"strings"

	"github.com/anyio-go/anyio/internal/kernel"
)

// addrOf converts an address of package net; the zero Addr if it is of another
// kind. An IPv4 address is never wrapped in an IPv6 one.
func addrOf(a net.Addr) kernel.Addr {
	switch a := a.(type) {
	case *net.TCPAddr:
		if a != nil {
			return kernel.Addr{IP: unmap(a.AddrPort())}
		}
	case *net.UDPAddr:
		if a != nil {
			return kernel.Addr{IP: unmap(a.AddrPort())}
		}
	case *net.UnixAddr:
		if a != nil {
			return kernel.Addr{Path: a.Name}
		}
	}
	return kernel.Addr{}
}

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// unixAddr is the address of a UNIX socket, nil for the zero Addr. Package net
// writes the abstract name space with an "@".
func unixAddr(network string, a kernel.Addr) *net.UnixAddr {
	if a.Path == "" {
		return nil
	}
	name := a.Path
	if rest, ok := strings.CutPrefix(name, "\x00"); ok {
		name = "@" + rest
	}
	return &net.UnixAddr{Name: name, Net: network}
}

// localIP is where a socket is to be bound: a port without an address means the
// unspecified one of the family.
func localIP(network string, a kernel.Addr) netip.AddrPort {
	ip := a.IP
	if ip.Addr().IsValid() || ip.Port() == 0 {
		return ip
	}
	if strings.HasSuffix(network, "4") {
		return netip.AddrPortFrom(netip.IPv4Unspecified(), ip.Port())
	}
	return netip.AddrPortFrom(netip.IPv6Unspecified(), ip.Port())
}

// listenText is an address as net.ListenConfig reads it. Without an IP address it
// means all of the machine's.
func listenText(network string, a kernel.Addr) string {
	if strings.HasPrefix(network, "unix") {
		if u := unixAddr(network, a); u != nil {
			return u.Name
		}
		return ""
	}
	if !a.IP.Addr().IsValid() {
		return netip.AddrPortFrom(netip.IPv4Unspecified(), a.IP.Port()).String()[len("0.0.0.0"):]
	}
	return a.IP.String()
}
