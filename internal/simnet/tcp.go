package simnet

import (
	"context"
	"io"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netaddr"
	"github.com/anyio-go/anyio/internal/waitq"
)

// The times of Linux.
const (
	firstRTO       = time.Second            // before a round trip was measured
	minRTO         = 200 * time.Millisecond // of a retransmission timer
	maxRTO         = 120 * time.Second
	synTries       = 6  // repetitions of SYN: 127 s in all
	synAckTries    = 5  // of the answer: 63 s
	dataTries      = 15 // of data: between 13 and 30 minutes
	noRouteTimeout = 3 * time.Second
	finTimeout     = 60 * time.Second // of a closed connection whose other side does not end
)

type connState uint8

const (
	synSent connState = iota
	synReceived
	established
	dead // nothing is sent or taken any more
)

// A conn is one end of a TCP connection.
//
// The simulator takes three liberties: there is no congestion control, a closed
// connection leaves no TIME_WAIT behind, and a sender asks for a window only when a
// packet that could have opened it was lost, since otherwise a peer that never
// reads would keep virtual time going forever.
type conn struct {
	watchable
	network       string // as given to the one who made it: "tcp", "tcp4", "tcp6"
	host          *Host
	peerHost      *Host // nil: nobody has the address
	local, remote netip.AddrPort
	out           *path
	peer          *conn     // the other end, as far as known
	served        *conn     // the other end from the moment when it was made
	listener      *listener // of who was dialed, until accepted
	b             *binding  // of who dialed
	node          waitq.Node[endable]
	state         connState
	closed        bool          // by its user
	done          bool          // dead after both sides have said that they are through
	err           syscall.Errno // told once

	sender
	receiver
	connects line
}

func (n *Net) newConn(network string, h, peer *Host, local, remote netip.AddrPort) *conn {
	c := &conn{watchable: watchable{net: n}, network: network, host: h, peerHost: peer, local: local, remote: remote}
	c.sender.init(c)
	c.receiver.init(n.cfg.ReceiveBuffer)
	if peer != nil {
		c.out = n.path(h, peer)
	}
	c.node.Value = c
	h.sockets.Push(&c.node)
	return c
}

// DialStream connects a TCP or UNIX socket.
func (n *Net) DialStream(ctx context.Context, o kernel.SocketOptions) (kernel.StreamConn, error) {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return nil, err
	}
	if o.Network == "unix" {
		return n.dialUnix(ctx, o)
	}
	n.lock()
	defer n.unlock()
	fail := func(call string, err error) (kernel.StreamConn, error) {
		return nil, netaddr.OpError("dial", call, o.Network, o.Local, o.Remote, err)
	}
	h, err := n.here(ctx)
	if err != nil {
		return fail("socket", err)
	}
	b, err := h.local(&o)
	if err != nil {
		return fail("bind", err)
	}
	target, dst, src, err := h.route(o.Remote.IP.Addr())
	if err != nil {
		return fail("connect", err)
	}
	if !b.addr.IsUnspecified() {
		src = b.addr
	}
	if err := checkSource(src, dst); err != nil {
		return fail("connect", err)
	}
	c := n.newConn(o.Network, h, target, netip.AddrPort{}, netip.AddrPortFrom(dst, o.Remote.IP.Port()))
	b.addr, b.dual, b.owner = src, false, c
	if err := h.bind(b); err != nil {
		h.sockets.Remove(&c.node)
		return fail("bind", err)
	}
	c.b, c.local = b, netip.AddrPortFrom(src, b.key.port)
	if target == nil {
		c.startTimer(noRouteTimeout)
	} else {
		c.sendSYN()
	}
	for c.state == synSent {
		if err := n.wait(p, &c.connects, kernel.TCPOps.Dial); err != nil {
			c.abort()
			return nil, err
		}
	}
	if c.state == dead {
		switch {
		case c.closed: // the host was killed
			return fail("connect", syscall.ENETDOWN)
		case c.err == 0:
			c.err = syscall.ECONNRESET
		}
		_, err = fail("connect", c.err)
		return nil, p.CanceledOr(err)
	}
	return c, nil
}

