package simnet

import (
	"context"

	"github.com/anyio-go/anyio/internal/kernel"
)

// nowhere is the place of those who do not wait: nothing is canceled there.
var nowhere kernel.Place

// A stream is one end of a connection for its streamCalls. The network is locked.
type stream interface {
	// readNow reads what has arrived; none means that nothing has, and nothing failed.
	readNow(p kernel.Place, buf []byte) (k int, err error, none bool)
	// writeNow writes as much as there is room for.
	writeNow(p kernel.Place, data []byte) (int, error)
	// isClosed is the error of a call that finds the stream closed.
	isClosed(op string) error
}

// streamCalls are the calls of a stream's user that read and write.
type streamCalls struct {
	watchable
	stream stream
	ops    *kernel.SocketOps
}

func (c *streamCalls) init(n *Net, s stream, ops *kernel.SocketOps) {
	c.net, c.stream, c.ops = n, s, ops
}

// Read waits for something to read.
func (c *streamCalls) Read(ctx context.Context, buf []byte) (int, error) {
	defer preempt()
	p, err := enter(ctx)
	if err != nil {
		return 0, err
	}
	n := c.net
	n.lock()
	defer n.unlock()
	for {
		if k, err, none := c.stream.readNow(p, buf); !none {
			return k, err
		}
		if err := n.wait(p, &c.reads, c.ops.Read); err == errClosed {
			return 0, c.stream.isClosed("read")
		} else if err != nil {
			return 0, err
		}
	}
}

// TryRead reads what has arrived.
func (c *streamCalls) TryRead(buf []byte) (int, error) {
	c.net.lock()
	defer c.net.unlock()
	k, err, none := c.stream.readNow(nowhere, buf)
	if none {
		return 0, c.reads.block()
	}
	return k, err
}

// Write writes everything, waiting for room.
func (c *streamCalls) Write(ctx context.Context, data []byte) (int, error) {
	defer preempt()
	p, err := enter(ctx)
	if err != nil {
		return 0, err
	}
	n := c.net
	n.lock()
	defer n.unlock()
	for written := 0; ; {
		k, err := c.stream.writeNow(p, data[written:])
		if written += k; err != nil || written == len(data) {
			return written, err
		}
		if err := n.wait(p, &c.writes, c.ops.Write); err == errClosed {
			return written, c.stream.isClosed("write")
		} else if err != nil {
			return written, err
		}
	}
}

// TryWrite writes what there is room for.
func (c *streamCalls) TryWrite(data []byte) (int, error) {
	c.net.lock()
	defer c.net.unlock()
	k, err := c.stream.writeNow(nowhere, data)
	if err == nil && k < len(data) {
		err = c.writes.block()
	}
	return k, err
}

// An accepting socket is a listener for its listenerCalls. The network is locked.
type accepting interface {
	// acceptNow is nil if there is no connection.
	acceptNow(p kernel.Place) (kernel.StreamConn, error)
	isClosed() error
}

// listenerCalls are the calls of a listener's user that accept.
type listenerCalls struct {
	watchable
	socket accepting
	ops    *kernel.SocketOps
}

func (l *listenerCalls) init(n *Net, s accepting, ops *kernel.SocketOps) {
	l.net, l.socket, l.ops = n, s, ops
}

// Accept waits for a connection.
func (l *listenerCalls) Accept(ctx context.Context) (kernel.StreamConn, error) {
	p, err := enter(ctx)
	if err != nil {
		return nil, err
	}
	n := l.net
	n.lock()
	defer n.unlock()
	for {
		if c, err := l.socket.acceptNow(p); c != nil || err != nil {
			return c, err
		}
		if err := n.wait(p, &l.reads, l.ops.Accept); err == errClosed {
			return nil, l.socket.isClosed()
		} else if err != nil {
			return nil, err
		}
	}
}

// TryAccept takes a connection.
func (l *listenerCalls) TryAccept() (kernel.StreamConn, error) {
	l.net.lock()
	defer l.net.unlock()
	c, err := l.socket.acceptNow(nowhere)
	if c == nil && err == nil {
		return nil, l.reads.block()
	}
	return c, err
}

// A receiving socket is one of datagrams for its packetCalls. The network is locked.
type receiving interface {
	// readNow takes the oldest datagram; none means that there is none, and nothing failed.
	readNow(p kernel.Place, buf []byte) (k int, from kernel.Addr, err error, none bool)
	isClosed() error
}

// packetCalls are the calls of a datagram socket's user that receive.
type packetCalls struct {
	watchable
	socket receiving
	ops    *kernel.SocketOps
}

func (c *packetCalls) init(n *Net, s receiving, ops *kernel.SocketOps) {
	c.net, c.socket, c.ops = n, s, ops
}

// ReadFrom waits for a datagram and takes the oldest.
func (c *packetCalls) ReadFrom(ctx context.Context, buf []byte) (int, kernel.Addr, error) {
	defer preempt()
	p, err := enter(ctx)
	if err != nil {
		return 0, kernel.Addr{}, err
	}
	n := c.net
	n.lock()
	defer n.unlock()
	for {
		if k, from, err, none := c.socket.readNow(p, buf); !none {
			return k, from, err
		}
		if err := n.wait(p, &c.reads, c.ops.Read); err == errClosed {
			return 0, kernel.Addr{}, c.socket.isClosed()
		} else if err != nil {
			return 0, kernel.Addr{}, err
		}
	}
}

// TryReadFrom takes the oldest datagram.
func (c *packetCalls) TryReadFrom(buf []byte) (int, kernel.Addr, error) {
	c.net.lock()
	defer c.net.unlock()
	k, from, err, none := c.socket.readNow(nowhere, buf)
	if none {
		err = c.reads.block()
	}
	return k, from, err
}
