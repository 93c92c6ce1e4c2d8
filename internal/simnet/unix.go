package simnet

import (
	"context"
	"io"
	"net"
	"syscall"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netaddr"
	"github.com/anyio-go/anyio/internal/waitq"
)

// A unixConn is one end of a UNIX stream connection. Both ends are on one host,
// and what is written is there at once.
type unixConn struct {
	streamCalls
	host          *Host
	peer          *unixConn
	local, remote string
	node          waitq.Node[endable]
	in            []byte
	shut          bool // will write no more
	closed        bool
	err           syscall.Errno // told once
}

// A unixListener is a UNIX stream socket that accepts.
type unixListener struct {
	listenerCalls
	host    *Host
	name    string
	file    *unixNode
	node    waitq.Node[endable]
	backlog int
	queue   []*unixConn
	closed  bool
}

func (n *Net) listenUnix(ctx context.Context, o kernel.SocketOptions) (kernel.StreamListener, error) {
	n.lock()
	defer n.unlock()
	l := &unixListener{backlog: o.Backlog}
	l.listenerCalls.init(n, l, kernel.UNIXOps)
	var err error
	if l.host, err = n.here(ctx); err == nil {
		l.file = &unixNode{stream: l}
		l.name, err = l.host.bindUnix(o.Local.Path, l.file)
	}
	if err != nil {
		return nil, netaddr.OpError("listen", "bind", "unix", o.Local, kernel.Addr{}, err)
	}
	l.node.Value = l
	l.host.sockets.Push(&l.node)
	return l, nil
}

// dialUnix connects at once. A full backlog is EAGAIN, as for all non-blocking
// sockets of the system.
func (n *Net) dialUnix(ctx context.Context, o kernel.SocketOptions) (kernel.StreamConn, error) {
	n.lock()
	defer n.unlock()
	h, err := n.here(ctx)
	var node *unixNode
	if err == nil {
		node, err = h.findUnix(o.Remote.Path)
	}
	switch {
	case err != nil:
	case node.gram != nil:
		err = syscall.EPROTOTYPE
	case node.stream == nil:
		err = syscall.ECONNREFUSED
	case len(node.stream.queue) > node.stream.backlog:
		err = syscall.EAGAIN
	}
	local := ""
	if err == nil && o.Local.Path != "" {
		local, err = h.bindUnix(o.Local.Path, &unixNode{})
	}
	if err != nil {
		return nil, netaddr.OpError("dial", "connect", "unix", o.Local, o.Remote, err)
	}
	l := node.stream
	a := &unixConn{host: h, local: local, remote: l.name}
	b := &unixConn{host: h, local: l.name, remote: local, peer: a}
	a.peer = b
	for _, c := range []*unixConn{a, b} {
		c.streamCalls.init(n, c, kernel.UNIXOps)
		c.node.Value = c
		h.sockets.Push(&c.node)
	}
	l.queue = append(l.queue, b)
	n.wakeOne(&l.reads)
	return a, nil
}

// acceptNow implements accepting.
func (l *unixListener) acceptNow(p kernel.Place) (kernel.StreamConn, error) {
	switch {
	case l.closed:
		return nil, p.CanceledOr(l.isClosed())
	case len(l.queue) == 0:
		return nil, nil
	}
	c := l.queue[0]
	l.queue = l.queue[1:]
	return c, nil
}

func (l *unixListener) isClosed() error {
	return netaddr.OpError("accept", "", "unix", l.LocalAddr(), kernel.Addr{}, net.ErrClosed)
}

func (l *unixListener) LocalAddr() kernel.Addr                { return kernel.Addr{Path: l.name} }
func (l *unixListener) RemoteAddr() kernel.Addr               { return kernel.Addr{} }
func (l *unixListener) SyscallConn() (syscall.RawConn, error) { return nil, errNoRawConn }

// Close leaves the file behind; see RemoveSocketFile.
func (l *unixListener) Close() error {
	preempt()
	defer preempt()
	l.net.lock()
	defer l.net.unlock()
	if l.closed {
		return nil
	}
	l.host.sockets.Remove(&l.node)
	l.die(false)
	return nil
}

