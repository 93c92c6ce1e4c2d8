package offload

import (
	"errors"
	"io"
	"net"

	"github.com/anyio-go/anyio/internal/kernel"
)

const (
	maxBytes = 64 << 10 // of one call
	maxEmpty = 100      // reads in a row that bring nothing, before it is an error
)

// A Reader makes the calls of an io.Reader, with a buffer of its own. What a call brings
// after its caller has left is there for the next one.
type Reader struct {
	Call[int]
	call   func() (int, error)
	failed func(error) error
	buf    []byte
	rest   []byte // read and not yet taken
	err    error  // that came with it
}

// NewReader makes a reader of r. failed is what the errors of r become; nil leaves them as
// they are.
func NewReader(r io.Reader, failed func(error) error) *Reader {
	s := &Reader{failed: failed}
	s.call = func() (int, error) { return r.Read(s.buf) }
	return s
}

// Read reads at least one byte, unless b has no room. Canceled, it has read none.
func (s *Reader) Read(p kernel.Place, op kernel.Op, b []byte) (int, error) {
	if err := s.enter(p); err != nil {
		return 0, err
	}
	defer s.leave()
	for empty := 0; len(s.rest) == 0 && len(b) > 0; empty++ {
		if err := s.err; err != nil {
			s.err = nil
			return 0, err
		}
		if empty == maxEmpty {
			return 0, translate(io.ErrNoProgress, s.failed)
		}
		if !s.started {
			s.buf = room(s.buf, len(b))
		}
		n, err := s.do(p, op, s.call)
		if s.started { // and left
			return 0, err
		}
		s.rest, s.err = s.buf[:n], translate(err, s.failed)
	}
	n := copy(b, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// A Writer makes the calls of an io.Writer, with a copy of the data.
type Writer struct {
	Call[int]
	call   func() (int, error)
	failed func(error) error
	buf    []byte
	shut   bool
}

// NewWriter makes a writer of w. failed is as that of a Reader.
func NewWriter(w io.Writer, failed func(error) error) *Writer {
	s := &Writer{failed: failed}
	s.call = func() (int, error) { return writeAll(w, s.buf) }
	return s
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

// Write writes all of b, after what another caller has left to do. Canceled, it leaves
// the rest of a call to itself, which counts as written; what fails of it is the error of
// the next Write.
func (s *Writer) Write(p kernel.Place, op kernel.Op, b []byte) (n int, err error) {
	if err := s.enter(p); err != nil {
		return 0, err
	}
	defer s.leave()
	if s.shut {
		return 0, p.CanceledOr(net.ErrClosed)
	}
	if err := s.settled(p); err != nil {
		return 0, err
	}
	for n < len(b) {
		s.buf = room(s.buf, len(b)-n)
		k := copy(s.buf, b[n:])
		done, err := s.do(p, op, s.call)
		switch {
		case s.started && err != net.ErrClosed: // left
			return n + k, err
		case s.started:
			return n, err
		}
		n += done
		if err != nil {
			return n, translate(err, s.failed)
		}
	}
	return n, nil
}

// settled waits for what another caller has left to do.
func (s *Writer) settled(p kernel.Place) error {
	_, err := s.settle(p)
	if s.started {
		return err
	}
	return translate(err, s.failed)
}

// Shut calls f, which tells that nothing more is written, in turn. If that matches
// errors.ErrUnsupported, as it is returned, there may be more.
func (s *Writer) Shut(p kernel.Place, op kernel.Op, f func() error) error {
	if err := s.enter(p); err != nil {
		return err
	}
	defer s.leave()
	if s.shut {
		return nil
	}
	if err := s.settled(p); err != nil {
		return err
	}
	s.shut = true
	_, err := s.do(p, op, func() (int, error) { return 0, f() })
	switch {
	case s.started:
		return err
	case errors.Is(err, errors.ErrUnsupported):
		s.shut = false
		return err
	}
	return translate(err, s.failed)
}

// room is buf with n bytes, or as many as a call may have.
func room(buf []byte, n int) []byte {
	if n = min(n, maxBytes); cap(buf) < n {
		buf = make([]byte, n)
	}
	return buf[:n]
}

func translate(err error, by func(error) error) error {
	if err == nil || by == nil {
		return err
	}
	return by(err)
}
