package stream

import (
	"context"
	"errors"
	"io"
)

// Reader makes an io.Reader of a byte stream, for code that knows nothing of
// contexts: bufio, encoding/json, io.Copy. Its calls of Read are blocking calls in
// ctx, and the end of the stream is io.EOF. As with Receive, one may go on at a
// time. Tasks of any backend and goroutines may call it; only the caller waits.
//
// Cancellation: Read returns the error of ctx, and no byte is lost.
func Reader(ctx context.Context, s ByteReceiveStream) io.Reader { return &reader{ctx, s} }

type reader struct {
	ctx context.Context
	s   ByteReceiveStream
}

func (r *reader) Read(p []byte) (int, error) { return readFrom(r.ctx, r.s, p) }

// readFrom is Receive as io.Reader has it.
func readFrom(ctx context.Context, s ByteReceiveStream, p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := s.Receive(ctx, p)
	if err != nil && errors.Is(err, io.EOF) {
		err = io.EOF // people compare
	}
	return n, err
}

// Writer makes an io.WriteCloser of a byte stream, as Reader makes a reader. Its
// Close ends the sending: of a ByteStream by SendEOF, so that receiving goes on,
// and of a stream that only sends by Close.
//
// Cancellation: Write returns the error of ctx, and an unknown part of the data
// may have been sent, which it tells only if s is a CountingSender.
func Writer(ctx context.Context, s ByteSendStream) io.WriteCloser { return &writer{ctx, s} }

type writer struct {
	ctx context.Context
	s   ByteSendStream
}

func (w *writer) Write(p []byte) (int, error) { return writeTo(w.ctx, w.s, p) }

func (w *writer) Close() error {
	if s, ok := w.s.(ByteStream); ok {
		return s.SendEOF(w.ctx)
	}
	return w.s.Close(w.ctx)
}

// A CountingSender is a ByteSendStream that can tell how much of the data was sent
// when Send failed. Writer and NetConn make use of it.
type CountingSender interface {
	ByteSendStream
	// SendCounted is like Send but also returns how many bytes of data were sent:
	// len(data) if the error is nil. Cancellation: the number of bytes that were sent
	// is returned; once a further call has sent the rest, which may be empty, all of
	// data is sent.
	SendCounted(ctx context.Context, data []byte) (n int, err error)
}

var _ CountingSender = (*pipeEnd)(nil)

// writeTo is Send as io.Writer has it.
func writeTo(ctx context.Context, s ByteSendStream, p []byte) (int, error) {
	if c, ok := s.(CountingSender); ok {
		return c.SendCounted(ctx, p)
	}
	if err := s.Send(ctx, p); err != nil {
		return 0, err
	}
	return len(p), nil
}
