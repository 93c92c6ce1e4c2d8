package socket

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/stream"
)

var errOver = errors.New("over")

// A patient has data after some waits, and looks whether the borrower has a buffer.
type patient struct {
	kernel.StreamConn
	t     *testing.T
	b     *stream.Borrowed
	waits int
	err   error // of the last attempt
}

func (p *patient) holds() bool { return !reflect.ValueOf(p.b).Elem().FieldByName("buf").IsNil() }

func (p *patient) LocalAddr() kernel.Addr { return kernel.Addr{Path: "/"} }

func (p *patient) ReadNow(_ context.Context, buf []byte) (int, error) {
	if p.waits > 0 {
		return 0, kernel.ErrWouldBlock
	}
	return copy(buf, "data"), p.err
}

func (p *patient) WaitRead(context.Context) error {
	if p.holds() {
		p.t.Error("who waits has a buffer")
	}
	p.waits--
	if p.waits == 0 && p.err != nil {
		return p.err
	}
	return nil
}

func TestWhoWaitsHasNoBuffer(t *testing.T) {
	ctx := t.Context()
	for _, end := range []error{nil, errOver} {
		p := &patient{t: t, b: &stream.Borrowed{}, waits: 2, err: end}
		s := newStream(p, 0)
		data, err := s.ReceiveBorrowed(ctx, p.b, 10)
		if end == nil && (string(data) != "data" || err != nil || !p.holds()) {
			t.Errorf("received %q, %v; there is a buffer: %v", data, err, p.holds())
		}
		if end != nil && (data != nil || err == nil || p.holds()) {
			t.Errorf("failed with %q, %v; there is a buffer: %v", data, err, p.holds())
		}
		p.b.Take(10)
		if _, err := s.ReceiveBorrowed(ctx, p.b, 0); err == nil || p.holds() {
			t.Errorf("refused: %v; there is a buffer: %v", err, p.holds())
		}
		p.b.Take(10)
		s.closed.Store(true)
		p.waits, p.err = 0, anyio.ErrClosed
		if _, err := s.ReceiveBorrowed(ctx, p.b, 10); !errors.Is(err, anyio.ErrClosed) || p.holds() {
			t.Errorf("closed: %v; there is a buffer: %v", err, p.holds())
		}
	}
}
