package netconn_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
)

// A thousand cancellations race with as many writes: every byte arrives once and
// in its place.
func TestRandomCancelsAgainstData(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		a, b := tcpPair(t, ctx)
		const total = 1000
		testkit.Must(t, anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				for i := range total {
					for range rand.IntN(4) {
						if err := lowlevel.Checkpoint(ctx); err != nil {
							return err
						}
					}
					if _, err := b.Write(ctx, []byte{byte(i), byte(i >> 8)}); err != nil {
						return err
					}
				}
				return b.CloseWrite()
			})
			var got []byte
			canceled := 0
			for {
				n, err := readUnderFire(ctx, a, &got)
				switch {
				case errors.Is(err, anyio.ErrCanceled):
					canceled++
					if n != 0 {
						t.Fatalf("a canceled read returned %d bytes", n)
					}
					continue
				case err != nil && err != io.EOF:
					return err
				}
				if err == io.EOF {
					break
				}
			}
			if len(got) != 2*total {
				t.Fatalf("%d bytes arrived, want %d", len(got), 2*total)
			}
			for i := range total {
				if got[2*i] != byte(i) || got[2*i+1] != byte(i>>8) {
					t.Fatalf("pair %d is %v", i, got[2*i:2*i+2])
				}
			}
			t.Logf("%d reads were canceled", canceled)
			return nil
		}))
	})
}

// readUnderFire reads while somebody else cancels the read at any moment.
func readUnderFire(ctx context.Context, c kernel.StreamConn, got *[]byte) (n int, err error) {
	e := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		pauses := rand.IntN(4)
		h := tg.Go(func(ctx context.Context) error {
			buf := make([]byte, 64)
			n, err = c.Read(ctx, buf)
			*got = append(*got, buf[:n]...)
			return nil
		})
		for range pauses {
			if err := lowlevel.Checkpoint(ctx); err != nil {
				return err
			}
		}
		if pauses == 3 {
			return nil // this one is left alone, so that there is progress
		}
		h.Cancel("fire")
		return nil
	})
	if err == nil {
		err = e
	}
	return n, err
}
