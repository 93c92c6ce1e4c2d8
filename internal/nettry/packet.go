package nettry

import (
	"bytes"
	"context"
	"net"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netaddr"
	"github.com/anyio-go/anyio/internal/netconn"
)

// A packet is a datagram socket of package net.
type packet struct {
	*netconn.Packet
	sock
	connected bool
}

var _ kernel.TryPacket = (*packet)(nil)

func (n *Network) packet(c kernel.PacketConn, err error, network string) (kernel.PacketConn, error) {
	of, ok := c.(*netconn.Packet)
	if err != nil || !ok {
		return c, err
	}
	p := &packet{Packet: of, connected: of.RemoteAddr() != (kernel.Addr{})}
	switch {
	case network != "":
	case of.Ops == kernel.UDPOps:
		network = "udp"
	default:
		network = "unixgram"
	}
	p.init(n, p, of, network)
	return p, nil
}

// TryReadFrom takes a datagram.
func (c *packet) TryReadFrom(p []byte) (n int, from kernel.Addr, err error) {
	err = c.attempt(func(fd uintptr) (err error) {
		if c.connected {
			n, err = recv(fd, p)
		} else {
			n, from, err = recvFrom(fd, p)
		}
		if isCut(err) {
			n, err = len(p), nil
		}
		return err
	})
	switch {
	case err == nil:
		return n, from, nil
	case again(err):
		return 0, kernel.Addr{}, c.dry()
	}
	return 0, kernel.Addr{}, c.opError("read", callReadFrom, kernel.Addr{}, err)
}

// TryWriteTo sends a datagram. If there is no room it is on its way afterwards, and the
// next attempt, which must be for the same, is told what has become of it.
func (c *packet) TryWriteTo(p []byte, to kernel.Addr) error {
	if c.connected && to != (kernel.Addr{}) {
		return netaddr.OpError("write", "", c.network, c.LocalAddr(), to, net.ErrWriteToConnected)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.busy && !c.closed || c.blocked > 0:
		return c.full()
	case c.over:
		_, err := c.take(nil)
		return err
	}
	err := c.attempt(func(fd uintptr) error {
		if c.connected {
			_, err := send(fd, p)
			return err
		}
		return sendTo(fd, p, to, c.LocalAddr().IP.Addr().Is4())
	})
	switch {
	case err == nil:
		return nil
	case again(err):
		data := bytes.Clone(p)
		c.start(&c.writes, func(ctx context.Context) (int, error) { return 0, c.Packet.WriteTo(ctx, data, to) })
		return c.full()
	}
	return c.opError("write", callWriteTo, to, err)
}

// ReadFrom receives one datagram.
func (c *packet) ReadFrom(ctx context.Context, p []byte) (int, kernel.Addr, error) {
	c.beginRead()
	n, from, err := c.Packet.ReadFrom(ctx, p)
	return n, from, c.endRead(err)
}

// WriteTo sends one datagram, after what an attempt has left to do.
func (c *packet) WriteTo(ctx context.Context, p []byte, to kernel.Addr) error {
	if _, err := c.beginWrite(ctx, &c.writes, c.Ops.Write, nil); err != nil {
		return err
	}
	defer c.endWrite(&c.writes)
	return c.Packet.WriteTo(ctx, p, to)
}

// Close closes the socket.
func (c *packet) Close() error { return c.close(&c.waiting, c.Packet.Close) }
