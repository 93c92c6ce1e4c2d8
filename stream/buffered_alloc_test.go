package stream_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

// endless gives the same bytes forever, size bytes at a time.
type endless struct {
	data  string
	at    int
	size  int
	calls int
}

func (e *endless) Receive(ctx context.Context, buf []byte) (int, error) {
	e.calls++
	n := copy(buf[:min(e.size, len(buf))], e.data[e.at:])
	e.at = (e.at + n) % len(e.data)
	return n, nil
}

func (e *endless) Close(context.Context) error { return nil }

func TestBufferedCallsWithABufferDoNotAllocate(t *testing.T) {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		r := stream.NewBufferedReceiver(&endless{data: strings.Repeat("0123456\r\n", 50), size: 100})
		line, piece := make([]byte, 0, 100), make([]byte, 18)
		call := func() {
			var err error
			if line, err = r.AppendUntil(ctx, line[:0], "\r\n", 80); err != nil || len(line) > 7 {
				t.Errorf("got %q, %v", line, err)
			}
			if err := r.ReceiveFull(ctx, piece); err != nil {
				t.Error(err)
			}
			if n, err := r.Receive(ctx, piece); err != nil || n == 0 {
				t.Error(n, err)
			}
		}
		call() // makes the buffer
		if n := testing.AllocsPerRun(1000, call); n != 0 {
			t.Errorf("%v allocations", n)
		}
		return nil
	})
	testkit.WantErr(t, err, nil)
}

// TestDelimiterInManyPiecesTakesLinearWork needs hours if each piece makes it look
// at everything again, or allocate it.
func TestDelimiterInManyPiecesTakesLinearWork(t *testing.T) {
	const size = 4 << 20
	e := &endless{data: strings.Repeat("x", size) + "\n", size: 1}
	r := stream.NewBufferedReceiver(e)
	got, err := r.ReceiveUntil(context.Background(), "\n", size)
	if err != nil || len(got) != size || bytes.IndexByte(got, 'x') != 0 || e.calls != size+1 {
		t.Errorf("got %d bytes after %d pieces, %v", len(got), e.calls, err)
	}
}
