package socket

import (
	"context"

	"github.com/anyio-go/anyio/internal/kernel"
)

// maxDatagram is the longest datagram that is received whole without a buffer of
// the caller's.
const maxDatagram = 65536

// datagrams is what all datagram sockets have.
type datagrams struct {
	endpoint
	c       kernel.PacketConn // = conn
	reading readGuard
	writing writeGuard
	buf     []byte // of receive, made at first need; guarded by reading
}

func (d *datagrams) init(c kernel.PacketConn, network string, connected bool) {
	d.conn, d.c, d.network, d.connected = c, c, network, connected
}

// receiveFrom receives a datagram into the caller's buffer.
func (d *datagrams) receiveFrom(ctx context.Context, buf []byte) (int, kernel.Addr, error) {
	if len(buf) == 0 {
		return 0, kernel.Addr{}, d.refused(ctx, errEmptyBuffer)
	}
	if err := d.reading.Acquire(); err != nil {
		return 0, kernel.Addr{}, d.refused(ctx, err)
	}
	defer d.reading.Release()
	n, from, err := d.c.ReadFrom(ctx, buf)
	if err != nil {
		err = d.failedPacket(err)
	}
	return n, from, err
}

// receive receives a datagram into memory of its own.
func (d *datagrams) receive(ctx context.Context) ([]byte, kernel.Addr, error) {
	if err := d.reading.Acquire(); err != nil {
		return nil, kernel.Addr{}, d.refused(ctx, err)
	}
	defer d.reading.Release()
	if d.buf == nil {
		d.buf = make([]byte, maxDatagram)
	}
	n, from, err := d.c.ReadFrom(ctx, d.buf)
	if err != nil {
		return nil, from, d.failedPacket(err)
	}
	return append(make([]byte, 0, n), d.buf[:n]...), from, nil
}

// send sends a datagram; to is zero on a connected socket.
func (d *datagrams) send(ctx context.Context, data []byte, to kernel.Addr) error {
	if err := d.writing.Acquire(); err != nil {
		return d.refused(ctx, err)
	}
	defer d.writing.Release()
	if err := d.c.WriteTo(ctx, data, to); err != nil {
		return d.failedPacket(err)
	}
	return nil
}
