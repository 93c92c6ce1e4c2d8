package netconn

import (
	"bytes"
	"context"
	"errors"
	"net"

	"github.com/anyio-go/anyio/internal/kernel"
)

// maxPumped is the most that a pumped read asks for at once; what the caller does
// not take is kept.
const maxPumped = 64 << 10

// pumpedStream is a net.Conn without deadlines as a kernel.StreamConn.
type pumpedStream struct {
	sock
	conn net.Conn
	in   pump[[]byte]
	rest []byte // read and not yet taken; belongs to the one who reads
	out  pump[int]
}

func newPumpedStream(c net.Conn) *pumpedStream {
	return &pumpedStream{sock: sock{c: c, ops: connOps, connected: true}, conn: c}
}

// Read reads at least one byte. Canceled, it leaves a goroutine behind, whose data
// the next Read gets.
func (s *pumpedStream) Read(ctx context.Context, p []byte) (int, error) {
	pl, err := kernel.Enter(ctx)
	if err != nil {
		return 0, err
	}
	if s.closed() {
		return 0, pl.CanceledOr(net.ErrClosed)
	}
	if len(s.rest) == 0 {
		size := min(len(p), maxPumped)
		s.rest, err = s.in.do(pl, s.ops.Read, func() ([]byte, error) {
			buf := make([]byte, size)
			n, err := s.conn.Read(buf)
			if n > 0 {
				err = nil // it comes again
			}
			return buf[:n], err
		})
		if err != nil {
			return 0, s.failed(err)
		}
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// Write writes all of p. Canceled, it leaves a goroutine behind that goes on
// writing, for which the next Write waits: then all of p counts as written.
func (s *pumpedStream) Write(ctx context.Context, p []byte) (int, error) {
	pl, err := kernel.Enter(ctx)
	if err != nil {
		return 0, err
	}
	if err := s.out.settle(pl, s.ops.Write); err != nil {
		return 0, s.failed(err)
	}
	switch {
	case s.closed():
		return 0, pl.CanceledOr(net.ErrClosed)
	case len(p) == 0: // which a net.Pipe would wait with
		return 0, nil
	}
	data := bytes.Clone(p)
	n, err := s.out.do(pl, s.ops.Write, func() (int, error) { return s.conn.Write(data) })
	if pl.Check() != nil && errors.Is(err, context.Canceled) {
		n = len(p)
	}
	return n, s.failed(err)
}

// Close closes the connection, and does not wait for what it cannot interrupt.
func (s *pumpedStream) Close() error {
	s.closing()
	err := closeOnce(s.conn)
	s.in.close()
	s.out.close()
	return err
}

func (s *pumpedStream) CloseWrite() error { return closeWrite(s.conn) }

func (s *pumpedStream) Abort() error {
	if c, ok := s.conn.(interface{ SetLinger(int) error }); ok {
		_ = c.SetLinger(0)
	}
	return s.Close()
}

// pumpedListener is a net.Listener without deadlines as a kernel.StreamListener.
type pumpedListener struct {
	sock
	l  net.Listener
	in pump[net.Conn]
}

func newPumpedListener(l net.Listener) *pumpedListener {
	p := &pumpedListener{sock: sock{c: listening{l}, ops: connOps}, l: l}
	p.in.drop = func(c net.Conn) { _ = c.Close() }
	return p
}

// Accept waits for a connection. Canceled, it leaves a goroutine behind, whose
// connection the next Accept gets.
func (l *pumpedListener) Accept(ctx context.Context) (kernel.StreamConn, error) {
	pl, err := kernel.Enter(ctx)
	if err != nil {
		return nil, err
	}
	c, err := l.in.do(pl, l.ops.Accept, l.l.Accept)
	return accepted(c, l.failed(err))
}

func (l *pumpedListener) Close() error {
	l.closing()
	err := closeOnce(l.l)
	l.in.close()
	return err
}

// pumpedPacket is a net.PacketConn without deadlines as a kernel.PacketConn.
type pumpedPacket struct {
	sock
	io  packetConnIO
	in  pump[datagram]
	out pump[struct{}]
}

type datagram struct {
	data []byte
	from kernel.Addr
}

func newPumpedPacket(c net.PacketConn) *pumpedPacket {
	return &pumpedPacket{sock: sock{c: c, ops: connOps}, io: packetConnIO{c}}
}

// ReadFrom receives one datagram. Canceled, it leaves a goroutine behind, whose
// datagram the next ReadFrom gets.
func (c *pumpedPacket) ReadFrom(ctx context.Context, p []byte) (int, kernel.Addr, error) {
	pl, err := kernel.Enter(ctx)
	if err != nil {
		return 0, kernel.Addr{}, err
	}
	d, err := c.in.do(pl, c.ops.Read, func() (datagram, error) {
		buf := make([]byte, maxPumped)
		n, from, err := c.io.readFrom(buf)
		return datagram{bytes.Clone(buf[:n]), from}, err
	})
	return copy(p, d.data), d.from, c.failed(err)
}

// WriteTo sends one datagram.
func (c *pumpedPacket) WriteTo(ctx context.Context, p []byte, to kernel.Addr) error {
	pl, err := kernel.Enter(ctx)
	if err != nil {
		return err
	}
	if err := c.out.settle(pl, c.ops.Write); err != nil {
		return c.failed(err)
	}
	data := bytes.Clone(p)
	_, err = c.out.do(pl, c.ops.Write, func() (struct{}, error) { return struct{}{}, c.io.writeTo(data, to) })
	return c.failed(err)
}

func (c *pumpedPacket) Close() error {
	c.closing()
	err := closeOnce(c.c)
	c.in.close()
	c.out.close()
	return err
}

// ReadFDs is not possible over somebody's net.Conn.
func (s *pumpedStream) ReadFDs(context.Context, []byte, []uintptr) (n, nfds int, err error) {
	return 0, 0, errors.ErrUnsupported
}

// WriteFDs is not possible over somebody's net.Conn.
func (s *pumpedStream) WriteFDs(context.Context, []byte, []uintptr) error {
	return errors.ErrUnsupported
}
