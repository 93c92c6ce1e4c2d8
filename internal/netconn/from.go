package netconn

import (
	"net"

	"github.com/anyio-go/anyio/internal/interrupt"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netaddr"
)

// FromConn makes a stream of any net.Conn, which it owns from now on. Deadlines
// that were set on it are removed. If it refuses deadlines its calls cannot be
// interrupted, and run on goroutines of their own.
func FromConn(c net.Conn) kernel.StreamConn {
	switch c.(type) {
	case *net.TCPConn, *net.UnixConn:
		return newStream(c)
	}
	if interrupt.Usable(c) {
		return newStream(c)
	}
	return newPumpedStream(c)
}

// FromListener makes a listener of any net.Listener, which it owns from now on.
func FromListener(l net.Listener) kernel.StreamListener {
	if d, ok := l.(deadlineListener); ok && interrupt.Usable(listening{l}) {
		return newListener(d)
	}
	return newPumpedListener(l)
}

// FromPacketConn makes a datagram socket of any net.PacketConn, which it owns from
// now on. Those of package net that are connected stay it.
func FromPacketConn(c net.PacketConn) kernel.PacketConn {
	switch c := c.(type) {
	case *net.UDPConn:
		return newUDP(c)
	case *net.UnixConn:
		return newUnixgram(c)
	}
	if interrupt.Usable(c) {
		return newPacket(c, interrupt.Ops, false, packetConnIO{c})
	}
	return newPumpedPacket(c)
}

// packetConnIO uses a net.PacketConn of somebody's. An address of another kind than
// those of package net is told as the zero Addr.
type packetConnIO struct{ c net.PacketConn }

func (u packetConnIO) readFrom(p []byte) (int, kernel.Addr, error) {
	n, from, err := u.c.ReadFrom(p)
	return n, netaddr.FromNet(from), err
}

func (u packetConnIO) writeTo(p []byte, to kernel.Addr) error {
	var a net.Addr
	switch {
	case to.Path != "":
		a = netaddr.ToUnix("unixgram", to)
	case to.IP.IsValid():
		a = net.UDPAddrFromAddrPort(to.IP)
	default:
		if c, ok := u.c.(net.Conn); ok {
			_, err := c.Write(p)
			return err
		}
	}
	_, err := u.c.WriteTo(p, a)
	return err
}
