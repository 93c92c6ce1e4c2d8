package stream_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/inside"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

// A counted makes calls on a descriptor.
type counted struct {
	inside.RawStream
	calls *atomic.Int32
}

func (c counted) ReceiveRaw(ctx context.Context, f func(fd uintptr) (int, error)) (int, error) {
	c.calls.Add(1)
	return c.RawStream.ReceiveRaw(ctx, f)
}

func (c counted) SendRaw(ctx context.Context, f func(fd uintptr) (int, error)) (int, error) {
	c.calls.Add(1)
	return c.RawStream.SendRaw(ctx, f)
}

// What is worth it goes through no buffer, and only that.
func TestCopyMovesFilesAndBulk(t *testing.T) {
	var calls atomic.Int32
	raw := inside.Raw
	defer func() { inside.Raw = raw }()
	inside.Raw = func(s any) inside.RawStream {
		if r := raw(s); r != nil {
			return counted{r, &calls}
		}
		return nil
	}
	data := noise(300_000)
	name := filepath.Join(t.TempDir(), "file")
	testkit.Must(t, os.WriteFile(name, data, 0o600))
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		relay := func(t *testing.T, data []byte) {
			client, front := joined(t, ctx)
			back, server := joined(t, ctx)
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				tg.Go(func(ctx context.Context) error { return errors.Join(client.Send(ctx, data), client.SendEOF(ctx)) })
				tg.Go(func(ctx context.Context) error {
					_, err := stream.Copy(ctx, back, front)
					return errors.Join(err, back.SendEOF(ctx))
				})
				got, err := drain(ctx, server)
				if len(got) != len(data) || err != nil {
					t.Errorf("%d bytes came, %v", len(got), err)
				}
			})
		}
		calls.Store(0)
		relay(t, data[:100])
		if n := calls.Load(); n != 0 {
			t.Errorf("a short message took %d calls on the descriptor", n)
		}
		if testkit.Simulated(ctx) {
			return
		}
		relay(t, data)
		if calls.Load() == 0 {
			t.Error("bulk went through buffers")
		}
		calls.Store(0)
		a, b := joined(t, ctx)
		file, err := stream.OpenFile(ctx, name)
		testkit.Must(t, err)
		defer file.Close(ctx)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				_, err := stream.Copy(ctx, a, file)
				return errors.Join(err, a.SendEOF(ctx))
			})
			got, err := drain(ctx, b)
			if len(got) != len(data) || err != nil {
				t.Errorf("%d bytes came, %v", len(got), err)
			}
		})
		if calls.Load() == 0 {
			t.Error("the file went through buffers")
		}
		calls.Store(0)
		a, _ = joined(t, ctx)
		n, err := from(stream.NetConn(ctx, a), &io.LimitedReader{R: opened(t, name), N: 100})
		if n != 100 || err != nil || calls.Load() == 0 {
			t.Errorf("by NetConn: %d bytes, %v, %d calls", n, err, calls.Load())
		}
	}, anyiotest.Seeds(1))
}
