package inspect_test

import (
	"context"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/inspect"
	"github.com/anyio-go/anyio/internal/testkit"
)

// statisticsOf looks at the run of ctx.
func statisticsOf(t *testing.T, ctx context.Context) []inspect.LoopStatistics {
	t.Helper()
	me, _ := inspect.Of(ctx)
	for _, r := range inspect.Take().Runs {
		if r.ID == me.Run {
			return r.Statistics
		}
	}
	t.Fatal("the run is not seen")
	return nil
}

// A loop that was held up tells by how much its timers were late, and others do not.
func TestStatisticsOfLoops(t *testing.T) {
	testkit.CaptureLog(t) // of the watchdog
	const held = 30 * time.Millisecond
	err := anyio.Run(t.Context(), func(ctx context.Context) error {
		first := statisticsOf(t, ctx)
		if len(first) != 2 || first[0].Loop != 0 || first[1].Loop != 1 {
			t.Fatalf("got %+v", first)
		}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			last := anyio.InLoop(1)
			tg.Go(func(ctx context.Context) error { return anyio.Sleep(ctx, time.Millisecond) }, last)
			tg.Go(func(ctx context.Context) error {
				if err := anyio.Sleep(ctx, 0); err != nil { // the other one sleeps
					return err
				}
				for begin := time.Now(); time.Since(begin) < held; { // the mistake
				}
				tg.Go(func(context.Context) error { return nil }, last)
				s := statisticsOf(t, ctx)
				if s[1].Ready != 1 || s[0].Ready != 0 {
					t.Errorf("while one task is ready: %+v", s)
				}
				return nil
			}, last)
			return nil
		})
		if err != nil {
			return err
		}
		s := statisticsOf(t, ctx)
		if s[1].Behind < held-time.Millisecond {
			t.Errorf("behind by %v", s[1].Behind)
		}
		for i := range s {
			if s[i].Turns <= first[i].Turns {
				t.Errorf("loop %d: from %d to %d turns", i, first[i].Turns, s[i].Turns)
			}
		}
		return nil
	}, anyio.On(anyio.EventLoops(2)))
	testkit.WantNil(t, "run", err)
}

func TestGoroutinesHaveNoLoopStatistics(t *testing.T) {
	err := anyio.Run(t.Context(), func(ctx context.Context) error {
		if s := statisticsOf(t, ctx); s != nil {
			t.Errorf("got %+v", s)
		}
		return nil
	}, anyio.On(anyio.Parallel()))
	testkit.WantNil(t, "run", err)
}
