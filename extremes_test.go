package anyio_test

import (
	"context"
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/sim"
)

var (
	passedDurations  = []time.Duration{math.MinInt64, math.MinInt64 + 1, -1, 0}
	endlessDurations = []time.Duration{math.MaxInt64, math.MaxInt64 - 1, math.MaxInt64 / 4 * 3, math.MaxInt64 / 2}
)

func passedTimes(ctx context.Context) []time.Time {
	now := anyio.Now(ctx)
	return []time.Time{(time.Time{}).Add(1), time.Unix(-1<<40, 0), time.Unix(-1<<33, 0), now.Add(math.MinInt64), now.Add(-1), now}
}

func endlessTimes(ctx context.Context) []time.Time {
	now := anyio.Now(ctx)
	return []time.Time{time.Unix(1<<40, 0), time.Unix(1<<34, 0), now.Add(math.MaxInt64), now.Add(math.MaxInt64 - 1), now.Add(math.MaxInt64 / 2)}
}

// timedCalls are the calls that take a duration d, or the time at if d is 0. Each ends
// when that has come.
var timedCalls = map[string]func(ctx context.Context, d time.Duration, at time.Time) error{
	"Sleep":      func(ctx context.Context, d time.Duration, _ time.Time) error { return anyio.Sleep(ctx, d) },
	"SleepUntil": func(ctx context.Context, _ time.Duration, at time.Time) error { return anyio.SleepUntil(ctx, at) },
	"OnTimer": func(ctx context.Context, d time.Duration, _ time.Time) error {
		_, err := anyio.Select(ctx, anyio.OnTimer(d))
		return err
	},
	"OnDeadline": func(ctx context.Context, _ time.Duration, at time.Time) error {
		_, err := anyio.Select(ctx, anyio.OnDeadline(at))
		return err
	},
	"MoveOnAfter": func(ctx context.Context, d time.Duration, _ time.Time) error {
		_, err := anyio.MoveOnAfter(ctx, d, anyio.SleepForever)
		return err
	},
	"MoveOnAt": func(ctx context.Context, _ time.Duration, at time.Time) error {
		_, err := anyio.MoveOnAt(ctx, at, anyio.SleepForever)
		return err
	},
	"FailAfter": func(ctx context.Context, d time.Duration, _ time.Time) error {
		return endedByTimeout(anyio.FailAfter(ctx, d, anyio.SleepForever))
	},
	"FailAt": func(ctx context.Context, _ time.Duration, at time.Time) error {
		return endedByTimeout(anyio.FailAt(ctx, at, anyio.SleepForever))
	},
	"SetDeadline": func(ctx context.Context, _ time.Duration, at time.Time) error {
		return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			s.SetDeadline(at)
			return anyio.SleepForever(ctx)
		})
	},
	"SetDeadline of a group": func(ctx context.Context, _ time.Duration, at time.Time) error {
		return anyio.WithTaskGroup(ctx, func(_ context.Context, tg *anyio.TaskGroup) error {
			tg.Go(anyio.SleepForever)
			tg.SetDeadline(at)
			return nil
		})
	},
	"WithDeadline": func(ctx context.Context, _ time.Duration, at time.Time) error {
		ctx, s := anyio.OpenCancelScope(ctx, anyio.Deadline(at))
		return s.End(anyio.SleepForever(ctx))
	},
	"Shielded": func(ctx context.Context, d time.Duration, _ time.Time) error {
		return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			if d > 0 {
				return anyio.Sleep(ctx, d) // what is around does not end it
			}
			s.Cancel("")
			return endedByTimeout(anyio.Shielded(ctx, d, anyio.SleepForever))
		})
	},
}

func endedByTimeout(err error) error {
	if te, ok := err.(*anyio.TimeoutError); ok && te.Error() != "" {
		return nil
	}
	return fmt.Errorf("no timeout: %w", err)
}

func checkTimedCalls(t *testing.T, ctx context.Context) {
	takesNoTime := func(what string, call func(ctx context.Context) error) {
		before := anyio.Now(ctx)
		timedOut, err := anyio.MoveOnAfter(ctx, time.Hour, call)
		if timedOut || err != nil || anyio.Now(ctx).Sub(before) >= time.Hour {
			t.Errorf("%s: still not over after an hour: %v, %v", what, timedOut, err)
		}
	}
	goesOn := func(what string, call func(ctx context.Context) error) {
		timedOut, err := anyio.MoveOnAfter(ctx, time.Microsecond, call)
		if !timedOut || err != nil {
			t.Errorf("%s: over after a microsecond: %v", what, err)
		}
	}
	for name, call := range timedCalls {
		for _, d := range passedDurations {
			at := anyio.Now(ctx)
			takesNoTime(fmt.Sprint(name, " ", d), func(ctx context.Context) error { return call(ctx, d, at) })
		}
		for _, at := range passedTimes(ctx) {
			takesNoTime(fmt.Sprint(name, " ", at), func(ctx context.Context) error { return call(ctx, 0, at) })
		}
		for _, d := range endlessDurations {
			at := anyio.Now(ctx).Add(math.MaxInt64)
			goesOn(fmt.Sprint(name, " ", d), func(ctx context.Context) error { return call(ctx, d, at) })
		}
		for _, at := range endlessTimes(ctx) {
			goesOn(fmt.Sprint(name, " ", at), func(ctx context.Context) error { return call(ctx, anyio.Forever, at) })
		}
	}
	for _, at := range passedTimes(ctx) {
		_, s := anyio.OpenCancelScope(ctx, anyio.Deadline(at))
		if d, ok := s.Deadline(); !ok || d.After(anyio.Now(ctx)) {
			t.Errorf("a deadline of %v is told as %v", at, d)
		}
		must(t, s.End(nil))
	}
	for _, d := range endlessDurations {
		goesOn(fmt.Sprint("Ticker ", d), func(ctx context.Context) error {
			_, err := anyio.NewTicker(ctx, d).Wait(ctx)
			return err
		})
	}
}

// What has passed is over at once and what is far ahead is not, however far it is.
func TestDurationsAndTimesOfAllSizes(t *testing.T) {
	anyiotest.Run(t, checkTimedCalls)
}

// In a bubble the clock of the run is far behind its zero.
func TestDurationsAndTimesOfAllSizesInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { checkTimedCalls(t, context.Background()) })
	synctest.Test(t, func(t *testing.T) {
		must(t, anyio.Run(t.Context(), func(ctx context.Context) error { checkTimedCalls(t, ctx); return nil }))
	})
}

// The last tick that fits into the clock is followed by none, not by one long ago.
func TestTickerAtTheEndOfTime(t *testing.T) {
	must(t, anyio.Run(context.Background(), func(ctx context.Context) error {
		ticker := anyio.NewTicker(ctx, math.MaxInt64/8*5)
		last := anyio.Now(ctx)
		for range 2 {
			at, err := ticker.Wait(ctx)
			must(t, err)
			if !at.After(last) {
				t.Errorf("a tick of %v after one of %v", at, last)
			}
			last = at
		}
		return nil
	}, anyio.On(sim.New(sim.Config{Seed: 1}))))
}
