package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/unclosed"
)

// FromReadWriteCloser makes a byte stream of something that package io describes,
// such as a serial line or a session of SSH, as FromReader and FromWriter do of its
// halves. Reading and writing may go on at the same time. SendEOF needs a method
// CloseWrite() error; without it the error matches errors.ErrUnsupported.
//
// For a net.Conn, whose calls can be interrupted, package socket has something better.
//
// Cancellation: as for FromReader and FromWriter. No received byte is lost.
func FromReadWriteCloser(rwc io.ReadWriteCloser) ByteStream {
	s := &rwcStream{closer: rwc}
	s.in.open(rwc)
	s.out.open(rwc)
	if kernel.DebugRuns() {
		s.watch = unclosed.New(s, "stream.FromReadWriteCloser", kernel.CallerPC(1))
	}
	return s
}

// A rwcStream is an io.ReadWriteCloser as a stream.
type rwcStream struct {
	in     offloadedReader
	out    offloadedWriter
	closer io.Closer
	watch  *unclosed.Watch
}

// Receive implements ByteReceiveStream.
func (s *rwcStream) Receive(ctx context.Context, buf []byte) (int, error) {
	return s.in.Receive(ctx, buf)
}

// Send implements ByteSendStream.
func (s *rwcStream) Send(ctx context.Context, data []byte) error { return s.out.Send(ctx, data) }

// SendEOF implements ByteStream.
func (s *rwcStream) SendEOF(ctx context.Context) error {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return err
	}
	err = s.out.w.Shut(p, opWrite, func() error {
		c, ok := s.closer.(interface{ CloseWrite() error })
		if !ok {
			return fmt.Errorf("%w: %T has no method CloseWrite to send the end of the stream", errors.ErrUnsupported, s.closer)
		}
		return c.CloseWrite()
	})
	return ofCall(err, "writing to")
}

// Close implements Resource.
func (s *rwcStream) Close(ctx context.Context) error {
	first := s.in.r.Close()
	s.out.w.Close()
	if !first {
		return nil
	}
	s.watch.Stop()
	runtime.KeepAlive(s)
	return closeOutside(ctx, s.closer)
}

// Attributes are those of the thing that the stream is made of.
func (s *rwcStream) Attributes() attr.Set { return attr.Of(s.closer) }

var _ ByteStream = (*rwcStream)(nil)
