package socket

import (
	"context"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/stream"
)

// ReceiveBorrowed waits for data and reads between 1 and max bytes of it, at most 64 KiB,
// into a buffer that b has only while there is data: not while this call waits for a socket
// of the system's (of UNIX systems on the event loop, of Linux on goroutines), nor when it
// has failed. That is what a server with many idle connections wants. The data is valid
// until b is used again or released. The errors are those of Receive.
//
// Cancellation: no byte is lost, and b has no buffer.
func (s *Stream) ReceiveBorrowed(ctx context.Context, b *stream.Borrowed, max int) ([]byte, error) {
	if err := s.beginBorrowed(ctx, b, max); err != nil {
		return nil, err
	}
	n, err := 0, error(nil)
	switch c := s.c.(type) {
	case kernel.LentStream:
		n, err = c.ReadLent(ctx, b, max)
	default:
		n, err = s.c.Read(ctx, b.Take(max))
	}
	return s.endBorrowed(b, max, n, err)
}

//go:noinline
func (s *Stream) beginBorrowed(ctx context.Context, b *stream.Borrowed, max int) error {
	var err error
	if max < 1 {
		err = misuse("ReceiveBorrowed of %d bytes: there must be room for one at least", max)
	} else {
		err = s.reading.Acquire()
	}
	if err != nil {
		b.Release()
		return s.refused(ctx, err)
	}
	return nil
}

//go:noinline
func (s *Stream) endBorrowed(b *stream.Borrowed, max, n int, err error) ([]byte, error) {
	s.reading.Release()
	if err != nil {
		b.Release()
		return nil, s.receiveFailed(err)
	}
	return b.Take(max)[:n:n], nil
}
