package socket

import (
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strconv"
	"strings"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// netAddr is an address as package net has it, nil for none.
func netAddr(network string, a kernel.Addr) net.Addr {
	switch {
	case network == "unix" || network == "unixgram":
		return &net.UnixAddr{Name: shownPath(a.Path), Net: network}
	case !a.IP.IsValid():
		return nil
	case network == "udp":
		return net.UDPAddrFromAddrPort(unmap(a.IP))
	}
	return net.TCPAddrFromAddrPort(unmap(a.IP))
}

// unmap makes an IPv4 address of one that a dual-stack socket shows as IPv6.
func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

func ipAddr(ip netip.Addr, port int) kernel.Addr {
	return kernel.Addr{IP: netip.AddrPortFrom(ip.Unmap(), uint16(port))}
}

// wildcard is the address of a family that stands for all of the machine's.
func wildcard(f AddressFamily) netip.Addr {
	if f == IPv4 {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

// shownPath writes an abstract path as package net does, with "@" for the NUL.
func shownPath(path string) string {
	if strings.HasPrefix(path, "\x00") {
		return "@" + path[1:]
	}
	return path
}

func isAbstract(path string) bool {
	return strings.HasPrefix(path, "\x00") || strings.HasPrefix(path, "@")
}

// unixAddr checks the path of a UNIX socket.
func unixAddr(path string) (kernel.Addr, error) {
	longest := 107 // bytes that Linux and Windows have room for, less the NUL at the end
	if runtime.GOOS != "linux" && runtime.GOOS != "windows" {
		longest = 103
	}
	bad := func(why string) (kernel.Addr, error) {
		return kernel.Addr{}, &net.AddrError{Err: "socket: " + why, Addr: shownPath(path)}
	}
	switch {
	case path == "":
		return bad("the path of a UNIX socket is empty")
	case len(path) > longest:
		return bad(fmt.Sprintf("the path of a UNIX socket has %d bytes, at most %d are possible", len(path), longest))
	case !isAbstract(path) && strings.Contains(path, "\x00"):
		return bad("the path of a UNIX socket has a NUL in it")
	}
	return kernel.Addr{Path: path}, nil
}

// checkPort tells a port that no protocol has.
func checkPort(what string, port, lowest int) error {
	if port < lowest || port > 65535 {
		return misuse("the %s %d is out of range: it must be between %d and 65535", what, port, lowest)
	}
	return nil
}

func misuse(format string, args ...any) error {
	return &anyio.MisuseError{Text: "socket: " + fmt.Sprintf(format, args...)}
}

// hostPort is how people write an address.
func hostPort(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }
