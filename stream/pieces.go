package stream

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/anyio-go/anyio"
)

// Pieces receives bytes until the end of the stream, which ends the sequence, in the pieces
// in which they come, of up to max bytes. The slice is valid until the next one; for one of
// a socket there is a buffer only while there is data, so that many connections may wait at
// little cost. Any other error is yielded once and ends the sequence, too. For lines and for
// pieces of a fixed size see BufferedReceiver.
//
//	for piece, err := range stream.Pieces(ctx, process.Stdout, 4096) { … }
//
// Cancellation: as for Receive of r; it is yielded once.
func Pieces(ctx context.Context, r ByteReceiveStream, max int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		if max < 1 {
			yield(nil, &anyio.MisuseError{Text: fmt.Sprintf("stream: Pieces of %d bytes: there is room for one at least", max)})
			return
		}
		if b, ok := r.(BorrowingReceiver); ok {
			borrowed(ctx, b, max, yield)
			return
		}
		buf := make([]byte, max)
		for {
			n, err := r.Receive(ctx, buf)
			if err != nil {
				if !errors.Is(err, anyio.ErrEndOfStream) {
					yield(nil, err)
				}
				return
			}
			if !yield(buf[:n:n], nil) {
				return
			}
		}
	}
}

// borrowed yields the pieces of r.
func borrowed(ctx context.Context, r BorrowingReceiver, max int, yield func([]byte, error) bool) {
	var b Borrowed
	defer b.Release()
	for {
		data, err := r.ReceiveBorrowed(ctx, &b, max)
		if err != nil {
			if !errors.Is(err, anyio.ErrEndOfStream) {
				yield(nil, err)
			}
			return
		}
		if !yield(data, nil) {
			return
		}
	}
}

// Connections accepts connections one after the other, each of which the loop must close,
// until the listener is closed, which ends the sequence. Any other error is yielded once
// and ends it, too. To handle several at the same time see Listener.Serve.
//
// Cancellation: as for Accept of l; it is yielded once, and no connection is lost.
func Connections[S any](ctx context.Context, l Listener[S]) iter.Seq2[S, error] {
	return func(yield func(S, error) bool) {
		for {
			conn, err := l.Accept(ctx)
			if err != nil {
				if !errors.Is(err, anyio.ErrClosed) {
					yield(conn, err)
				}
				return
			}
			if !yield(conn, nil) {
				return
			}
		}
	}
}
