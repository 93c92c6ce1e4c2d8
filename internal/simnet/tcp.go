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
	streamCalls
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
	c := &conn{network: network, host: h, peerHost: peer, local: local, remote: remote}
	c.streamCalls.init(n, c, kernel.TCPOps)
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
	p, err := enter(ctx)
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

func (c *conn) isClosed(op string) error { return c.fail(op, "", net.ErrClosed) }

// readNow implements stream. After a reset what came before it is read first.
func (c *conn) readNow(p kernel.Place, buf []byte) (k int, err error, none bool) {
	switch {
	case c.closed:
		return 0, p.CanceledOr(c.isClosed("read")), false
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

// writeNow implements stream: what there is room for is put into the send buffer.
func (c *conn) writeNow(p kernel.Place, data []byte) (int, error) {
	switch {
	case c.closed:
		return 0, p.CanceledOr(c.isClosed("write"))
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
