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
	"github.com/anyio-go/anyio/internal/netaddr"
)

// netAddr is an address as package net has it, nil for none.
func netAddr(network string, a kernel.Addr) net.Addr {
	if a.Path == "" && (network == "unix" || network == "unixgram") {
		return &net.UnixAddr{Net: network}
	}
	return netaddr.ToNet(network, a)
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

// unixAddr checks the path of a UNIX socket.
func unixAddr(path string) (kernel.Addr, error) {
	longest := 107 // bytes that Linux and Windows have room for, less the NUL at the end
	if runtime.GOOS != "linux" && runtime.GOOS != "windows" {
		longest = 103
	}
	bad := func(why string) (kernel.Addr, error) {
		return kernel.Addr{}, &net.AddrError{Err: "socket: " + why, Addr: netaddr.UnixName(path)}
	}
	switch {
	case path == "":
		return bad("the path of a UNIX socket is empty")
	case len(path) > longest:
		return bad(fmt.Sprintf("the path of a UNIX socket has %d bytes, at most %d are possible", len(path), longest))
	case !netaddr.IsAbstract(path) && strings.Contains(path, "\x00"):
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
