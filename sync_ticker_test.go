package anyio_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// inVirtualTime runs f where time is virtual: in the simulator, and in a bubble.
func inVirtualTime(t *testing.T, f func(t *testing.T, ctx context.Context)) {
	t.Run("sim", func(t *testing.T) {
		must(t, anyio.Run(t.Context(), func(ctx context.Context) error { f(t, ctx); return nil }, anyio.On(sim.New(sim.Config{Seed: 1}))))
	})
	t.Run("bubble", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { f(t, t.Context()) })
	})
}

func TestTickerKeepsItsRhythm(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, ctx context.Context) {
		begin := anyio.Now(ctx)
		tick := anyio.NewTicker(ctx, time.Second)
		now := func() time.Duration { return anyio.Now(ctx).Sub(begin) }
		wait := func(at, due time.Duration) {
			t.Helper()
			got, err := tick.Wait(ctx)
			must(t, err)
			equal(t, "due", got.Sub(begin), due)
			equal(t, "now", now(), at)
		}
		wait(time.Second, time.Second)
		must(t, anyio.Sleep(ctx, 300*time.Millisecond)) // work that is no matter
		wait(2*time.Second, 2*time.Second)
		must(t, anyio.Sleep(ctx, 3500*time.Millisecond)) // ticks 3, 4 and 5 pass
		wait(5500*time.Millisecond, 3*time.Second)       // one comes at once
		wait(6*time.Second, 6*time.Second)               // the rhythm is kept
		tick.Reset(5 * time.Second)
		wait(11*time.Second, 11*time.Second)
	})
}

func TestTickerTellsAllWhoWait(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, ctx context.Context) {
		begin := anyio.Now(ctx)
		tick := anyio.NewTicker(ctx, time.Minute)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for range 5 {
				tg.Go(func(ctx context.Context) error {
					n := 0
					for at, err := range tick.All(ctx) {
						if err != nil {
							return err
						}
						if n++; at.Sub(begin) != time.Duration(n)*time.Minute {
							t.Errorf("tick %d was due at %v", n, at.Sub(begin))
						}
						if n == 3 {
							break
						}
					}
					return nil
				})
			}
		})
		equal(t, "took", anyio.Now(ctx).Sub(begin), 3*time.Minute)
	})
}

func TestTickerInSelect(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, ctx context.Context) {
		begin := anyio.Now(ctx)
		tick := anyio.NewTicker(ctx, time.Second)
		onTick := anyio.OnTick(tick)
		ticks := 0
		for {
			i, err := anyio.Select(ctx, onTick, anyio.OnDeadline(begin.Add(5500*time.Millisecond)))
			must(t, err)
			if i == 1 {
				break
			}
			ticks++
			equal(t, "now", anyio.Now(ctx).Sub(begin), time.Duration(ticks)*time.Second)
		}
		equal(t, "ticks", ticks, 5)
		must(t, anyio.Sleep(ctx, 2*time.Second)) // at 7.5 s tick 6 is late, 7 is missed
		_, ok, err := anyio.TrySelect(onTick)
		must(t, err)
		equal(t, "a late tick is there", ok, true)
		_, ok, err = anyio.TrySelect(onTick)
		must(t, err)
		equal(t, "a second one is there", ok, false)
	})
}

func TestTickerCanceledAndMisused(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, d := range []time.Duration{0, -1} {
			wantPanic(t, "the interval of a Ticker must be above zero", func() { anyio.NewTicker(ctx, d) })
		}
		tick := anyio.NewTicker(ctx, time.Hour)
		wantPanic(t, "the interval of a Ticker must be above zero", func() { tick.Reset(0) })
		inCanceledScope(t, ctx, func(ctx context.Context) {
			n := 0
			for _, err := range tick.All(ctx) {
				testkit.WantCanceled(t, "All", err)
				n++
			}
			equal(t, "errors", n, 1)
		})
		timedOut, err := anyio.MoveOnAfter(ctx, time.Microsecond, func(ctx context.Context) error { _, err := tick.Wait(ctx); return err })
		must(t, err)
		equal(t, "timed out", timedOut, true)
	})
}

// A task that waits while the Ticker is reset has the earlier tick, and does not move the
// new ones by that.
func TestTickerThatIsResetUnderAWaiterKeepsTheNewTicks(t *testing.T) {
	testkit.WantNil(t, "run", anyio.Run(context.Background(), func(ctx context.Context) error {
		begin := anyio.Now(ctx)
		tk := anyio.NewTicker(ctx, 10*time.Millisecond)
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				for _, want := range []time.Duration{10 * time.Millisecond, time.Hour + 5*time.Millisecond} {
					at, err := tk.Wait(ctx)
					if err != nil {
						return err
					}
					if got := at.Sub(begin); got != want {
						t.Errorf("tick after %v, want %v", got, want)
					}
				}
				return nil
			})
			err := anyio.Sleep(ctx, 5*time.Millisecond)
			tk.Reset(time.Hour)
			return err
		})
	}, anyio.On(sim.New(sim.Config{}))))
}