func (c *conn) LocalAddr() kernel.Addr                { return kernel.Addr{IP: c.local} }
func (c *conn) RemoteAddr() kernel.Addr               { return kernel.Addr{IP: c.remote} }
func (c *conn) SyscallConn() (syscall.RawConn, error) { return nil, errNoRawConn }
func (c *conn) fail(op, call string, err error) error {
	return netaddr.OpError(op, call, c.network, c.LocalAddr(), c.RemoteAddr(), err)
}

// failed is the error that is due, once, unless its place was canceled before the call
// heard of it: then the next call is told.
func (c *conn) failed(p kernel.Place, op string) error {
	if canceled := p.CanceledOr(nil); canceled != nil {
		return canceled
	}
	err := c.err
	c.err = 0
	return c.fail(op, op, err)
}

// waited is the error of a wait.
func (c *conn) waited(op string, err error) error {
	if err == errClosed {
		return c.fail(op, "", net.ErrClosed)
	}
	return err
}

// Read reads what has arrived. After a reset what came before it is read first.
func (c *conn) Read(ctx context.Context, buf []byte) (int, error) {
	defer kernel.Preempt()
	p, err := kernel.Enter(ctx)
	if err != nil {
		return 0, err
	}
	n := c.net
	n.lock()
	defer n.unlock()
	for {
		if k, err, none := c.readNow(p, buf); !none {
			return k, err
		}
		if err := n.wait(p, &c.reads, kernel.TCPOps.Read); err != nil {
			return 0, c.waited("read", err)
		}
	}
}

// readNow reads what has arrived; none means that nothing has, and nothing failed.
func (c *conn) readNow(p kernel.Place, buf []byte) (k int, err error, none bool) {
	switch {
	case c.closed:
		return 0, p.CanceledOr(c.fail("read", "", net.ErrClosed)), false
	case len(buf) == 0:
		return 0, nil, false
	case len(c.in) > 0:
		k := copy(buf, c.in)
		c.in = c.in[k:]
		c.openWindow()
		return k, nil, false
	case c.finished: // what was said is said, whatever failed afterwards
		return 0, p.CanceledOr(io.EOF), false
	case c.err != 0:
		return 0, c.failed(p, "read"), false
	case c.state == dead:
		return 0, p.CanceledOr(io.EOF), false
	}
	return 0, nil, true
}

// Write puts everything into the send buffer, waiting for room.
func (c *conn) Write(ctx context.Context, data []byte) (int, error) {
	defer kernel.Preempt()
	p, err := kernel.Enter(ctx)
	if err != nil {
		return 0, err
	}
	n := c.net
	n.lock()
	defer n.unlock()
	for written := 0; ; {
		k, err := c.writeNow(p, data[written:])
		if written += k; err != nil || written == len(data) {
			return written, err
		}
		if err := n.wait(p, &c.writes, kernel.TCPOps.Write); err != nil {
			return written, c.waited("write", err)
		}
	}
}

// writeNow puts as much into the send buffer as there is room for.
func (c *conn) writeNow(p kernel.Place, data []byte) (int, error) {
	switch {
	case c.closed:
		return 0, p.CanceledOr(c.fail("write", "", net.ErrClosed))
	case c.err != 0:
		return 0, c.failed(p, "write")
	case c.state == dead || c.shut:
		return 0, p.CanceledOr(c.fail("write", "write", syscall.EPIPE))
	}
	k := min(c.net.cfg.SendBuffer-len(c.buf), len(data))
	if k > 0 {
		c.buf = append(c.buf, data[:k]...)
		c.wrote += int64(k)
		c.output()
	}
	return max(k, 0), nil
}

func (c *conn) ReadFDs(context.Context, []byte, []uintptr) (int, int, error) {
	return 0, 0, errPassing
}
func (c *conn) WriteFDs(context.Context, []byte, []uintptr) error { return errPassing }

var (
	_ kernel.StreamConn = (*conn)(nil)
	_ kernel.Firer      = (*conn)(nil)
)
