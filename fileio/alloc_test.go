package fileio_test

import (
	"context"
	"os"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
)

// A call in place costs what that of package os costs.
func TestCallsInPlaceAllocateNoMoreThanPackageOS(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p := fileWith(t, "content")
		f, err := p.OpenFile(ctx, os.O_RDWR, 0)
		testkit.Must(t, err)
		defer f.Close(ctx)
		raw, name, data := f.Wrapped(), string(p), []byte("content")
		for _, c := range []struct {
			call      string
			ours, std func() error
			more      float64 // allocations that ours may add
		}{
			{"Truncate", func() error { return f.Truncate(ctx, 7) }, func() error { return raw.Truncate(7) }, 0},
			{"Sync", func() error { return f.Sync(ctx) }, raw.Sync, 0},
			{"File.Stat", func() error { _, err := f.Stat(ctx); return err }, func() error { _, err := raw.Stat(); return err }, 0},
			{"Path.Stat", func() error { _, err := p.Stat(ctx); return err }, func() error { _, err := os.Stat(name); return err }, 0},
			{"Exists", func() error { _, err := p.Exists(ctx); return err }, func() error { _, err := os.Stat(name); return err }, 0},
			{"ReadBytes", func() error { _, err := p.ReadBytes(ctx); return err }, func() error { _, err := os.ReadFile(name); return err }, 0},
			{"WriteBytes", func() error { return p.WriteBytes(ctx, data) }, func() error { return os.WriteFile(name, data, 0o666) }, 0},
			{"Open", func() error {
				f, err := fileio.Open(ctx, name)
				if err != nil {
					return err
				}
				return f.Close(ctx)
			}, func() error {
				f, err := os.Open(name)
				if err != nil {
					return err
				}
				return f.Close()
			}, 1}, // the File
		} {
			count := func(f func() error) float64 {
				return testing.AllocsPerRun(50, func() { testkit.Must(t, f()) })
			}
			if ours, std := count(c.ours), count(c.std); ours > std+c.more {
				t.Errorf("%s: %v allocations, and %v in package os", c.call, ours, std)
			}
		}
	}, anyiotest.Skip("eventloop", "a call on another goroutine needs an object"),
		anyiotest.Skip("sim", "it is not about speed"))
}
