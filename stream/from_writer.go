package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
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
type offloadedWriter struct {
	op    *offloadedOp
	ended bool // SendEOF was called; guarded by op.mu
}

var opWrite = kernel.RegisterOp("FromWriter.Send")

func (s *offloadedWriter) open(w io.Writer) {
	s.op = &offloadedOp{action: "writing to", f: func(p []byte) (int, error) {
		if p == nil {
			return 0, closeWrite(w)
		}
		return writeAll(w, p)
	}}
}

// writeAll writes all of p, also to a writer that writes short without an error.
func writeAll(w io.Writer, p []byte) (total int, err error) {
	for total < len(p) {
		n, err := w.Write(p[total:])
		total += n
		if err != nil {
			return total, err
		}
		if n <= 0 {
			return total, io.ErrShortWrite
		}
	}
	return total, nil
}

func closeWrite(w io.Writer) error {
	c, ok := w.(interface{ CloseWrite() error })
	if !ok {
		return fmt.Errorf("%w: %T has no method CloseWrite to send the end of the stream", errors.ErrUnsupported, w)
	}
	return c.CloseWrite()
}

// Send implements ByteSendStream.
func (s *offloadedWriter) Send(ctx context.Context, data []byte) error {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return err
	}
	if err := s.op.enter(p); err != nil {
		return err
	}
	return s.send(p, data)
}

// send writes data after what an earlier call has left to do. The caller holds
// op.mu, which is released.
func (s *offloadedWriter) send(p kernel.Place, data []byte) (err error) {
	c := s.op
	if s.ended {
		c.mu.Unlock()
		return p.CanceledOr(anyio.ErrClosed)
	}
	for err == nil {
		if !c.running {
			if err = c.result(); err != nil || len(data) == 0 {
				break
			}
			c.room(len(data))
			data = data[copy(c.buf, data):]
		}
		if err := c.await(p, opWrite); err != nil {
			c.mu.Unlock()
			return err
		}
	}
	c.mu.Unlock()
	return outsideError(err)
}

// result takes the error of a call that has returned.
func (c *offloadedOp) result() (err error) {
	err, c.err, c.done = c.err, nil, false
	return err
}

// A writerStream is an io.Writer as a stream.
type writerStream struct {
	offloadedWriter
	closer io.Closer // nil if there is none
	watch  *unclosed.Watch
}

// Close implements Resource.
func (s *writerStream) Close(ctx context.Context) error {
	if !s.op.close() {
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
