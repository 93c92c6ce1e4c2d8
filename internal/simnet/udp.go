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

// maxDatagram is the most that fits into one datagram.
const maxDatagram = 65507

// A datagram is a UDP socket.
type datagram struct {
	packetCalls
	network string
	host    *Host
	b       *binding
	remote  netip.AddrPort // if it is connected
	node    waitq.Node[endable]
	queue   []*packet
	size    int           // of the packets in queue
	err     syscall.Errno // told once: what became of a packet
	closed  bool
}

// OpenPacket makes a UDP or UNIX datagram socket.
func (n *Net) OpenPacket(ctx context.Context, o kernel.SocketOptions) (kernel.PacketConn, error) {
	if _, err := enter(ctx); err != nil {
		return nil, err
	}
	if o.Network == "unixgram" {
		return n.openUnixgram(ctx, o)
	}
	op := "listen"
	if o.Remote.IP.IsValid() {
		op = "dial"
	}
	n.lock()
	defer n.unlock()
	fail := func(call string, err error) (kernel.PacketConn, error) {
		return nil, netaddr.OpError(op, call, o.Network, o.Local, o.Remote, err)
	}
	h, err := n.here(ctx)
	if err != nil {
		return fail("socket", err)
	}
	s := &datagram{network: o.Network, host: h}
	s.packetCalls.init(n, s, kernel.UDPOps)
	if s.b, err = h.local(&o); err != nil {
		return fail("bind", err)
	}
	if op == "dial" {
		_, dst, src, err := h.route(o.Remote.IP.Addr())
		if err == nil && !s.b.addr.IsUnspecified() {
			err = checkSource(s.b.addr, dst)
			src = s.b.addr
		}
		if err != nil {
			return fail("connect", err)
		}
		s.remote = netip.AddrPortFrom(dst, o.Remote.IP.Port())
		s.b.addr, s.b.dual = src, false
	}
	s.b.owner = s
	if err := h.bind(s.b); err != nil {
		return fail("bind", err)
	}
	s.node.Value = s
	h.sockets.Push(&s.node)
	return s, nil
}

// arriveUDP puts a datagram into the queue of the socket that it is for.
func (n *Net) arriveUDP(p *packet) {
	s := p.path.to.taking(p)
	switch {
	case s == nil:
		n.bounce(p, syscall.ECONNREFUSED)
	case s.size+p.size() > n.cfg.DatagramQueue:
		n.stats.Overflowed++
		n.tracePacket(p, "dropped: queue full")
	default:
		s.queue = append(s.queue, p)
		s.size += p.size()
		n.wakeOne(&s.reads)
	}
}

// taking is the socket that takes a datagram, nil if none does: one that is
// connected to the sender, else one with the very address, else one with all.
func (h *Host) taking(p *packet) *datagram {
	var best []*datagram
	rank := 0
	for _, b := range h.ports[portKey{true, p.Dst.Port()}] {
		s := b.owner.(*datagram)
		if !b.covers(p.Dst.Addr()) || s.remote.IsValid() && s.remote != p.Src {
			continue
		}
		r := 1
		switch {
		case s.remote.IsValid():
			r = 4
		case b.addr == p.Dst.Addr():
			r = 3
		case !b.dual || p.Dst.Addr().Is6():
			r = 2
		}
		if r > rank {
			best, rank = best[:0], r
		}
		if r == rank {
			best = append(best, s)
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

func (s *datagram) fail(op, call string, to kernel.Addr, err error) error {
	return netaddr.OpError(op, call, s.network, s.LocalAddr(), to, err)
}

func (s *datagram) isClosed() error {
	return s.fail("read", "", s.RemoteAddr(), net.ErrClosed)
}

// readNow implements receiving.
func (s *datagram) readNow(p kernel.Place, buf []byte) (k int, from kernel.Addr, err error, none bool) {
	switch {
	case s.closed:
		return 0, from, p.CanceledOr(s.isClosed()), false
	case s.err != 0:
		err := p.CanceledOr(nil)
		if err == nil {
			err, s.err = s.fail("read", "recvfrom", s.RemoteAddr(), s.err), 0
		}
		return 0, from, err, false
	case len(s.queue) == 0:
		return 0, from, nil, true
	}
	q := s.queue[0]
	s.queue[0] = nil
	s.queue = s.queue[1:]
	s.size -= q.size()
	if !s.remote.IsValid() {
		from.IP = q.Src
	}
	return copy(buf, q.Data), from, nil, false
}

// WriteTo sends a datagram; it never waits.
func (s *datagram) WriteTo(ctx context.Context, data []byte, to kernel.Addr) error {
	defer preempt()
	p, err := enter(ctx)
	if err != nil {
		return err
	}
	s.net.lock()
	defer s.net.unlock()
	return s.writeNow(p, data, to)
}

func (s *datagram) writeNow(p kernel.Place, data []byte, to kernel.Addr) error {
	n := s.net
	connected := s.remote.IsValid()
	fail := func(err error) error { return s.fail("write", "sendto", to, err) }
	switch {
	case s.closed:
		return p.CanceledOr(fail(net.ErrClosed))
	case connected && to.IP.IsValid():
		return fail(net.ErrWriteToConnected)
	case connected:
		to.IP = s.remote
	case !to.IP.IsValid():
		return fail(syscall.EDESTADDRREQ)
	}
	if err := s.err; err != 0 {
		s.err = 0
		return fail(err)
	}
	if len(data) > maxDatagram {
		return fail(syscall.EMSGSIZE)
	}
	dst := to.IP.Addr().Unmap()
	if !s.b.addr.IsUnspecified() || !s.b.dual {
		if s.b.addr.Is4() != dst.Is4() {
			return fail(syscall.EAFNOSUPPORT)
		}
	}
	target, dst, src, err := s.host.route(dst)
	if err == nil && !s.b.addr.IsUnspecified() {
		src = s.b.addr
		err = checkSource(src, dst)
	}
	switch {
	case err != nil:
		return fail(err)
	case target == nil: // nobody answers for the address
		return nil
	}
	q := n.newPacket(n.path(s.host, target), "udp", netip.AddrPortFrom(src, s.b.key.port), netip.AddrPortFrom(dst, to.IP.Port()))
	q.sock, q.Data = s, append([]byte(nil), data...)
	n.send(q)
	return nil
}

// refuse is the news that a datagram did not arrive. Only a connected socket is
// told of it.
func (s *datagram) refuse(err error) {
	if s.remote.IsValid() && !s.closed {
		s.err = err.(syscall.Errno)
		s.net.wakeAll(&s.reads)
	}
}

func (s *datagram) LocalAddr() kernel.Addr {
	return kernel.Addr{IP: netip.AddrPortFrom(s.b.addr, s.b.key.port)}
}
func (s *datagram) RemoteAddr() kernel.Addr               { return kernel.Addr{IP: s.remote} }
func (s *datagram) SyscallConn() (syscall.RawConn, error) { return nil, errNoRawConn }

// Close throws away what was received and not read.
func (s *datagram) Close() error {
	preempt()
	defer preempt()
	s.net.lock()
	defer s.net.unlock()
	if s.closed {
		return nil
	}
	s.host.sockets.Remove(&s.node)
	s.die(false)
	return nil
}

// die is for endable.
func (s *datagram) die(bool) {
	s.closed, s.queue = true, nil
	s.host.unbind(s.b)
	s.net.failAll(&s.reads)
}
