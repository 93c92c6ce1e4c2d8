package tlsstream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/tlsconf"
	"github.com/anyio-go/anyio/lowlevel"
)

// Send encrypts data and gives all of it to the transport.
//
// Cancellation: a part of data may have been sent, or encrypted to be sent with what is
// sent next, see SendCounted. If the transport is not a stream.CountingSender, nobody
// knows how much it has sent of a record: then nothing more can be sent, Send returns
// ErrBroken, and receiving goes on. A Send that was canceled before it began has no
// effect.
func (s *Stream) Send(ctx context.Context, data []byte) error {
	_, err := s.SendCounted(ctx, data)
	return err
}

// SendCounted is like Send but also returns how much of data was taken, perhaps all.
// Cancellation: call it again with the rest, also if that is empty: what was taken, and
// is still to be sent, goes before. So a Stream is a stream.CountingSender.
func (s *Stream) SendCounted(ctx context.Context, data []byte) (taken int, err error) {
	err = s.whileSending(ctx, func() error {
		if s.eofWritten {
			return anyio.ErrClosed
		}
		for {
			// What an earlier one has left, then a part, then what was received meanwhile
			// demands to be answered.
			if err := s.wire.flush(ctx); err != nil || taken == len(data) {
				return err
			}
			n, err := s.conn.Write(data[taken:min(len(data), taken+writeChunk)])
			if taken += n; err != nil {
				return &anyio.BrokenError{Cause: tlsconf.Clear(err)}
			}
		}
	})
	return taken, err
}

// SendEOF tells the other side that no more data will come, by the closing alert
// of TLS; receiving goes on, and the transport stays open. That takes TLS 1.3:
// before, the alert meant the end of both directions, and the error matches
// errors.ErrUnsupported. Further calls do nothing.
//
// Cancellation: as with Send; call it again.
func (s *Stream) SendEOF(ctx context.Context) error {
	return s.whileSending(ctx, func() error {
		if s.state.Version < tls.VersionTLS13 {
			return fmt.Errorf("tlsstream: SendEOF needs TLS 1.3, this session uses %s: %w", tls.VersionName(s.state.Version), errors.ErrUnsupported)
		}
		return s.sayEOF(ctx)
	})
}

// whileSending calls f as the only one who sends.
func (s *Stream) whileSending(ctx context.Context, f func() error) error {
	if err := lowlevel.Enter(ctx); err != nil {
		return err
	}
	if s.closed.Load() {
		return closed(ctx)
	}
	if err := s.sending.Acquire(); err != nil {
		return err
	}
	defer s.sending.Release()
	if err := s.line.Acquire(ctx); err != nil {
		return err
	}
	defer s.line.Release()
	if s.closed.Load() {
		return closed(ctx)
	}
	err := f()
	if err != nil && s.closed.Load() && !errors.Is(err, anyio.ErrCanceled) {
		return anyio.ErrClosed
	}
	return err
}

// sayEOF sends our closing alert, once. The line is held.
func (s *Stream) sayEOF(ctx context.Context) error {
	if !s.eofWritten {
		s.eofWritten = true
		if err := s.conn.CloseWrite(); err != nil {
			return &anyio.BrokenError{Cause: tlsconf.Clear(err)}
		}
	}
	return s.wire.flush(ctx)
}
