package asyncio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
)

// DefaultLimit is the limit of a StreamReader that is given none.
const DefaultLimit = 64 << 10

// A StreamReader is what a connection has received, for a task that reads it. One task may
// read at a time. It takes in data without limit, but lets the transport pause when it has
// twice its limit.
type StreamReader struct {
	loop      *Loop
	limit     int
	buf       []byte
	eof       bool
	err       error
	waiter    *Future[struct{}]
	transport Transport
	paused    bool
}

// NewStreamReader makes a reader that is given data by FeedData. A limit of zero or less
// stands for DefaultLimit.
func NewStreamReader(l *Loop, limit int) *StreamReader {
	if limit <= 0 {
		limit = DefaultLimit
	}
	return &StreamReader{loop: l, limit: limit}
}

// An IncompleteReadError is returned when a stream ends before all is there. It matches
// io.ErrUnexpectedEOF and, if there was nothing at all, io.EOF.
type IncompleteReadError struct {
	Partial  []byte // what was there
	Expected int    // bytes, 0 if that is not known
}

func (e *IncompleteReadError) Error() string {
	if e.Expected == 0 {
		return fmt.Sprintf("asyncio: the stream ended after %d bytes, before the separator", len(e.Partial))
	}
	return fmt.Sprintf("asyncio: the stream ended after %d of %d bytes", len(e.Partial), e.Expected)
}

// Is matches io.ErrUnexpectedEOF and, if Partial is empty, io.EOF.
func (e *IncompleteReadError) Is(target error) bool {
	return target == io.ErrUnexpectedEOF || target == io.EOF && len(e.Partial) == 0
}

// A LimitOverrunError is returned when what is looked for is not within a reader's limit.
type LimitOverrunError struct {
	Consumed int // bytes that can be read without having found it
	found    bool
}

func (e *LimitOverrunError) Error() string {
	if e.found {
		return "asyncio: the separator was found beyond the limit"
	}
	return "asyncio: the separator was not found within the limit"
}

// SetTransport tells the reader what to pause when it has too much. It may be called once.
func (r *StreamReader) SetTransport(t Transport) error {
	if r.transport != nil {
		return misuse("StreamReader.SetTransport called twice")
	}
	r.transport = t
	return nil
}

// FeedData gives the reader data, which it copies.
func (r *StreamReader) FeedData(data []byte) error {
	r.loop.use("FeedData")
	if r.eof {
		return misuse("StreamReader.FeedData after FeedEOF")
	}
	if len(data) == 0 {
		return nil
	}
	r.buf = append(r.buf, data...)
	r.wake()
	if r.transport != nil && !r.paused && len(r.buf) > 2*r.limit {
		r.transport.PauseReading()
		r.paused = true
	}
	return nil
}

// FeedEOF tells the reader that no more data will come.
func (r *StreamReader) FeedEOF() {
	r.loop.use("FeedEOF")
	r.eof = true
	r.wake()
}

// SetErr lets the read that waits, and all later ones, fail. A read that has been given
// what it waits for, and has not had its turn since, returns that.
func (r *StreamReader) SetErr(err error) {
	r.loop.use("SetErr")
	r.err = err
	if w := r.waiter; w != nil {
		r.waiter = nil
		if w.state == pending {
			w.settle(finished, err)
		}
	}
}

// Err returns what SetErr was given.
func (r *StreamReader) Err() error { return r.err }

// AtEOF reports whether all was read and no more will come.
func (r *StreamReader) AtEOF() bool { return r.eof && len(r.buf) == 0 }

func (r *StreamReader) wake() {
	if w := r.waiter; w != nil {
		r.waiter = nil
		w.finish(struct{}{})
	}
}

// more waits until data, the end or an error has come.
func (r *StreamReader) more(ctx context.Context) error {
	switch {
	case r.waiter != nil:
		return errTwoReaders
	case r.err != nil: // after data that were not enough
		return r.err
	}
	if r.paused { // else there would never be any
		r.paused = false
		r.transport.ResumeReading()
	}
	r.waiter = CreateFuture[struct{}](r.loop)
	w := r.waiter
	err := w.wait(ctx)
	if r.waiter == w {
		r.waiter = nil
	}
	if err == nil {
		err = w.err
	}
	return err
}

var errTwoReaders = misuse("a StreamReader is read by two tasks at a time")

// take removes n bytes and skip further ones from the buffer, and returns the n.
func (r *StreamReader) take(n, skip int) []byte {
	data := bytes.Clone(r.buf[:n])
	if data == nil {
		data = []byte{}
	}
	r.drop(n + skip)
	return data
}

