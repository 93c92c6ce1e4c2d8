package socket

import (
	"net/netip"

	"github.com/anyio-go/anyio/internal/kernel"
)

// An AddressFamily is a kind of socket addresses.
type AddressFamily int

const (
	Unspecified AddressFamily = iota // either IPv4 or IPv6
	IPv4                             // AF_INET
	IPv6                             // AF_INET6
	Unix                             // AF_UNIX
)

func (f AddressFamily) String() string {
	switch f {
	case Unspecified:
		return "AF_UNSPEC"
	case IPv4:
		return "AF_INET"
	case IPv6:
		return "AF_INET6"
	case Unix:
		return "AF_UNIX"
	}
	return "unknown address family"
}

// familyOf is the family of an address. What has no IP is a UNIX address.
func familyOf(a kernel.Addr) AddressFamily {
	if !a.IP.IsValid() {
		return Unix
	}
	return familyOfIP(a.IP.Addr())
}

func familyOfIP(ip netip.Addr) AddressFamily {
	if ip.Unmap().Is4() {
		return IPv4
	}
	return IPv6
}

// has reports whether an address belongs to the family.
func (f AddressFamily) has(ip netip.Addr) bool { return f == Unspecified || f == familyOfIP(ip) }

// suffix completes "tcp", "udp" and "ip".
func (f AddressFamily) suffix() string {
	switch f {
	case IPv4:
		return "4"
	case IPv6:
		return "6"
	}
	return ""
}
