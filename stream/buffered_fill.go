package stream

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/anyio-go/anyio"
)

// An IncompleteReadError is returned when a stream ends in the middle of what was
// asked for. It matches io.ErrUnexpectedEOF. What was received is still in the
// buffer.
type IncompleteReadError struct {
	Got  int // bytes that are buffered
	Want int // bytes that were asked for, 0 if a delimiter was
}

func (e *IncompleteReadError) Error() string {
	if e.Want == 0 {
		return fmt.Sprintf("stream: the stream ended after %d bytes, before the delimiter", e.Got)
	}
	return fmt.Sprintf("stream: the stream ended after %d of %d bytes", e.Got, e.Want)
}

// Unwrap returns io.ErrUnexpectedEOF.
func (e *IncompleteReadError) Unwrap() error { return io.ErrUnexpectedEOF }

// A DelimiterNotFoundError is returned when there is no delimiter after at most
// MaxBytes bytes. What was received is still in the buffer.
type DelimiterNotFoundError struct{ MaxBytes int }

func (e *DelimiterNotFoundError) Error() string {
	return fmt.Sprintf("stream: no delimiter within the first %d bytes", e.MaxBytes)
}

// The wrapped stream is asked with room for at least minRoom bytes.
const minRoom, moreRoom = 512, 4096

// consume removes n bytes from the front.
func (r *BufferedReceiver) consume(n int) { r.data = r.data[n:] }

// reserve makes room behind data for n bytes.
func (r *BufferedReceiver) reserve(n int) {
	if cap(r.data)-len(r.data) >= n {
		return
	}
	// Moving is paid for by the bytes that were consumed.
	if need := len(r.data) + n; need > len(r.free) || len(r.data) > len(r.free)/2 {
		r.free = make([]byte, max(2*need, moreRoom))
	}
	r.data = r.free[:copy(r.free, r.data)]
}

// more receives at least one byte into the buffer. want is what the caller asked
// for, for the error.
func (r *BufferedReceiver) more(ctx context.Context, want int) error {
	if len(r.data) == 0 {
		r.data = r.free[:0]
	}
	r.reserve(minRoom)
	n, err := r.s.Receive(ctx, r.data[len(r.data):cap(r.data)])
	if err != nil {
		if errors.Is(err, anyio.ErrEndOfStream) && len(r.data) > 0 {
			return &IncompleteReadError{Got: len(r.data), Want: want}
		}
		return err
	}
	r.data = r.data[:len(r.data)+n]
	return nil
}

// fill receives until n bytes are buffered.
func (r *BufferedReceiver) fill(ctx context.Context, n int) error {
	for len(r.data) < n {
		if err := r.more(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

func checkCount(call string, n int) error {
	if n < 0 {
		return &anyio.MisuseError{Text: fmt.Sprintf("stream: %s of %d bytes: the number cannot be negative", call, n)}
	}
	return nil
}
