package netconn

import (
	"bytes"
	"context"
	"errors"
	"net"

	"github.com/anyio-go/anyio/internal/interrupt"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/offload"
)

// pumpedStream is a net.Conn without deadlines as a kernel.StreamConn.
type pumpedStream struct {
	sock
	rw *offload.Duplex
}

func newPumpedStream(c net.Conn) *pumpedStream {
	s := &pumpedStream{rw: offload.NewDuplex(c, interrupt.Ops)}
	s.init(c, interrupt.Ops)
	s.connected = true
	return s
}

func (s *pumpedStream) Read(ctx context.Context, p []byte) (int, error) {
	n, err := s.rw.Read(ctx, p)
	return n, s.Failed(err)
}

func (s *pumpedStream) Write(ctx context.Context, p []byte) (int, error) {
	n, err := s.rw.Write(ctx, p)
	return n, s.Failed(err)
}

// Close closes the connection, and does not wait for what it cannot interrupt.
func (s *pumpedStream) Close() error {
	s.Closing()
	return s.rw.Close()
}

func (s *pumpedStream) CloseWrite() error { return closeWrite(s.D) }

func (s *pumpedStream) Abort() error {
	linger(s.D)
	return s.Close()
}

// ReadFDs is not possible over somebody's net.Conn.
func (s *pumpedStream) ReadFDs(context.Context, []byte, []uintptr) (n, nfds int, err error) {
	return 0, 0, errors.ErrUnsupported
}

// WriteFDs is not possible over somebody's net.Conn.
func (s *pumpedStream) WriteFDs(context.Context, []byte, []uintptr) error {
	return errors.ErrUnsupported
}

// pumpedListener is a net.Listener without deadlines as a kernel.StreamListener.
type pumpedListener struct {
	sock
	l  net.Listener
	in offload.Call[net.Conn]
}

func newPumpedListener(l net.Listener) *pumpedListener {
	p := &pumpedListener{l: l}
	p.init(listening{l}, interrupt.Ops)
	p.in.Drop = func(c net.Conn) { _ = c.Close() }
	return p
}

// Accept waits for a connection. Canceled, it leaves a goroutine behind, whose
// connection the next Accept gets.
func (l *pumpedListener) Accept(ctx context.Context) (kernel.StreamConn, error) {
	pl, err := kernel.Enter(ctx)
	if err != nil {
		return nil, err
	}
	c, err := l.in.Do(pl, l.Ops.Accept, l.l.Accept)
	return accepted(c, l.Failed(err))
}

func (l *pumpedListener) Close() error {
	l.in.Close()
	return l.sock.Close()
}

// pumpedPacket is a net.PacketConn without deadlines as a kernel.PacketConn.
type pumpedPacket struct {
	sock
	io  packetConnIO
	in  offload.Call[packet]
	out offload.Call[struct{}]
}

// maxDatagram is the most that is received at once.
const maxDatagram = 64 << 10

func newPumpedPacket(c net.PacketConn) *pumpedPacket {
	p := &pumpedPacket{io: packetConnIO{c}}
	p.init(c, interrupt.Ops)
	return p
}

// ReadFrom receives one datagram. Canceled, it leaves a goroutine behind, whose
// datagram the next ReadFrom gets.
func (c *pumpedPacket) ReadFrom(ctx context.Context, p []byte) (int, kernel.Addr, error) {
	pl, err := kernel.Enter(ctx)
	if err != nil {
		return 0, kernel.Addr{}, err
	}
	d, err := c.in.Do(pl, c.Ops.Read, func() (packet, error) {
		buf := make([]byte, maxDatagram)
		n, from, err := c.io.readFrom(buf)
		return packet{p: bytes.Clone(buf[:n]), to: from}, err
	})
	return copy(p, d.p), d.to, c.Failed(err)
}

// WriteTo sends one datagram, after what an earlier call has left to do.
func (c *pumpedPacket) WriteTo(ctx context.Context, p []byte, to kernel.Addr) error {
	pl, err := kernel.Enter(ctx)
	if err != nil {
		return err
	}
	data := bytes.Clone(p)
	_, err = c.out.DoNext(pl, c.Ops.Write, func() (struct{}, error) { return struct{}{}, c.io.writeTo(data, to) })
	return c.Failed(err)
}

func (c *pumpedPacket) Close() error {
	c.in.Close()
	c.out.Close()
	return c.sock.Close()
}
