package simnet

import (
	"net/netip"
	"slices"
	"syscall"

	"github.com/anyio-go/anyio/internal/kernel"
)

const (
	firstEphemeral = 49152
	lastEphemeral  = 65535
)

type portKey struct {
	udp  bool
	port uint16
}

// A binding is a socket's claim to a port of its host.
type binding struct {
	key   portKey
	addr  netip.Addr // unspecified: all of its family
	dual  bool       // addr is :: and stands for IPv4, too
	reuse bool
	owner any // *listener, *datagram, or *conn
}

// overlaps reports whether a packet could be meant for both.
func (b *binding) overlaps(o *binding) bool {
	return b.addr == o.addr || b.covers(o.addr) || o.covers(b.addr)
}

// covers reports whether the binding takes what is sent to an address.
func (b *binding) covers(a netip.Addr) bool {
	return b.addr == a || b.addr.IsUnspecified() && (b.dual || b.addr.Is4() == a.Is4())
}

// bind claims a port, an ephemeral one if key.port is 0.
func (h *Host) bind(b *binding) error {
	if b.key.port != 0 {
		for _, o := range h.ports[b.key] {
			// The port of an established connection does not keep a listener away,
			// as listeners of package net have SO_REUSEADDR set.
			_, listens := b.owner.(*listener)
			_, connected := o.owner.(*conn)
			if b.overlaps(o) && !(b.reuse && o.reuse) && !(listens && connected) {
				return syscall.EADDRINUSE
			}
		}
	} else if b.key.port = h.freePort(b.key.udp); b.key.port == 0 {
		return syscall.EADDRINUSE
	}
	h.ports[b.key] = append(h.ports[b.key], b)
	return nil
}

// freePort is an ephemeral port that nobody uses, 0 if there is none. They are
// given in order, so that a trace can be read.
func (h *Host) freePort(udp bool) uint16 {
	for range lastEphemeral - firstEphemeral + 1 {
		port := h.next
		if h.next++; h.next < firstEphemeral { // wrapped
			h.next = firstEphemeral
		}
		if len(h.ports[portKey{udp, port}]) == 0 {
			return port
		}
	}
	return 0
}

func (h *Host) unbind(b *binding) {
	if b == nil {
		return
	}
	list := h.ports[b.key]
	if i := slices.Index(list, b); i >= 0 {
		list = slices.Delete(list, i, i+1)
	}
	if len(list) == 0 {
		delete(h.ports, b.key)
	} else {
		h.ports[b.key] = list
	}
}

// owns reports whether an address is the host's, or means itself.
func (h *Host) owns(a netip.Addr) bool {
	return a.IsLoopback() || slices.Contains(h.addrs, a.WithZone(""))
}

// local is the address to bind to for a Local of SocketOptions.
func (h *Host) local(o *kernel.SocketOptions) (b *binding, err error) {
	b = &binding{key: portKey{udp: o.Network[0] == 'u', port: o.Local.IP.Port()}, reuse: o.ReusePort, addr: o.Local.IP.Addr().Unmap()}
	six := o.Network == "tcp6" || o.Network == "udp6"
	four := o.Network == "tcp4" || o.Network == "udp4"
	if !b.addr.IsValid() {
		switch remote := o.Remote.IP.Addr().Unmap(); {
		case four, remote.Is4():
			b.addr = netip.IPv4Unspecified()
		default:
			b.addr = netip.IPv6Unspecified()
		}
	}
	b.dual = !four && !six && !o.V6Only && b.addr == netip.IPv6Unspecified()
	switch {
	case four && !b.addr.Is4(), six && b.addr.Is4():
		return nil, syscall.EAFNOSUPPORT
	case !b.addr.IsUnspecified() && !h.owns(b.addr):
		return nil, syscall.EADDRNOTAVAIL
	}
	return b, nil
}

// route is the host that has an address, nil if nobody has it, and the address
// from which h sends to it. To the unspecified address means to itself.
func (h *Host) route(to netip.Addr) (target *Host, dst, src netip.Addr, err error) {
	dst = to.Unmap().WithZone("")
	if dst.IsUnspecified() {
		if dst.Is4() {
			dst = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		} else {
			dst = netip.IPv6Loopback()
		}
	}
	switch {
	case dst.IsLoopback() && dst.Is4():
		return h, dst, netip.AddrFrom4([4]byte{127, 0, 0, 1}), nil
	case dst.IsLoopback(), slices.Contains(h.addrs, dst):
		return h, dst, dst, nil
	}
	for _, a := range h.addrs {
		if a.Is4() == dst.Is4() {
			return h.net.owner(dst), dst, a, nil
		}
	}
	return nil, dst, src, syscall.ENETUNREACH
}

// checkSource says what is wrong with sending from src to dst.
func checkSource(src, dst netip.Addr) error {
	switch {
	case src.Is4() != dst.Is4():
		return syscall.EAFNOSUPPORT
	case src.IsLoopback() && !dst.IsLoopback():
		return syscall.EINVAL
	}
	return nil
}
