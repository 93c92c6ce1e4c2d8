package stream

import (
	"bytes"
	"context"
	"errors"
	"iter"

	"github.com/anyio-go/anyio"
)

// ReceiveUntil waits for a delimiter and returns what is before it, in a slice of its
// own; the delimiter is consumed, too. If there are more than max bytes before it,
// the error is a *DelimiterNotFoundError, whatever the pieces in which the data
// arrives. If the stream ends before, the error is ErrEndOfStream if there was
// nothing at all, else an *IncompleteReadError.
//
// Cancellation: no byte is lost; what was received is there for the next call, as
// it is after every other error.
func (r *BufferedReceiver) ReceiveUntil(ctx context.Context, delimiter string, max int) ([]byte, error) {
	got, err := r.AppendUntil(ctx, nil, delimiter, max)
	if got == nil && err == nil {
		got = []byte{}
	}
	return got, err
}

// AppendUntil is like ReceiveUntil but appends to dst and returns it, so that a loop
// can use the same memory again. If it fails it returns dst as it was. Cancellation: as
// for ReceiveUntil.
func (r *BufferedReceiver) AppendUntil(ctx context.Context, dst []byte, delimiter string, max int) ([]byte, error) {
	if err := checkUntil(delimiter, max); err != nil {
		return dst, err
	}
	if err := r.enter(ctx); err != nil {
		return dst, err
	}
	defer r.leave()
	n, err := r.find(ctx, delimiter, max)
	if err != nil {
		return dst, err
	}
	dst = append(dst, r.data[:n]...)
	r.consume(n + len(delimiter))
	return dst, nil
}

func checkUntil(delimiter string, max int) error {
	switch {
	case delimiter == "":
		return &anyio.MisuseError{Text: "stream: the delimiter is empty, it needs at least one byte"}
	case max < 0:
		return checkCount("receiving until a delimiter within a maximum", max)
	}
	return nil
}

// find receives until the delimiter is buffered and returns where it begins. It
// looks at each byte once, up to the length of the delimiter.
func (r *BufferedReceiver) find(ctx context.Context, delimiter string, max int) (int, error) {
	d := []byte(delimiter)
	for from := 0; ; {
		if i := bytes.Index(r.data[from:], d); i >= 0 && from+i <= max {
			return from + i, nil
		} else if i >= 0 {
			return 0, &DelimiterNotFoundError{MaxBytes: max}
		}
		// The delimiter may have begun in the last bytes.
		if tail := len(r.data) - len(d) + 1; tail > from {
			from = tail
		}
		for from < len(r.data) && !bytes.HasPrefix(d, r.data[from:]) {
			from++
		}
		if from > max {
			return 0, &DelimiterNotFoundError{MaxBytes: max}
		}
		if err := r.more(ctx, 0); err != nil {
			return 0, err
		}
	}
}

// Lines receives line after line, without the "\n" or "\r\n" at its end; the last
// line need not have one. The slice is valid until the next call. A line longer than
// max bytes (a "\r" counts) is a *DelimiterNotFoundError. The end of the stream ends
// the sequence; another error is yielded once and ends it, too, and one may range
// again to go on.
//
// Cancellation: no byte is lost.
func (r *BufferedReceiver) Lines(ctx context.Context, max int) iter.Seq2[[]byte, error] {
	return r.each(ctx, func() (n, size int, err error) {
		if err := checkUntil("\n", max); err != nil {
			return 0, 0, err
		}
		n, err = r.find(ctx, "\n", max)
		if size = n + 1; incomplete(err) {
			n, size, err = len(r.data), len(r.data), nil
		}
		if err == nil && size > n && n > 0 && r.data[n-1] == '\r' {
			n--
		}
		return n, size, err
	})
}

// Chunks receives pieces of n bytes, of which the last may be shorter. The slice is
// valid until the next call. The end and errors are as with Lines. Cancellation: as for
// Lines.
func (r *BufferedReceiver) Chunks(ctx context.Context, n int) iter.Seq2[[]byte, error] {
	return r.each(ctx, func() (int, int, error) {
		if n < 1 {
			return 0, 0, &anyio.MisuseError{Text: "stream: chunks need a size of at least one byte"}
		}
		err := r.fill(ctx, n)
		if incomplete(err) {
			return len(r.data), len(r.data), nil
		}
		return n, n, err
	})
}

func incomplete(err error) bool {
	var e *IncompleteReadError
	return errors.As(err, &e)
}

// each yields what next finds at the front of the buffer: n bytes out of size that
// are consumed.
func (r *BufferedReceiver) each(ctx context.Context, next func() (n, size int, err error)) iter.Seq2[[]byte, error] {
	one := func() ([]byte, error) {
		if err := r.enter(ctx); err != nil {
			return nil, err
		}
		defer r.leave()
		n, size, err := next()
		if err != nil {
			return nil, err
		}
		item := r.data[:n:n]
		r.consume(size)
		return item, nil
	}
	return func(yield func([]byte, error) bool) {
		for {
			item, err := one()
			if err != nil {
				if !errors.Is(err, anyio.ErrEndOfStream) {
					yield(nil, err)
				}
				return
			}
			if !yield(item, nil) {
				return
			}
		}
	}
}
