package netconn

import (
	"context"
	"net"

	"github.com/anyio-go/anyio/internal/interrupt"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netaddr"
)

// A Packet is a socket of package net as a kernel.PacketConn.
type Packet struct {
	sock
	io packetIO
}

// packetIO are the two calls that differ from kind to kind. The addresses are
// zero where the socket is connected.
type packetIO interface {
	readFrom(p []byte) (int, kernel.Addr, error)
	writeTo(p []byte, to kernel.Addr) error
}

var _ kernel.PacketConn = (*Packet)(nil)

// ReadFrom receives one datagram. See kernel.PacketConn.
func (c *Packet) ReadFrom(ctx context.Context, p []byte) (int, kernel.Addr, error) {
	pl, err := kernel.Enter(ctx)
	if err != nil {
		return 0, kernel.Addr{}, err
	}
	d, err := interrupt.Receive(&c.Duplex, pl, c.Ops.Read, packet{io: c.io, p: p}, packet.read)
	return d.n, d.from, c.Failed(err)
}

// A packet is a call that moves one datagram.
type packet struct {
	io packetIO
	p  []byte
	to kernel.Addr
}

// A datagram is what was received.
type datagram struct {
	n    int
	from kernel.Addr
}

func (k packet) read() (d datagram, done bool, err error) {
	d.n, d.from, err = k.io.readFrom(k.p)
	return d, d.n > 0, err
}

func (k packet) write() (_ struct{}, done bool, err error) {
	return struct{}{}, false, k.io.writeTo(k.p, k.to)
}

// WriteTo sends one datagram. See kernel.PacketConn.
func (c *Packet) WriteTo(ctx context.Context, p []byte, to kernel.Addr) error {
	pl, err := kernel.Enter(ctx)
	if err != nil {
		return err
	}
	_, err = interrupt.Send(&c.Duplex, pl, c.Ops.Write, packet{c.io, p, to}, packet.write)
	return c.Failed(err)
}

func newPacket(c under, ops *kernel.SocketOps, connected bool, io packetIO) *Packet {
	k := &Packet{io: io}
	k.init(c, ops)
	k.connected = connected
	return k
}

// udpIO allocates nothing per datagram.
type udpIO struct {
	c         *net.UDPConn
	connected bool
}

func newUDP(c *net.UDPConn) *Packet {
	connected := c.RemoteAddr() != nil
	return newPacket(c, kernel.UDPOps, connected, &udpIO{c, connected})
}

func (u *udpIO) readFrom(p []byte) (int, kernel.Addr, error) {
	if u.connected {
		n, err := readUDP(u.c, p)
		return n, kernel.Addr{}, err
	}
	n, from, err := readUDPFrom(u.c, p)
	return n, kernel.Addr{IP: netaddr.Unmap(from)}, err
}

func (u *udpIO) writeTo(p []byte, to kernel.Addr) error {
	var err error
	if u.connected {
		_, err = u.c.Write(p)
	} else {
		_, err = u.c.WriteToUDPAddrPort(p, to.IP)
	}
	return err
}

type unixgramIO struct {
	c         *net.UnixConn
	connected bool
}

func newUnixgram(c *net.UnixConn) *Packet {
	a, _ := c.RemoteAddr().(*net.UnixAddr)
	connected := a != nil
	return newPacket(c, kernel.UNIXOps, connected, &unixgramIO{c, connected})
}

func (u *unixgramIO) readFrom(p []byte) (int, kernel.Addr, error) {
	if u.connected {
		n, err := u.c.Read(p)
		return n, kernel.Addr{}, err
	}
	n, from, err := u.c.ReadFromUnix(p)
	if from == nil {
		return n, kernel.Addr{}, err
	}
	return n, kernel.Addr{Path: from.Name}, err
}

func (u *unixgramIO) writeTo(p []byte, to kernel.Addr) error {
	var err error
	if u.connected {
		_, err = u.c.Write(p)
	} else {
		_, err = u.c.WriteToUnix(p, netaddr.ToUnix("unixgram", to))
	}
	return err
}