func (r *StreamReader) drop(n int) {
	r.buf = r.buf[:copy(r.buf, r.buf[n:])]
	if cap(r.buf) > 4*r.limit && len(r.buf) == 0 {
		r.buf = nil // a burst is over
	}
	if r.paused && len(r.buf) <= r.limit {
		r.paused = false
		r.transport.ResumeReading()
	}
}

// Read waits until there is data and returns at most n bytes of it. At the end of the
// stream the error is io.EOF. With n zero it returns nothing, at once.
//
// Cancellation: nothing is lost; the next read gets what has come.
func (r *StreamReader) Read(ctx context.Context, n int) ([]byte, error) {
	switch {
	case n < 0:
		return nil, misuse("StreamReader.Read of a negative number of bytes: use ReadAll for all")
	case r.err != nil:
		return nil, r.err
	case n == 0:
		return []byte{}, nil
	}
	if len(r.buf) == 0 && !r.eof {
		if err := r.more(ctx); err != nil {
			return nil, err
		}
	}
	if len(r.buf) == 0 {
		return nil, io.EOF
	}
	return r.take(min(n, len(r.buf)), 0), nil
}

// ReadAll returns all up to the end of the stream. Cancellation: what was read is lost.
func (r *StreamReader) ReadAll(ctx context.Context) ([]byte, error) {
	all := []byte{}
	for {
		data, err := r.Read(ctx, r.limit)
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, data...)
	}
}

// ReadExactly returns n bytes; the limit does not matter. If the stream ends before, the
// error is an *IncompleteReadError with what there was.
//
// Cancellation: nothing is lost.
func (r *StreamReader) ReadExactly(ctx context.Context, n int) ([]byte, error) {
	switch {
	case n < 0:
		return nil, misuse("StreamReader.ReadExactly of a negative number of bytes")
	case r.err != nil:
		return nil, r.err
	}
	for len(r.buf) < n {
		if r.eof {
			return nil, &IncompleteReadError{Partial: r.take(len(r.buf), 0), Expected: n}
		}
		if err := r.more(ctx); err != nil {
			return nil, err
		}
	}
	return r.take(n, 0), nil
}

// ReadUntil returns the data up to the separator, which is included. If the stream ends
// before, the error is an *IncompleteReadError with what there was. If the separator is not
// within the limit, it is a *LimitOverrunError; the data is kept.
//
// Cancellation: nothing is lost.
func (r *StreamReader) ReadUntil(ctx context.Context, separator []byte) ([]byte, error) {
	if len(separator) == 0 {
		return nil, misuse("StreamReader.ReadUntil: the separator is empty")
	}
	if r.err != nil {
		return nil, r.err
	}
	for from := 0; ; {
		if i := bytes.Index(r.buf[min(from, len(r.buf)):], separator); i >= 0 {
			if i += from; i > r.limit {
				return nil, &LimitOverrunError{Consumed: i, found: true}
			}
			return r.take(i+len(separator), 0), nil
		}
		from = max(from, len(r.buf)+1-len(separator))
		if from > r.limit {
			return nil, &LimitOverrunError{Consumed: from}
		}
		if r.eof {
			return nil, &IncompleteReadError{Partial: r.take(len(r.buf), 0)}
		}
		if err := r.more(ctx); err != nil {
			return nil, err
		}
	}
}

// ReadLine returns the next line with its newline, which the last one may lack. At the end
// of the stream the error is io.EOF. A line that is longer than the limit is dropped, as
// far as it is there, and the error is a *LimitOverrunError.
//
// Cancellation: nothing is lost.
func (r *StreamReader) ReadLine(ctx context.Context) ([]byte, error) {
	line, err := r.ReadUntil(ctx, newline)
	var incomplete *IncompleteReadError
	var overrun *LimitOverrunError
	switch {
	case errors.As(err, &incomplete):
		if len(incomplete.Partial) == 0 {
			return nil, io.EOF
		}
		return incomplete.Partial, nil
	case errors.As(err, &overrun):
		if bytes.HasPrefix(r.buf[overrun.Consumed:], newline) {
			r.drop(overrun.Consumed + len(newline))
		} else {
			r.drop(len(r.buf))
		}
	}
	return line, err
}

var newline = []byte("\n")

// Lines returns the lines that ReadLine returns, up to the end or an error. Cancellation:
// the sequence ends with its error, and nothing is lost.
func (r *StreamReader) Lines(ctx context.Context) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for {
			line, err := r.ReadLine(ctx)
			if err == io.EOF || !yield(line, err) || err != nil {
				return
			}
		}
	}
}
