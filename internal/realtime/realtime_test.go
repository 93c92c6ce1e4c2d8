package realtime

import (
	"testing"
	"time"
)

func TestInstantAndTimeAreOpposites(t *testing.T) {
	var c Clock
	for _, instant := range []int64{0, 1, Now(), Now() + int64(time.Hour)} {
		at := c.Time(instant)
		if got := c.Instant(at); got != instant {
			t.Errorf("Instant(Time(%d)) = %d", instant, got)
		}
	}
	now := c.Today()
	if at := c.Time(c.Instant(now)); !at.Equal(now) || (at.Round(0).Sub(now.Round(0))).Abs() > tolerance {
		t.Errorf("Time(Instant(%v)) = %v", now, at)
	}
}

// Times from files and tokens have no monotonic reading.
func TestEqualTimesOfTheWallClockAreEqualInstants(t *testing.T) {
	var c Clock
	at := time.Now().Add(time.Minute).Round(0)
	first := c.Instant(at)
	for range 1000 {
		if got := c.Instant(at.UTC()); got != first {
			t.Fatalf("%d, then %d", first, got)
		}
	}
}

func TestFarTimesSaturate(t *testing.T) {
	var c Clock
	if got := c.Instant(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)); got != 1<<63-1 {
		t.Errorf("the year 9999: %d", got)
	}
	if got := c.Instant(time.Unix(0, 0)); got >= 0 {
		t.Errorf("1970: %d", got)
	}
}

// clockSetTo returns readings of a wall clock that was set ahead by so much.
func clockSetTo(ahead ...time.Duration) func() setting {
	return func() setting {
		s := setting{time.Now(), ahead[0]}
		if len(ahead) > 1 {
			ahead = ahead[1:]
		}
		return s
	}
}

func TestStepsOfTheWallClock(t *testing.T) {
	defer last.Store(last.Load())
	wall := base.Round(0).Add(time.Hour)
	for _, step := range []time.Duration{0, 5 * time.Second, -time.Hour, 2 * time.Millisecond} {
		got := settle(clockSetTo(step))
		if want := int64(time.Hour - step); got.instant(wall) != want {
			t.Errorf("set by %v: an hour after the start is %v after it, want %v", step, time.Duration(got.instant(wall)), time.Duration(want))
		}
		again := settle(clockSetTo(step+tolerance/2, step-tolerance/2))
		if again.ahead != got.ahead {
			t.Errorf("set by %v: a drift of half the tolerance made that %v", step, again.ahead)
		}
	}
}

// A goroutine may be interrupted between the two halves of a reading.
func TestOneOddReadingIsNoStep(t *testing.T) {
	defer last.Store(last.Load())
	settle(clockSetTo(0))
	if got := settle(clockSetTo(time.Second, 0)); got.ahead != 0 {
		t.Errorf("the clock is taken to be ahead by %v", got.ahead)
	}
}

func TestFarInstantsSaturate(t *testing.T) {
	var c Clock
	const least, most = -1 << 63, 1<<63 - 1
	for _, instant := range []int64{least, least + 1, most - 1, most} {
		at, now := c.Time(instant), c.Today()
		if at.After(now) != (instant > 0) {
			t.Errorf("the instant %d is the time %v", instant, at)
		}
		if d := Until(instant); (d > 0) != (instant > 0) {
			t.Errorf("until the instant %d it is %v", instant, d)
		}
	}
	for _, c := range []struct{ from, to, want int64 }{
		{1, least, least}, {-1, most, most}, {least, most, most}, {most, least, least}, {-5, 7, 12}, {7, -5, -12}, {least, least, 0},
	} {
		if d := between(c.from, c.to); int64(d) != c.want {
			t.Errorf("from %d to %d it is %d, want %d", c.from, c.to, d, c.want)
		}
	}
}
