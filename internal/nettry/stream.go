package nettry

import (
	"bytes"
	"context"
	"io"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netconn"
)

// A stream is a connection of package net.
type stream struct {
	*netconn.Stream
	sock
}

var _ kernel.TryStream = (*stream)(nil)

// stream makes one of a connection. One that is not package net's stays as it is. network is
// what package net calls it in errors, "" for that of its address.
func (n *Network) stream(c kernel.StreamConn, err error, network string) (kernel.StreamConn, error) {
	of, ok := c.(*netconn.Stream)
	if err != nil || !ok {
		return c, err
	}
	s := &stream{Stream: of}
	if network == "" {
		network = of.NetConn().LocalAddr().Network()
	}
	s.init(n, s, of, network)
	return s, nil
}

// TryRead reads what is there.
func (s *stream) TryRead(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	err = s.attempt(func(fd uintptr) (err error) { n, err = recv(fd, p); return err })
	switch {
	case err == nil && n > 0:
		return n, nil
	case err == nil:
		return 0, s.end()
	case again(err):
		return 0, s.dry()
	}
	return 0, s.opError("read", callRead, kernel.Addr{}, err)
}

// end is the error of who finds the end.
func (s *stream) end() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.failed; err != nil {
		s.failed = nil
		return err
	}
	return io.EOF
}

// TryWrite writes what the socket takes. A piece of the rest is on its way afterwards.
func (s *stream) TryWrite(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy && !s.closed || s.blocked > 0 {
		return 0, s.full()
	}
	sum, err := s.take(p)
	for err == nil && sum < len(p) {
		n, rest := 0, p[sum:min(len(p), sum+pieceSize)]
		err = s.attempt(func(fd uintptr) (err error) { n, err = send(fd, rest); return err })
		sum += max(n, 0)
		switch {
		case err == nil:
		case again(err):
			piece := bytes.Clone(rest)
			s.start(&s.writes, func(ctx context.Context) (int, error) { return s.Stream.Write(ctx, piece) })
			return sum, s.full()
		default:
			err = s.opError("write", callWrite, kernel.Addr{}, err)
		}
	}
	if len(p) == 0 && s.closed {
		err = s.opError("write", "", kernel.Addr{}, errClosing)
	}
	return sum, err
}

// Read reads at least one byte.
func (s *stream) Read(ctx context.Context, p []byte) (int, error) {
	s.beginRead()
	n, err := s.Stream.Read(ctx, p)
	return n, s.endRead(err)
}

// ReadFDs reads data and descriptors.
func (s *stream) ReadFDs(ctx context.Context, p []byte, fds []uintptr) (n, nfds int, err error) {
	s.beginRead()
	n, nfds, err = s.Stream.ReadFDs(ctx, p, fds)
	return n, nfds, s.endRead(err)
}

// Write writes all of p.
func (s *stream) Write(ctx context.Context, p []byte) (int, error) {
	n, err := s.beginWrite(ctx, &s.writes, s.Ops.Write, p)
	if err != nil {
		return n, err
	}
	defer s.endWrite(&s.writes)
	if n > 0 && n == len(p) {
		return n, nil
	}
	k, err := s.Stream.Write(ctx, p[n:])
	return n + k, err
}

// WriteFDs writes data and descriptors.
func (s *stream) WriteFDs(ctx context.Context, p []byte, fds []uintptr) error {
	if _, err := s.beginWrite(ctx, &s.writes, s.Ops.Write, nil); err != nil {
		return err
	}
	defer s.endWrite(&s.writes)
	return s.Stream.WriteFDs(ctx, p, fds)
}

// Close closes the connection.
func (s *stream) Close() error { return s.close(&s.waiting, s.Stream.Close) }

// Abort closes with a reset.
func (s *stream) Abort() error { return s.close(&s.waiting, s.Stream.Abort) }
