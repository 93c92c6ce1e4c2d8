package simnet

import (
	"context"
	"net"
	"net/netip"
	"syscall"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netaddr"
	"github.com/anyio-go/anyio/internal/waitq"
)

// maxBacklog is Linux's limit, which a backlog of 0 means.
const maxBacklog = 4096

// A listener is a TCP socket that accepts.
type listener struct {
	listenerCalls
	network string
	host    *Host
	b       *binding
	node    waitq.Node[endable]
	backlog int
	half    int // connections whose handshake has begun
	queue   []*conn
	closed  bool
}

// ListenStream makes a TCP or UNIX socket that accepts.
func (n *Net) ListenStream(ctx context.Context, o kernel.SocketOptions) (kernel.StreamListener, error) {
	if _, err := enter(ctx); err != nil {
		return nil, err
	}
	if o.Backlog <= 0 || o.Backlog > maxBacklog {
		o.Backlog = maxBacklog
	}
	if o.Network == "unix" {
		return n.listenUnix(ctx, o)
	}
	n.lock()
	defer n.unlock()
	h, err := n.here(ctx)
	if err != nil {
		return nil, netaddr.OpError("listen", "socket", o.Network, o.Local, kernel.Addr{}, err)
	}
	l := &listener{network: o.Network, host: h, backlog: o.Backlog}
	l.listenerCalls.init(n, l, kernel.TCPOps)
	if l.b, err = h.local(&o); err == nil {
		l.b.owner = l
		err = h.bind(l.b)
	}
	if err != nil {
		return nil, netaddr.OpError("listen", "bind", o.Network, o.Local, kernel.Addr{}, err)
	}
	l.node.Value = l
	h.sockets.Push(&l.node)
	return l, nil
}

// listening is the socket that takes connections to an address, nil if none does.
// Of those that share a port the seed chooses one.
func (h *Host) listening(to netip.AddrPort) *listener {
	var best []*listener
	rank := 0
	for _, b := range h.ports[portKey{port: to.Port()}] {
		l, ok := b.owner.(*listener)
		if !ok || !b.covers(to.Addr()) {
			continue
		}
		r := 3
		switch {
		case b.addr == to.Addr():
		case !b.dual || to.Addr().Is6():
			r = 2
		default:
			r = 1
		}
		if r > rank {
			best, rank = best[:0], r
		}
		if r == rank {
			best = append(best, l)
		}
	}
	switch len(best) {
	case 0:
		return nil
	case 1:
		return best[0]
	}
	return best[h.net.clock.Uint64()%uint64(len(best))]
}

// arriveSYN is the first packet of a connection.
func (n *Net) arriveSYN(p *packet) {
	client, h := p.from, p.path.to
	if client.served != nil { // a repetition, or a copy
		client.served.answerAgain()
		return
	}
	l := h.listening(p.Dst)
	if l == nil {
		r := n.newPacket(n.path(h, p.path.from), "tcp", p.Dst, p.Src)
		r.to, r.RST = client, true
		n.send(r)
		return
	}
	if len(l.queue)+l.half > l.backlog {
		n.drop(p, "dropped: backlog")
		return
	}
	c := n.newConn(l.network, h, p.path.from, p.Dst, p.Src)
	c.state, c.peer, c.listener = synReceived, client, l
	c.right = int64(p.Window)
	client.served = c
	l.half++
	c.sendSYN()
}

// answerAgain repeats the answer to the beginning of a connection.
func (c *conn) answerAgain() {
	switch c.state {
	case synReceived:
		c.sendSYN()
	case established:
		c.sendACK()
	}
}

// completed is told of the end of a handshake.
func (l *listener) completed(c *conn) {
	l.half--
	if l.closed {
		c.abort()
		return
	}
	l.queue = append(l.queue, c)
	l.net.wakeOne(&l.reads)
}

// acceptNow implements accepting. A connection that was reset meanwhile is given out, too,
// as by the system.
func (l *listener) acceptNow(p kernel.Place) (kernel.StreamConn, error) {
	switch {
	case l.closed:
		return nil, p.CanceledOr(l.isClosed())
	case len(l.queue) == 0:
		return nil, nil
	}
	c := l.queue[0]
	l.queue[0] = nil
	l.queue = l.queue[1:]
	c.listener = nil
	return c, nil
}

func (l *listener) isClosed() error {
	return netaddr.OpError("accept", "", l.network, l.LocalAddr(), kernel.Addr{}, net.ErrClosed)
}

func (l *listener) LocalAddr() kernel.Addr {
	return kernel.Addr{IP: netip.AddrPortFrom(l.b.addr, l.b.key.port)}
}
func (l *listener) RemoteAddr() kernel.Addr               { return kernel.Addr{} }
func (l *listener) SyscallConn() (syscall.RawConn, error) { return nil, errNoRawConn }

// Close resets the connections that nobody has accepted.
func (l *listener) Close() error {
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

// die is for endable. Connections whose handshake goes on learn of it at its end.
func (l *listener) die(silent bool) {
	l.closed = true
	l.host.unbind(l.b)
	for _, c := range l.queue {
		c.die(silent)
	}
	l.queue = nil
	l.net.failAll(&l.reads)
}
