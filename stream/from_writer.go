package stream

import (
	"context"
	"io"
	"runtime"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/offload"
	"github.com/anyio-go/anyio/internal/unclosed"
)

// FromWriter makes a byte stream of an io.Writer, such as os.Stdout, as FromReader
// does of a reader: a Write that blocks holds up no task.
//
// Cancellation: Send returns at once. A Write that cannot be interrupted is left to
// its goroutine with a copy of up to 64 KiB of the data. The next call waits until it
// is done, and returns its error if it has failed. Close does not wait for it.
func FromWriter(w io.Writer) ByteSendStream {
	s := &writerStream{}
	s.open(w)
	if c, ok := w.(io.Closer); ok {
		s.closer = c
	}
	if kernel.DebugRuns() {
		s.watch = unclosed.New(s, "stream.FromWriter", kernel.CallerPC(1))
	}
	return s
}

// An offloadedWriter sends to an io.Writer.
type offloadedWriter struct{ w *offload.Writer }

var opWrite = kernel.RegisterOp("FromWriter.Send")

func (s *offloadedWriter) open(w io.Writer) {
	s.w = offload.NewWriter(w, outsideError)
	s.w.Step = true
}

// Send implements ByteSendStream.
func (s *offloadedWriter) Send(ctx context.Context, data []byte) error {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return err
	}
	_, err = s.w.Write(p, opWrite, data)
	return ofCall(err, "writing to")
}

// A writerStream is an io.Writer as a stream.
type writerStream struct {
	offloadedWriter
	closer io.Closer // nil if there is none
	watch  *unclosed.Watch
}

// Close implements Resource.
func (s *writerStream) Close(ctx context.Context) error {
	if !s.w.Close() {
		return nil
	}
	s.watch.Stop()
	runtime.KeepAlive(s)
	if s.closer == nil {
		return nil
	}
	return closeOutside(ctx, s.closer)
}

var _ ByteSendStream = (*writerStream)(nil)
