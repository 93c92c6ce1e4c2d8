// Package netaddr converts the addresses and errors of sockets to those of package net
// and of package syscall, and back. Every socket layer shows them in the same way.
package netaddr

import (
	"net"
	"net/netip"
	"strings"

	"github.com/anyio-go/anyio/internal/kernel"
)

// ToNet is an address as package net has it, nil if it is zero. network is the name of a
// network of package net.
func ToNet(network string, a kernel.Addr) net.Addr {
	switch {
	case a.Path != "":
		return ToUnix(network, a)
	case a.IP == netip.AddrPort{}:
		return nil
	case strings.HasPrefix(network, "udp"):
		return net.UDPAddrFromAddrPort(Unmap(a.IP))
	}
	return net.TCPAddrFromAddrPort(Unmap(a.IP))
}

// ToUnix is ToNet of a UNIX socket's address.
func ToUnix(network string, a kernel.Addr) *net.UnixAddr {
	if a.Path == "" {
		return nil
	}
	return &net.UnixAddr{Name: UnixName(a.Path), Net: network}
}

// FromNet is the inverse of ToNet; zero if the address is of another kind.
func FromNet(a net.Addr) kernel.Addr {
	switch a := a.(type) {
	case *net.TCPAddr:
		if a != nil {
			return kernel.Addr{IP: Unmap(a.AddrPort())}
		}
	case *net.UDPAddr:
		if a != nil {
			return kernel.Addr{IP: Unmap(a.AddrPort())}
		}
	case *net.UnixAddr:
		if a != nil {
			return kernel.Addr{Path: a.Name}
		}
	}
	return kernel.Addr{}
}

// Unmap makes an IPv4 address of one that a dual-stack socket shows as IPv6.
func Unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// UnixName writes the path of a UNIX socket as packages net and unix do: one without a
// file begins with "@", not with NUL.
func UnixName(path string) string {
	if strings.HasPrefix(path, "\x00") {
		return "@" + path[1:]
	}
	return path
}

// IsAbstract reports whether a path stands for no file.
func IsAbstract(path string) bool { return strings.HasPrefix(UnixName(path), "@") }
