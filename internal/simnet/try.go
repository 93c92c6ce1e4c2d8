package simnet

import (
	"slices"

	"github.com/anyio-go/anyio/internal/kernel"
)

// nowhere is the place of those who do not wait: nothing is canceled there.
var nowhere kernel.Place

// TryRead reads what has arrived.
func (c *conn) TryRead(buf []byte) (int, error) {
	c.net.lock()
	defer c.net.unlock()
	k, err, none := c.readNow(nowhere, buf)
	if none {
		return 0, c.reads.block()
	}
	return k, err
}

// TryWrite writes what there is room for.
func (c *conn) TryWrite(data []byte) (int, error) {
	c.net.lock()
	defer c.net.unlock()
	k, err := c.writeNow(nowhere, data)
	if err == nil && k < len(data) {
		err = c.writes.block()
	}
	return k, err
}

// TryAccept takes a connection.
func (l *listener) TryAccept() (kernel.StreamConn, error) {
	l.net.lock()
	defer l.net.unlock()
	c, err := l.acceptNow(nowhere)
	if c == nil && err == nil {
		return nil, l.reads.block()
	}
	return c, err
}

// TryReadFrom takes the oldest datagram.
func (s *datagram) TryReadFrom(buf []byte) (int, kernel.Addr, error) {
	s.net.lock()
	defer s.net.unlock()
	k, from, err, none := s.readNow(nowhere, buf)
	if none {
		err = s.reads.block()
	}
	return k, from, err
}

// TryWriteTo sends a datagram; there is always room.
func (s *datagram) TryWriteTo(data []byte, to kernel.Addr) error {
	s.net.lock()
	defer s.net.unlock()
	return s.writeNow(nowhere, data, to)
}

// TryRead reads what the other end has written.
func (c *unixConn) TryRead(buf []byte) (int, error) {
	c.net.lock()
	defer c.net.unlock()
	k, err, none := c.readNow(nowhere, buf)
	if none {
		return 0, c.reads.block()
	}
	return k, err
}

// TryWrite writes what there is room for.
func (c *unixConn) TryWrite(data []byte) (int, error) {
	c.net.lock()
	defer c.net.unlock()
	k, err := c.writeNow(nowhere, data)
	if err == nil && k < len(data) {
		err = c.writes.block()
	}
	return k, err
}

// TryAccept takes a connection.
func (l *unixListener) TryAccept() (kernel.StreamConn, error) {
	l.net.lock()
	defer l.net.unlock()
	c, err := l.acceptNow(nowhere)
	if c == nil && err == nil {
		return nil, l.reads.block()
	}
	return c, err
}

// TryReadFrom takes the oldest datagram.
func (s *unixgram) TryReadFrom(buf []byte) (int, kernel.Addr, error) {
	s.net.lock()
	defer s.net.unlock()
	k, from, err, none := s.readNow(nowhere, buf)
	if none {
		err = s.reads.block()
	}
	return k, from, err
}

// TryWriteTo gives a datagram to the other socket.
func (s *unixgram) TryWriteTo(data []byte, to kernel.Addr) error {
	s.net.lock()
	defer s.net.unlock()
	full, err := s.writeNow(nowhere, data, to)
	if full != nil {
		err = s.writes.block()
		if s.writes.armed && !slices.Contains(full.room.also, &s.writes) {
			full.room.also = append(full.room.also, &s.writes)
		}
	}
	return err
}

// TryFile fails, and closes the descriptor unless it is lent: what exists outside the run
// is not seen by the simulator's clock.
func (n *Net) TryFile(fd uintptr, lend bool) (kernel.TryFile, error) {
	if lend {
		return nil, errDescriptor
	}
	return nil, refuse(fd)
}

var (
	_ kernel.TryStream   = (*conn)(nil)
	_ kernel.TryStream   = (*unixConn)(nil)
	_ kernel.TryListener = (*listener)(nil)
	_ kernel.TryListener = (*unixListener)(nil)
	_ kernel.TryPacket   = (*datagram)(nil)
	_ kernel.TryPacket   = (*unixgram)(nil)
	_ kernel.TryNetwork  = (*Net)(nil)
)
