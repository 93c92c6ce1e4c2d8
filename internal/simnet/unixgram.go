package simnet

import (
	"context"
	"net"
	"syscall"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netaddr"
	"github.com/anyio-go/anyio/internal/waitq"
)

// Limits of UNIX datagram sockets: those of Linux.
const (
	unixgramQueue = 11 // datagrams that wait in a socket
	maxUnixgram   = 212960
)

// A unixgram is a UNIX datagram socket. Nothing is lost: who sends waits for room.
type unixgram struct {
	packetCalls // writes are those who send from this socket
	host        *Host
	name        string    // "" if it has none
	file        *unixNode // nil if it has no name
	peer        *unixgram // if it is connected
	remote      string
	node        waitq.Node[endable]
	queue       []message
	room        line // of those who send to this socket
	closed      bool
}

type message struct {
	data []byte
	from string
}

func (n *Net) openUnixgram(ctx context.Context, o kernel.SocketOptions) (kernel.PacketConn, error) {
	n.lock()
	defer n.unlock()
	s := &unixgram{remote: o.Remote.Path}
	s.packetCalls.init(n, s, kernel.UNIXOps)
	op := "listen"
	if s.remote != "" {
		op = "dial"
	}
	fail := func(call string, err error) (kernel.PacketConn, error) {
		return nil, netaddr.OpError(op, call, "unixgram", o.Local, o.Remote, err)
	}
	var err error
	if s.host, err = n.here(ctx); err != nil {
		return fail("socket", err)
	}
	if s.remote != "" {
		if s.peer, err = s.host.findUnixgram(s.remote); err != nil {
			return fail("connect", err)
		}
	}
	if o.Local.Path != "" {
		s.file = &unixNode{gram: s}
		if s.name, err = s.host.bindUnix(o.Local.Path, s.file); err != nil {
			return fail("bind", err)
		}
	}
	s.node.Value = s
	s.host.sockets.Push(&s.node)
	return s, nil
}

func (h *Host) findUnixgram(path string) (*unixgram, error) {
	node, err := h.findUnix(path)
	switch {
	case err != nil:
		return nil, err
	case node.stream != nil:
		return nil, syscall.EPROTOTYPE
	case node.gram == nil:
		return nil, syscall.ECONNREFUSED
	}
	return node.gram, nil
}

func (s *unixgram) isClosed() error {
	return netaddr.OpError("read", "", "unixgram", s.LocalAddr(), s.RemoteAddr(), net.ErrClosed)
}

// readNow implements receiving.
func (s *unixgram) readNow(p kernel.Place, buf []byte) (k int, from kernel.Addr, err error, none bool) {
	switch {
	case s.closed:
		return 0, from, p.CanceledOr(s.isClosed()), false
	case len(s.queue) == 0:
		return 0, from, nil, true
	}
	m := s.queue[0]
	s.queue[0] = message{}
	s.queue = s.queue[1:]
	s.net.wakeAll(&s.room)
	if s.peer != nil {
		m.from = ""
	}
	return copy(buf, m.data), kernel.Addr{Path: m.from}, nil, false
}

// WriteTo gives a datagram to the other socket, waiting for room in its queue.
func (s *unixgram) WriteTo(ctx context.Context, data []byte, to kernel.Addr) error {
	defer preempt()
	p, err := enter(ctx)
	if err != nil {
		return err
	}
	n := s.net
	n.lock()
	defer n.unlock()
	for {
		target, err := s.writeNow(p, data, to)
		if target == nil {
			return err
		}
		if err = n.waitInBoth(p, &target.room, &s.writes, kernel.UNIXOps.Write); err == errClosed {
			return s.notSent(to, net.ErrClosed)
		} else if err != nil {
			return err
		}
	}
}

func (s *unixgram) notSent(to kernel.Addr, err error) error {
	return netaddr.OpError("write", "sendto", "unixgram", s.LocalAddr(), to, err)
}

// writeNow gives a datagram to the other socket. It returns the socket if that has no room.
func (s *unixgram) writeNow(p kernel.Place, data []byte, to kernel.Addr) (full *unixgram, err error) {
	target, err := s.target(data, to.Path)
	if err != nil {
		return nil, p.CanceledOr(s.notSent(to, err))
	}
	if len(target.queue) >= unixgramQueue {
		return target, nil
	}
	target.queue = append(target.queue, message{append([]byte(nil), data...), s.name})
	s.net.wakeOne(&target.reads)
	return nil, nil
}

func (s *unixgram) target(data []byte, path string) (*unixgram, error) {
	target := s.peer
	switch {
	case s.closed:
		return nil, net.ErrClosed
	case target != nil && path != "":
		return nil, net.ErrWriteToConnected
	case target != nil && target.closed:
		return nil, syscall.ECONNREFUSED
	case target == nil && path == "":
		return nil, syscall.ENOTCONN
	case target == nil:
		var err error
		if target, err = s.host.findUnixgram(path); err != nil {
			return nil, err
		}
	}
	switch {
	case target.peer != nil && target.peer != s:
		return nil, syscall.EPERM
	case len(data) > maxUnixgram:
		return nil, syscall.EMSGSIZE
	}
	return target, nil
}

func (s *unixgram) LocalAddr() kernel.Addr                { return kernel.Addr{Path: s.name} }
func (s *unixgram) RemoteAddr() kernel.Addr               { return kernel.Addr{Path: s.remote} }
func (s *unixgram) SyscallConn() (syscall.RawConn, error) { return nil, errNoRawConn }

// Close leaves the file behind; see RemoveSocketFile.
func (s *unixgram) Close() error {
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
func (s *unixgram) die(bool) {
	s.closed, s.queue = true, nil
	if s.file != nil {
		s.host.leaveUnix(s.name, s.file)
	}
	s.net.failAll(&s.reads)
	s.net.failAll(&s.writes)
	s.net.wakeAll(&s.room)
}