// die is for endable. Connections that nobody has accepted are reset.
func (l *unixListener) die(bool) {
	l.closed = true
	l.host.leaveUnix(l.name, l.file)
	for _, c := range l.queue {
		c.peer.err = syscall.ECONNRESET
		c.close()
	}
	l.queue = nil
	l.net.failAll(&l.reads)
}

func (c *unixConn) fail(op, call string, err error) error {
	return netaddr.OpError(op, call, "unix", c.LocalAddr(), c.RemoteAddr(), err)
}

func (c *unixConn) isClosed(op string) error { return c.fail(op, "", net.ErrClosed) }

// readNow implements stream: what the other end has written is there.
func (c *unixConn) readNow(p kernel.Place, buf []byte) (k int, err error, none bool) {
	switch {
	case c.closed:
		return 0, p.CanceledOr(c.isClosed("read")), false
	case len(buf) == 0:
		return 0, nil, false
	case len(c.in) > 0:
		k := copy(buf, c.in)
		if c.in = c.in[k:]; len(c.in) == 0 {
			c.in = nil
		}
		c.net.wakeAll(&c.peer.writes)
		return k, nil, false
	case c.err != 0:
		err := p.CanceledOr(nil)
		if err == nil {
			err, c.err = c.fail("read", "read", c.err), 0
		}
		return 0, err, false
	case c.peer.shut || c.peer.closed:
		return 0, p.CanceledOr(io.EOF), false
	}
	return 0, nil, true
}

// writeNow implements stream: what there is room for is given to the other end.
func (c *unixConn) writeNow(p kernel.Place, data []byte) (int, error) {
	switch {
	case c.closed:
		return 0, p.CanceledOr(c.isClosed("write"))
	case c.shut || c.peer.closed:
		return 0, p.CanceledOr(c.fail("write", "write", syscall.EPIPE))
	}
	k := min(c.net.cfg.SendBuffer-len(c.peer.in), len(data))
	if k > 0 {
		c.peer.in = append(c.peer.in, data[:k]...)
		c.net.wakeAll(&c.peer.reads)
	}
	return max(k, 0), nil
}

// CloseWrite sends the end of the stream.
func (c *unixConn) CloseWrite() error {
	preempt()
	defer preempt()
	c.net.lock()
	defer c.net.unlock()
	if c.closed {
		return c.fail("close", "", net.ErrClosed)
	}
	c.shut = true
	c.wake()
	return nil
}

func (c *unixConn) wake() {
	for _, q := range []*line{&c.reads, &c.writes, &c.peer.reads, &c.peer.writes} {
		c.net.wakeAll(q)
	}
}

// Close is a reset for the other end if this one has not read everything.
func (c *unixConn) Close() error {
	preempt()
	defer preempt()
	c.net.lock()
	defer c.net.unlock()
	if c.closed {
		return nil
	}
	c.close()
	return nil
}

func (c *unixConn) close() {
	if len(c.in) > 0 {
		c.peer.err = syscall.ECONNRESET
	}
	c.closed, c.in = true, nil
	c.host.sockets.Remove(&c.node)
	c.net.failAll(&c.reads)
	c.net.failAll(&c.writes)
	c.wake()
}

// Abort is Close: UNIX sockets have no reset of their own.
func (c *unixConn) Abort() error { return c.Close() }

// die is for endable.
func (c *unixConn) die(bool) {
	if !c.closed {
		c.close()
	}
}

func (c *unixConn) LocalAddr() kernel.Addr                { return kernel.Addr{Path: c.local} }
func (c *unixConn) RemoteAddr() kernel.Addr               { return kernel.Addr{Path: c.remote} }
func (c *unixConn) SyscallConn() (syscall.RawConn, error) { return nil, errNoRawConn }
func (c *unixConn) ReadFDs(context.Context, []byte, []uintptr) (int, int, error) {
	return 0, 0, errPassing
}
func (c *unixConn) WriteFDs(context.Context, []byte, []uintptr) error { return errPassing }
