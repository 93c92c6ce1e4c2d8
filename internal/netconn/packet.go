package netconn

import (
	"context"
	"net"

	"github.com/anyio-go/anyio/internal/kernel"
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
	if t := pl.RunningTask(); t != nil {
		return c.readElsewhere(pl, t, p)
	}
	n, from := 0, kernel.Addr{}
	if err = c.reading.begin(pl, c.ops.Read, (*readSide)(&c.sock)); err == nil {
		n, from, err = c.io.readFrom(p)
		if canceled := c.reading.End(pl, err != nil); canceled != nil {
			err = c.endRead(n > 0, err, canceled)
		}
	}
	return n, from, c.failed(err)
}

func (c *Packet) readElsewhere(pl kernel.Place, t *kernel.Task, p []byte) (n int, from kernel.Addr, err error) {
	canceled := c.reading.offload(pl, t, c.ops.Read, (*readSide)(&c.sock), func() error {
		n, from, err = c.io.readFrom(p)
		return err
	})
	if canceled != nil {
		err = c.endRead(n > 0, err, canceled)
	}
	return n, from, c.failed(err)
}

// WriteTo sends one datagram. See kernel.PacketConn.
func (c *Packet) WriteTo(ctx context.Context, p []byte, to kernel.Addr) error {
	pl, err := kernel.Enter(ctx)
	if err != nil {
		return err
	}
	if t := pl.RunningTask(); t != nil {
		return c.writeElsewhere(pl, t, p, to)
	}
	if err = c.writing.begin(pl, c.ops.Write, (*writeSide)(&c.sock)); err == nil {
		err = c.io.writeTo(p, to)
		if canceled := c.writing.End(pl, err != nil); canceled != nil {
			err = c.endWrite(false, err, canceled)
		}
	}
	return c.failed(err)
}

func (c *Packet) writeElsewhere(pl kernel.Place, t *kernel.Task, p []byte, to kernel.Addr) (err error) {
	canceled := c.writing.offload(pl, t, c.ops.Write, (*writeSide)(&c.sock), func() error {
		err = c.io.writeTo(p, to)
		return err
	})
	if canceled != nil {
		err = c.endWrite(false, err, canceled)
	}
	return c.failed(err)
}

// udpIO allocates nothing per datagram.
type udpIO struct {
	c         *net.UDPConn
	connected bool
}

func newUDP(c *net.UDPConn) *Packet {
	connected := c.RemoteAddr() != nil
	return &Packet{sock: sock{c: c, ops: kernel.UDPOps, connected: connected}, io: &udpIO{c, connected}}
}

func (u *udpIO) readFrom(p []byte) (int, kernel.Addr, error) {
	if u.connected {
		n, err := u.c.Read(p)
		return n, kernel.Addr{}, ignoreCut(err)
	}
	n, from, err := u.c.ReadFromUDPAddrPort(p)
	return n, kernel.Addr{IP: unmap(from)}, ignoreCut(err)
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
	return &Packet{sock: sock{c: c, ops: kernel.UNIXOps, connected: connected}, io: &unixgramIO{c, connected}}
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
		_, err = u.c.WriteToUnix(p, unixAddr("unixgram", to))
	}
	return err
}
