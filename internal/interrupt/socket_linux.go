package interrupt

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A Socket is a Duplex of a socket. That of a stream of package net is tried itself before
// anything else, and package net only asked to wait: who finds what he wants touches
// neither his scope nor the scheduler.
type Socket struct {
	Duplex
	raw    syscall.RawConn // of D, if it is to be tried
	reader *try            // of the call that reads, if it is
}

// Try lets Read and Write try the socket, if it is such a stream.
func (s *Socket) Try() {
	switch c := s.D.(type) {
	case *net.TCPConn:
		s.raw, _ = c.SyscallConn()
	case *net.UnixConn:
		if a := c.LocalAddr(); a != nil && a.Network() == "unix" {
			s.raw, _ = c.SyscallConn()
		}
	}
	if s.raw != nil { // here, where stacks are shallow
		s.Reading.make()
		s.reader = newReader(s)
	}
}

// blocksHere reports whether a call at a place blocks the calling goroutine. If the place
// has a context of its own, the code of that is not to run while package net holds the
// socket open.
//
//go:noinline
func blocksHere(pl kernel.Place) bool { return pl.Ctx == nil && pl.RunningTask() == nil }

// Read is that of a Duplex.
func (s *Socket) Read(ctx context.Context, p []byte) (int, error) {
	if s.raw == nil || len(p) == 0 {
		return s.Duplex.Read(ctx, p)
	}
	pl, err := kernel.Enter(ctx)
	if err != nil {
		return 0, err
	}
	if !blocksHere(pl) {
		return s.Duplex.Read(ctx, p)
	}
	t := s.reader
	t.place.S, t.p = pl.S, p
	if raw := s.raw.Read(t.f); t.begun || t.n == 0 {
		return s.hasTriedToRead(t, raw)
	}
	n := t.n
	t.clear()
	return n, nil
}

// hasTriedToRead ends a read that has waited or failed. raw is an error of package net.
//
//go:noinline
func (s *Socket) hasTriedToRead(t *try, raw error) (int, error) {
	n, err := t.n, t.canceled
	if err == nil {
		if err = s.failure("read", syscall.Errno(t.errno), raw); err == nil && n == 0 {
			err = io.EOF
		}
		err = s.over(t, &s.Reading, s.Ops.Read, (*reading)(&s.Duplex), n > 0, err)
	}
	t.clear()
	if err != nil {
		return s.HasRead(n, err)
	}
	return n, nil
}

// Write is that of a Duplex.
func (s *Socket) Write(ctx context.Context, p []byte) (int, error) {
	if s.raw == nil || len(p) == 0 {
		return s.Duplex.Write(ctx, p)
	}
	pl, err := kernel.Enter(ctx)
	if err != nil {
		return 0, err
	}
	if !blocksHere(pl) {
		return s.Duplex.Write(ctx, p)
	}
	t := writers.Get()
	t.s, t.place, t.p = s, pl, p
	if raw := s.raw.Write(t.f); t.begun || t.n < len(p) {
		return s.hasTriedToWrite(t, raw)
	}
	t.putBack()
	return len(p), nil
}

// hasTriedToWrite ends a write that has waited or failed.
//
//go:noinline
func (s *Socket) hasTriedToWrite(t *try, raw error) (int, error) {
	n, err := t.n, t.canceled
	if err == nil {
		err = s.over(t, &s.Writing, s.Ops.Write, (*writing)(&s.Duplex), n == len(t.p), s.failure("write", syscall.Errno(t.errno), raw))
	}
	t.putBack()
	return n, s.Failed(err)
}

// over ends the wait of a call. One that has failed at once gets its verdict in the same
// way, by a wait that is made up.
func (s *Socket) over(t *try, side *Side, op kernel.Op, i kernel.Interrupter, done bool, err error) error {
	if !t.begun && !t.wait(side, op, i) {
		s.told(err)
		return t.canceled
	}
	if canceled := side.external.Load().End(t.place, err != nil); canceled != nil {
		return resume(i, done, err, canceled)
	}
	return err
}

// failure is the error that Read or Write of package net would have returned.
func (s *Socket) failure(op string, errno syscall.Errno, raw error) error {
	if e, ok := raw.(*net.OpError); ok {
		e.Op = op // not raw-read
		return e
	}
	if raw != nil || errno == 0 {
		return raw
	}
	var e *net.OpError
	switch c := s.D.(type) {
	case *net.TCPConn:
		// Whether it was made as "tcp" or as "tcp4" nothing tells but its errors.
		_, failed := c.ReadFrom(failing{})
		e, _ = failed.(*net.OpError)
	case *net.UnixConn:
		e = &net.OpError{Net: "unix", Source: c.LocalAddr(), Addr: c.RemoteAddr()}
	}
	if e == nil {
		e = &net.OpError{}
	}
	e.Op, e.Err = op, os.NewSyscallError(op, errno)
	return e
}

// A failing is copied without effect.
type failing struct{}

var errFailing = errors.New("nothing to copy")

func (failing) Read([]byte) (int, error)         { return 0, errFailing }
func (failing) WriteTo(io.Writer) (int64, error) { return 0, errFailing }
