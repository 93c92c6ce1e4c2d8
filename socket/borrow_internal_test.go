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

// A patient reads into a buffer which it has asked for, if it does not fail.
type patient struct {
	kernel.StreamConn
	b   *stream.Borrowed
	err error
}

func (p *patient) holds() bool { return !reflect.ValueOf(p.b).Elem().FieldByName("buf").IsNil() }

func (p *patient) LocalAddr() kernel.Addr { return kernel.Addr{Path: "/"} }

func (p *patient) ReadLent(_ context.Context, l kernel.Lender, max int) (int, error) {
	buf := l.Take(max)
	if p.err != nil {
		return 0, p.err
	}
	return copy(buf, "data"), nil
}

func TestWhoHasFailedHasNoBuffer(t *testing.T) {
	ctx := t.Context()
	for _, end := range []error{nil, errOver} {
		p := &patient{b: &stream.Borrowed{}, err: end}
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
		p.err = anyio.ErrClosed
		if _, err := s.ReceiveBorrowed(ctx, p.b, 10); !errors.Is(err, anyio.ErrClosed) || p.holds() {
			t.Errorf("closed: %v; there is a buffer: %v", err, p.holds())
		}
	}
}
