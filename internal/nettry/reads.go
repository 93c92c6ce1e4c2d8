package nettry

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netaddr"
)

// A sock is what sockets of streams and of datagrams have: attempts that the system makes
// at once, and waits.
type sock struct {
	told
	writes
	conn     kernel.Conn
	network  string // as in package net
	prepared atomic.Bool

	// Guarded by mu.
	awaited bool  // a goroutine waits until there is something to read
	reads   int   // calls that block
	failed  error // that a wait was told, and nobody else will be
}

func (s *sock) init(n *Network, self closer, conn kernel.Conn, network string) {
	s.net, s.self, s.conn, s.network = n, self, conn, network
}

// attempt makes a system call that does not block.
func (s *sock) attempt(f func(fd uintptr) error) error {
	raw, err := s.conn.SyscallConn()
	if err != nil {
		return err
	}
	inner := errClosing
	_ = raw.Control(func(fd uintptr) { // fails if it is closed
		inner = nil
		if !s.prepared.Load() {
			inner = prepare(fd)
			s.prepared.Store(inner == nil)
		}
		if inner == nil {
			inner = f(fd)
		}
	})
	return inner
}

var (
	errClosing   = errors.New("closed") // becomes net.ErrClosed
	errNoAddress = errors.New("no address")
)

// opError is the error of an attempt, as that of a call that blocks.
func (s *sock) opError(op, call string, to kernel.Addr, err error) error {
	if err == errClosing {
		err = net.ErrClosed
	}
	if to == (kernel.Addr{}) {
		to = s.conn.RemoteAddr()
	}
	return netaddr.Portable(netaddr.OpError(op, call, s.network, s.conn.LocalAddr(), to, err))
}

// dry ends an attempt that found nothing to read.
func (s *sock) dry() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return s.opError("read", "", kernel.Addr{}, errClosing)
	case s.failed != nil:
		err := s.failed
		s.failed = nil
		return err
	}
	s.reading = s.by != nil && !s.paused
	s.await()
	return kernel.ErrWouldBlock
}

// await lets a goroutine wait, if anybody wants to be told and nobody waits.
func (s *sock) await() {
	if s.reading && !s.awaited && s.reads == 0 {
		s.awaited = true
		go s.awaitReadable()
	}
}

func (s *sock) awaitReadable() {
	raw, err := s.conn.SyscallConn()
	if err == nil {
		err = raw.Read(untilReadable())
	}
	s.mu.Lock()
	s.awaited = false
	errno, told := errors.AsType[syscall.Errno](err)
	switch {
	case s.closed: // who was to be told is
		s.mu.Unlock()
		return
	case errors.Is(err, os.ErrDeadlineExceeded) && s.reads > 0:
		s.mu.Unlock() // a call that blocks was canceled; its end tells
		return
	case told:
		s.failed = s.opError("read", callRead, kernel.Addr{}, errno)
	}
	n := s.due(true, false)
	s.mu.Unlock()
	n.tell()
}

// beginRead precedes a call that blocks, which has the deadlines for itself.
func (s *sock) beginRead() {
	s.mu.Lock()
	s.reads++
	s.mu.Unlock()
}

// endRead lets those try again who have found nothing meanwhile. A reset that only a wait
// was told of is the error of who finds the end.
func (s *sock) endRead(err error) error {
	s.mu.Lock()
	s.reads--
	if err == io.EOF && s.failed != nil {
		err, s.failed = s.failed, nil
	}
	var n news
	if !s.awaited && s.reads == 0 {
		n = s.due(true, false)
	}
	s.mu.Unlock()
	n.tell()
	return err
}
