package stream

import (
	"context"
	"errors"
	"io"
	"runtime"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/offload"
	"github.com/anyio-go/anyio/internal/unclosed"
)

// FromReader makes a byte stream of an io.Reader, such as os.Stdin, a compressed file, or
// the body of an HTTP response. r belongs to it from then on; Close closes it if it is an
// io.Closer.
//
// A Read that blocks holds up no task: it runs on a goroutine of its own, without a
// token of the run's thread limiter. In the simulator it is one step, so there
// it must not wait for a task other than by a blocking call of anyio. Of errors,
// io.EOF is ErrEndOfStream, os.ErrClosed and net.ErrClosed are ErrClosed, and all
// others are wrapped in an *anyio.BrokenError. A panic of Read is raised in Receive,
// as an *anyio.PanicError.
//
// Cancellation: Receive returns at once. A Read that cannot be interrupted is left
// to its goroutine, and the data that it returns is kept for the next Receive, so no
// byte is lost. Close does not wait for it.
func FromReader(r io.Reader) ByteReceiveStream {
	s := &readerStream{}
	s.open(r)
	if c, ok := r.(io.Closer); ok {
		s.closer = c
	}
	if kernel.DebugRuns() {
		s.watch = unclosed.New(s, "stream.FromReader", kernel.CallerPC(1))
	}
	return s
}

// An offloadedReader receives from an io.Reader.
type offloadedReader struct{ r *offload.Reader }

var opRead = kernel.RegisterOp("FromReader.Receive")

func (s *offloadedReader) open(r io.Reader) {
	s.r = offload.NewReader(r, func(err error) error {
		if err = outsideError(err); errors.Is(err, io.EOF) {
			return anyio.ErrEndOfStream
		}
		return err
	})
	s.r.Step = true
}

// Receive implements ByteReceiveStream.
func (s *offloadedReader) Receive(ctx context.Context, buf []byte) (int, error) {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return 0, err
	}
	if len(buf) == 0 {
		return 0, errEmptyBuffer
	}
	n, err := s.r.Read(p, opRead, buf)
	return n, ofCall(err, "reading from")
}

// A readerStream is an io.Reader as a stream.
type readerStream struct {
	offloadedReader
	closer io.Closer // nil if there is none
	watch  *unclosed.Watch
}

// Close implements Resource.
func (s *readerStream) Close(ctx context.Context) error {
	if !s.r.Close() {
		return nil
	}
	s.watch.Stop()
	runtime.KeepAlive(s)
	if s.closer == nil {
		return nil
	}
	return closeOutside(ctx, s.closer)
}

var _ ByteReceiveStream = (*readerStream)(nil)
