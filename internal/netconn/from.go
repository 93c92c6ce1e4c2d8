package netconn

import (
	"errors"
	"net"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
)

// FromConn makes a stream of any net.Conn, which it owns from now on. Deadlines
// that were set on it are removed. If it refuses deadlines its calls cannot be
// interrupted, and run on goroutines of their own.
func FromConn(c net.Conn) kernel.StreamConn {
	switch c.(type) {
	case *net.TCPConn, *net.UnixConn:
		return newStream(c)
	}
	if hasDeadlines(c) {
		return newStream(c)
	}
	return newPumpedStream(c)
}

// FromListener makes a listener of any net.Listener, which it owns from now on.
func FromListener(l net.Listener) kernel.StreamListener {
	if d, ok := l.(deadlineListener); ok && usable(d.SetDeadline(time.Time{})) {
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
	if hasDeadlines(c) {
		return &Packet{sock: sock{c: c, ops: connOps}, io: packetConnIO{c}}
	}
	return newPumpedPacket(c)
}

func hasDeadlines(d under) bool {
	return usable(d.SetReadDeadline(time.Time{})) && usable(d.SetWriteDeadline(time.Time{}))
}

// usable reports whether deadlines can be set: the calls on what is closed already
// need none.
func usable(err error) bool { return err == nil || errors.Is(err, net.ErrClosed) }

// packetConnIO uses a net.PacketConn of somebody's. An address of another kind than
// those of package net is told as the zero Addr.
type packetConnIO struct{ c net.PacketConn }

func (u packetConnIO) readFrom(p []byte) (int, kernel.Addr, error) {
	n, from, err := u.c.ReadFrom(p)
	return n, addrOf(from), err
}

func (u packetConnIO) writeTo(p []byte, to kernel.Addr) error {
	var a net.Addr
	switch {
	case to.Path != "":
		a = unixAddr("unixgram", to)
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
