package stream

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/internal/kernel"
)

// AsByteReceiveStream makes a byte stream of a stream of pieces of bytes, such as
// one end of Memory[[]byte]. What does not fit into the buffer of one Receive is
// kept for the next; empty pieces are passed over. The result belongs to the
// caller, and closing it closes s.
func AsByteReceiveStream(s ObjectReceiveStream[[]byte]) ByteReceiveStream {
	return newPieceReceiver(s)
}

// AsByteSendStream makes a byte stream of a stream of pieces of bytes: each Send
// sends a copy of the data as one piece, or nothing if there is none.
// Cancellation: unlike with other byte streams, nothing was sent.
func AsByteSendStream(s ObjectSendStream[[]byte]) ByteSendStream { return &pieceSender{s: s} }

// AsByteStream is like AsByteReceiveStream and AsByteSendStream, for both directions of
// a stream.
func AsByteStream(s ObjectStream[[]byte]) ByteStream {
	return &pieceStream{newPieceReceiver(s), pieceSender{s: s}, s}
}

// A pieceReceiver cuts pieces to the size of buffers.
type pieceReceiver struct {
	s      ObjectReceiveStream[[]byte]
	guard  anyio.ResourceGuard // guards rest
	rest   []byte
	closed atomic.Bool
}

func newPieceReceiver(s ObjectReceiveStream[[]byte]) *pieceReceiver {
	r := &pieceReceiver{s: s}
	r.guard.Action = "reading from"
	return r
}

// Receive implements ByteReceiveStream.
func (r *pieceReceiver) Receive(ctx context.Context, buf []byte) (int, error) {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return 0, err
	}
	if len(buf) == 0 {
		return 0, errEmptyBuffer
	}
	if r.closed.Load() {
		return 0, p.CanceledOr(anyio.ErrClosed)
	}
	if err := r.guard.Acquire(); err != nil {
		return 0, err
	}
	defer r.guard.Release()
	for len(r.rest) == 0 {
		var err error
		if r.rest, err = r.s.Receive(ctx); err != nil {
			r.rest = nil
			return 0, err
		}
	}
	n := copy(buf, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// Close implements Resource.
func (r *pieceReceiver) Close(ctx context.Context) error {
	r.closed.Store(true)
	return r.s.Close(ctx)
}

// Attributes are those of the stream of pieces.
func (r *pieceReceiver) Attributes() attr.Set { return attr.Of(r.s) }

type pieceSender struct {
	s     ObjectSendStream[[]byte]
	guard anyio.ResourceGuard
}

// Send implements ByteSendStream.
func (s *pieceSender) Send(ctx context.Context, data []byte) error {
	if len(data) == 0 {
		_, err := kernel.Enter(ctx)
		return err
	}
	if err := s.guard.Acquire(); err != nil {
		return &anyio.BusyError{Action: "writing to"}
	}
	defer s.guard.Release()
	return s.s.Send(ctx, slices.Clone(data))
}

// Close implements Resource.
func (s *pieceSender) Close(ctx context.Context) error { return s.s.Close(ctx) }

// Attributes are those of the stream of pieces.
func (s *pieceSender) Attributes() attr.Set { return attr.Of(s.s) }

type pieceStream struct {
	*pieceReceiver
	sender pieceSender
	s      ObjectStream[[]byte]
}

// Send implements ByteSendStream.
func (s *pieceStream) Send(ctx context.Context, data []byte) error { return s.sender.Send(ctx, data) }

// SendEOF implements ByteStream.
func (s *pieceStream) SendEOF(ctx context.Context) error { return s.s.SendEOF(ctx) }
