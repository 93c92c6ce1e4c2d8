package nettry

import (
	"net"
	"net/netip"
	"strconv"

	"github.com/anyio-go/anyio/internal/kernel"
)

// inet6 is an IPv6 address as the system has it. An IPv4 address mapped into IPv6 comes
// back as IPv4.
func inet6(ip [16]byte, port int, zone uint32) kernel.Addr {
	a := netip.AddrFrom16(ip).Unmap()
	if zone != 0 && a.Is6() {
		name := strconv.FormatUint(uint64(zone), 10)
		if i, err := net.InterfaceByIndex(int(zone)); err == nil {
			name = i.Name
		}
		a = a.WithZone(name)
	}
	return kernel.Addr{IP: netip.AddrPortFrom(a, uint16(port))}
}

// zoneID is the number of an address's interface, 0 for none and for one that is unknown.
func zoneID(a netip.Addr) uint32 {
	if n, err := strconv.ParseUint(a.Zone(), 10, 32); err == nil {
		return uint32(n)
	}
	if i, err := net.InterfaceByName(a.Zone()); a.Zone() != "" && err == nil {
		return uint32(i.Index)
	}
	return 0
}
