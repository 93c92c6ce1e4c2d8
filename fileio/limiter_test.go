package fileio_test

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestCallsInAContextWithALimiterTakeItsTokens(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p := fileWith(t, "content")
		limiter := anyio.NewCapacityLimiter(1)
		limited := fileio.WithLimiter(ctx, limiter)
		for name, call := range map[string]func(ctx context.Context) error{
			"Stat":      func(ctx context.Context) error { _, err := p.Stat(ctx); return err },
			"Exists":    func(ctx context.Context) error { _, err := p.Exists(ctx); return err },
			"ReadBytes": func(ctx context.Context) error { _, err := p.ReadBytes(ctx); return err },
			"ReadInto":  func(ctx context.Context) error { _, err := p.ReadInto(ctx, make([]byte, 9)); return err },
			"ReadText":  func(ctx context.Context) error { _, err := p.ReadText(ctx); return err },
			"Chmod":     func(ctx context.Context) error { return p.Chmod(ctx, 0o600) },
			"Children": func(ctx context.Context) error {
				for _, err := range p.Parent().Children(ctx) {
					return err
				}
				return nil
			},
			"a file opened": func(ctx context.Context) error {
				f, err := p.Open(ctx)
				if err != nil {
					return err
				}
				defer f.Close(ctx)
				if f.Limiter() != limiter {
					t.Error("the file has another limiter")
				}
				_, err = f.ReadAll(ctx)
				return err
			},
		} {
			testkit.Must(t, limiter.Acquire(ctx))
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				h := tg.Go(func(context.Context) error { return call(limited) })
				testkit.Settled(t, ctx)
				if h.Status() != anyio.Pending {
					t.Errorf("%s does not wait for a token", name)
				}
				limiter.Release()
				return nil
			})
			testkit.WantNil(t, name, err)
			if n := limiter.BorrowedTokens(); n != 0 {
				t.Errorf("%s: %v tokens are left", name, n)
			}
		}
		testkit.Must(t, limiter.Acquire(ctx))
		_, err := p.Stat(fileio.WithLimiter(limited, nil)) // takes none
		testkit.WantNil(t, "without", err)
		limiter.Release()
	})
}
