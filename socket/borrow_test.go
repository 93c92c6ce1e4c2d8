package socket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

// borrowed receives up to max bytes and returns a copy of them.
func borrowed(ctx context.Context, s *socket.Stream, max int) (string, error) {
	var b stream.Borrowed
	defer b.Release()
	data, err := s.ReceiveBorrowed(ctx, &b, max)
	if (len(data) > 0) != (err == nil) {
		err = errors.Join(err, fmt.Errorf("%d bytes came", len(data)))
	}
	return string(data), err
}

func TestBorrowedBufferHasWhatCame(t *testing.T) {
	eachPair(t, func(t *testing.T, ctx context.Context, a, b *socket.Stream) {
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				for _, text := range []string{"hello", "he", "llo", "again"} {
					got, err := borrowed(ctx, b, len(text))
					testkit.Must(t, err)
					if got != text {
						t.Errorf("got %q, want %q", got, text)
					}
				}
				return nil
			})
			for _, text := range []string{"hello", "hello", "again"} {
				idle(t, ctx)
				testkit.Must(t, a.Send(ctx, []byte(text)))
			}
		})
		testkit.Must(t, a.SendEOF(ctx))
		_, err := borrowed(ctx, b, 10)
		testkit.WantErr(t, err, io.EOF)
		testkit.Must(t, b.Close(ctx))
		_, err = borrowed(ctx, b, 10)
		testkit.WantErr(t, err, anyio.ErrClosed)
	})
}

func TestBorrowedBufferIsOfItsBorrower(t *testing.T) {
	eachPair(t, func(t *testing.T, ctx context.Context, a, b *socket.Stream) {
		var first, second stream.Borrowed
		testkit.Must(t, a.Send(ctx, []byte("abcdef")))
		outer, err := b.ReceiveBorrowed(ctx, &first, 2)
		testkit.Must(t, err)
		inner, err := b.ReceiveBorrowed(ctx, &second, 2)
		testkit.Must(t, err)
		_ = append(inner, "overwritten"...) // has its own memory
		second.Release()
		second.Release() // does nothing more
		_, err = borrowed(ctx, b, 2)
		testkit.Must(t, err)
		if string(outer) != "ab" {
			t.Errorf("the buffer was given to another: %q", outer)
		}
		_, err = b.ReceiveBorrowed(ctx, &first, 0)
		testkit.WantMisuseText(t, err, "room for one at least")
	})
}

func TestBorrowedReceiveKeepsTheRulesOfReceive(t *testing.T) {
	eachPair(t, func(t *testing.T, ctx context.Context, a, b *socket.Stream) {
		receive := func(ctx context.Context) error { _, err := borrowed(ctx, b, 5); return err }
		testkit.Must(t, a.Send(ctx, []byte("early")))
		canceled(t, ctx, "ReceiveBorrowed", receive)
		want(t, ctx, b, "early")
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				wantBusyWhile(t, ctx, b)
				tg.Cancel("test")
				return nil
			})
			testkit.WantErr(t, receive(ctx), anyio.ErrCanceled)
		})
		testkit.Must(t, a.Send(ctx, []byte("late")))
		want(t, ctx, b, "late")
	})
}

// wantBusyWhile wants that nobody else may receive.
func wantBusyWhile(t *testing.T, ctx context.Context, s *socket.Stream) {
	t.Helper()
	idle(t, ctx)
	_, err := borrowed(ctx, s, 1)
	wantBusy(t, err, "reading from")
	_, err = s.Receive(ctx, make([]byte, 1))
	wantBusy(t, err, "reading from")
}

func TestBorrowedBuffersCarryMuchData(t *testing.T) {
	eachPair(t, func(t *testing.T, ctx context.Context, a, b *socket.Stream) {
		data := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error { return errors.Join(a.Send(ctx, data), a.SendEOF(ctx)) })
			var got []byte
			var buf stream.Borrowed
			defer buf.Release()
			for i := 0; ; i++ {
				max := []int{1, 4096, 5000, 16 << 10, 1 << 20}[i%5]
				piece, err := b.ReceiveBorrowed(ctx, &buf, max)
				if err == io.EOF {
					break
				}
				testkit.Must(t, err)
				if len(piece) < 1 || len(piece) > min(max, 64<<10) {
					t.Errorf("%d bytes, and the most was %d", len(piece), max)
				}
				got = append(got, piece...)
				clear(piece)
			}
			if !bytes.Equal(got, data) {
				t.Error("what came is not what was sent")
			}
		})
	})
}
