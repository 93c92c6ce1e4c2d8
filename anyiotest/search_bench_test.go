package anyiotest_test

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/sim"
)

// giveWay is a program of a task with two others; all steps are those of giving way, but
// for the first of each task.
func giveWay(t testing.TB, ctx context.Context) {
	often := func(ctx context.Context) error {
		for range 3 {
			if err := anyio.Sleep(ctx, 0); err != nil {
				return err
			}
		}
		return nil
	}
	if err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(often)
		tg.Go(often)
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// A run of a search, with all that belongs to it: of 10 steps and of none.
func BenchmarkSearch(b *testing.B) {
	for name, f := range map[string]func(t testing.TB, ctx context.Context){
		"steps=10": giveWay,
		"steps=1":  func(testing.TB, context.Context) {},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			anyiotest.Search(b, f, anyiotest.Schedules(b.N))
		})
	}
}

// The same run by the simulator alone.
func BenchmarkRun(b *testing.B) {
	b.ReportAllocs()
	for i := range b.N {
		_ = anyio.Run(context.Background(), func(ctx context.Context) error {
			giveWay(b, ctx)
			return nil
		}, anyio.On(sim.New(sim.Config{Seed: uint64(i), Strategy: sim.Random()})))
	}
}
