//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop

import (
	"net"
	"net/netip"
	"strconv"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netaddr"
	"golang.org/x/sys/unix"
)

// The ends of a socket are its addresses, but for that which each connection of a listener
// has of its own. Nobody changes them, so they are shared.
type ends struct {
	local kernel.Addr
	path  string // of the other end
}

func (f *descriptor) local() kernel.Addr {
	if f.ends == nil {
		return kernel.Addr{}
	}
	return f.ends.local
}

func (f *descriptor) remote() kernel.Addr {
	a := kernel.Addr{IP: f.peer}
	if f.ends != nil {
		a.Path = f.ends.path
	}
	return a
}

// lies notes where the ends are. Those of a may serve, if they are the same.
//
//go:norace
func (f *descriptor) lies(a *ends, local, remote kernel.Addr) {
	if a == nil || a.local != local || a.path != remote.Path {
		a = &ends{local, remote.Path}
	}
	f.ends, f.peer = a, remote.IP
}

// sockaddr is an address for a socket of a family.
func sockaddr(a kernel.Addr, family int) (unix.Sockaddr, error) {
	ip, port := a.IP.Addr().Unmap(), int(a.IP.Port())
	switch family {
	case unix.AF_UNIX:
		return &unix.SockaddrUnix{Name: netaddr.UnixName(a.Path)}, nil
	case unix.AF_INET:
		if !ip.IsValid() {
			ip = netip.IPv4Unspecified()
		}
		if !ip.Is4() {
			return nil, unix.EAFNOSUPPORT
		}
		return &unix.SockaddrInet4{Port: port, Addr: ip.As4()}, nil
	case unix.AF_INET6:
		if !ip.IsValid() {
			ip = netip.IPv6Unspecified()
		}
		return &unix.SockaddrInet6{Port: port, Addr: ip.As16(), ZoneId: zoneID(a.IP.Addr().Zone())}, nil
	}
	return nil, unix.EAFNOSUPPORT
}

// address undoes sockaddr. An IPv4 address mapped into IPv6 comes back as IPv4.
func address(sa unix.Sockaddr) kernel.Addr {
	switch sa := sa.(type) {
	case *unix.SockaddrUnix:
		return kernel.Addr{Path: sa.Name}
	case *unix.SockaddrInet4:
		return kernel.Addr{IP: netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))}
	case *unix.SockaddrInet6:
		return inet6Address(sa.Addr, uint16(sa.Port), sa.ZoneId)
	}
	return kernel.Addr{}
}

func inet6Address(ip [16]byte, port uint16, zone uint32) kernel.Addr {
	a := netip.AddrFrom16(ip).Unmap()
	if zone != 0 && a.Is6() {
		a = a.WithZone(zoneName(zone))
	}
	return kernel.Addr{IP: netip.AddrPortFrom(a, port)}
}

// zoneID is the number of an interface, 0 for none and for one that is unknown.
func zoneID(name string) uint32 {
	if name == "" {
		return 0
	}
	if n, err := strconv.ParseUint(name, 10, 32); err == nil {
		return uint32(n)
	}
	if i, err := net.InterfaceByName(name); err == nil {
		return uint32(i.Index)
	}
	return 0
}

func zoneName(id uint32) string {
	if i, err := net.InterfaceByIndex(int(id)); err == nil {
		return i.Name
	}
	return strconv.FormatUint(uint64(id), 10)
}
