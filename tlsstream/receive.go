package tlsstream

import (
	"context"
	"errors"
	"io"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/tlsconf"
	"github.com/anyio-go/anyio/lowlevel"
)

var errFlooded = errors.New("tlsstream: the other side asks for new keys again and again, and does not read the answers")

// Receive waits for data, and decrypts between 1 and len(buf) bytes into buf. When the
// other side has said that it will send no more (close_notify), the error is
// ErrEndOfStream. If the transport just ends, somebody may have cut it off: the error
// matches ErrBroken and io.ErrUnexpectedEOF, or is ErrEndOfStream if
// Options.NoCloseNotify is set, unless the cut is within a record. Errors of the
// transport are returned as they are.
//
// Cancellation: no byte is lost.
func (s *Stream) Receive(ctx context.Context, buf []byte) (int, error) {
	if err := lowlevel.Enter(ctx); err != nil {
		return 0, err
	}
	if s.closed.Load() {
		return 0, closed(ctx)
	}
	if len(buf) == 0 {
		return 0, &anyio.MisuseError{Text: "tlsstream: Receive needs a buffer with room for at least one byte, its length is 0"}
	}
	if err := s.receiving.Acquire(); err != nil {
		return 0, err
	}
	defer s.receiving.Release()
	if n := copy(buf, s.ungotten); n > 0 {
		s.ungotten = s.ungotten[n:]
		return n, nil
	}
	return s.receive(ctx, buf)
}

// receive is Receive for somebody who is receiving.
func (s *Stream) receive(ctx context.Context, buf []byte) (int, error) {
	if end := s.ended(); end != nil {
		return 0, end
	}
	for {
		if err := s.reply(ctx); err != nil {
			return 0, err
		}
		if !s.dry || len(s.wire.in) > 0 {
			n, err := s.conn.Read(buf)
			if n > 0 {
				s.dry = n < len(buf) && err == nil // else there may be more of the record
				return n, nil                      // an error comes again
			}
			if err == io.EOF {
				return 0, s.finish(anyio.ErrEndOfStream)
			}
			if err != tlsconf.ErrStarved {
				return 0, s.finish(&anyio.BrokenError{Cause: tlsconf.Clear(err)})
			}
			s.dry = true
		}
		err := s.wire.fill(ctx)
		switch {
		case err == nil:
		case s.closed.Load() && !errors.Is(err, anyio.ErrCanceled):
			return 0, anyio.ErrClosed
		case !errors.Is(err, anyio.ErrEndOfStream):
			return 0, err
		case s.standard || s.wire.inRecord():
			s.wire.ended = true
			return 0, s.finish(&anyio.BrokenError{Cause: io.ErrUnexpectedEOF})
		default:
			s.wire.ended = true
			return 0, s.finish(anyio.ErrEndOfStream)
		}
	}
}

// reply sends the answers that receiving has given rise to (to a key update), if
// there are many of them. Otherwise they go with the next data that is sent: one
// who receives must not wait for the other side to receive.
func (s *Stream) reply(ctx context.Context) error {
	n := s.wire.waiting()
	if n < replyFlush {
		return nil
	}
	if s.line.TryAcquire() != nil { // whoever sends now takes them along
		if n > replyLimit {
			return s.finish(&anyio.BrokenError{Cause: errFlooded})
		}
		return nil
	}
	defer s.line.Release()
	err := s.wire.flush(ctx)
	if err != nil && s.wire.broken == err { // Send tells of that
		return nil
	}
	return err
}
