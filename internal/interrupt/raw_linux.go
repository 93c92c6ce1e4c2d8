package interrupt

import (
	"context"
	"errors"
	"io"
	"syscall"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A rawCall is what ReadRaw and WriteRaw make.
type rawCall struct {
	s *Socket
	f func(fd uintptr) (int, error)
}

// attempts makes the call until there was something to do.
func (c rawCall) attempts(n *int, err *error) func(fd uintptr) (done bool) {
	return func(fd uintptr) bool {
		for {
			*n, *err = c.f(fd)
			if *err != syscall.EINTR {
				return *err != syscall.EAGAIN
			}
		}
	}
}

func (c rawCall) read() (n int, done bool, err error) {
	raw := c.s.raw.Read(c.attempts(&n, &err))
	if err = c.s.rawError("read", raw, err); err == nil && n == 0 {
		err = io.EOF
	}
	return n, n > 0, err
}

func (c rawCall) write() (n int, done bool, err error) {
	raw := c.s.raw.Write(c.attempts(&n, &err))
	return n, n > 0, c.s.rawError("write", raw, err)
}

// rawError is the error of package net, or that of a call.
func (s *Socket) rawError(op string, raw, err error) error {
	errno, _ := err.(syscall.Errno)
	if raw != nil || errno != 0 {
		return s.failure(op, errno, raw)
	}
	return err
}

// ReadRaw implements kernel.RawStream.
func (s *Socket) ReadRaw(ctx context.Context, f func(fd uintptr) (int, error)) (int, error) {
	pl, err := kernel.Enter(ctx)
	if err != nil {
		return 0, err
	}
	if s.raw == nil {
		return 0, pl.CanceledOr(errors.ErrUnsupported)
	}
	n, err := Receive(&s.Duplex, pl, s.Ops.Read, rawCall{s, f}, rawCall.read)
	if err != nil {
		return s.HasRead(n, err)
	}
	return n, nil
}

// WriteRaw implements kernel.RawStream.
func (s *Socket) WriteRaw(ctx context.Context, f func(fd uintptr) (int, error)) (int, error) {
	pl, err := kernel.Enter(ctx)
	if err != nil {
		return 0, err
	}
	if s.raw == nil {
		return 0, pl.CanceledOr(errors.ErrUnsupported)
	}
	n, err := Send(&s.Duplex, pl, s.Ops.Write, rawCall{s, f}, rawCall.write)
	return n, s.Failed(err)
}

// ReadLent implements kernel.LentStream; it is Read in all else.
func (s *Socket) ReadLent(ctx context.Context, b kernel.Lender, max int) (int, error) {
	pl, err := kernel.Enter(ctx)
	if err != nil {
		return 0, err
	}
	if s.raw == nil || !blocksHere(pl) {
		return s.Read(ctx, b.Take(max))
	}
	t := s.reader
	t.place.S, t.lender, t.max = pl.S, b, max
	if raw := s.raw.Read(t.f); t.begun || t.n == 0 {
		return s.hasTriedToRead(t, raw)
	}
	n := t.n
	t.clear()
	return n, nil
}
