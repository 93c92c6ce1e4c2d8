// Package realtime is the clock of the backends that live in the world's time. It
// counts by the monotonic clock, which nobody sets, and tells what that means on the
// wall clock, which may be stepped at any time.
package realtime

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio/internal/bubble"
)

// base is the zero of the clock.
var base = time.Now()

// Now is the time since the clock's zero, in nanoseconds.
func Now() int64 { return int64(time.Since(base)) }

// Until is how long it is until an instant.
func Until(instant int64) time.Duration { return between(Now(), instant) }

// between is how long it is from one instant to another, saturating: in a bubble of
// testing/synctest it is the year 2000, and the clock's zero far ahead.
func between(from, to int64) time.Duration {
	switch d := to - from; {
	case to > from && d < 0:
		return math.MaxInt64
	case to < from && d > 0:
		return math.MinInt64
	default:
		return time.Duration(d)
	}
}

// A Clock has the functions of this package as methods.
type Clock struct{}

// Now is the function Now.
func (Clock) Now() int64 { return Now() }

// Today is time.Now.
func (Clock) Today() time.Time { return time.Now() }

// Time is an instant of the clock as a time with both readings, the one of the wall
// clock as that is set now.
func (Clock) Time(instant int64) time.Time {
	if bubble.In() {
		return base.Round(0).Add(time.Duration(instant))
	}
	ref := current().at
	return ref.Add(between(int64(ref.Sub(base)), instant))
}

// Instant is the opposite of Time. A time without monotonic reading is one of the
// wall clock as that is set now: how long it is until then does not change when the
// clock is set later.
func (Clock) Instant(t time.Time) int64 {
	if bubble.In() { // where there is no monotonic clock
		return int64(t.Round(0).Sub(base.Round(0)))
	}
	if t != t.Round(0) { // it has a monotonic reading
		return int64(t.Sub(base))
	}
	if t.Unix() < longAgo {
		return last.Load().instant(t)
	}
	return current().instant(t)
}

// longAgo, in seconds, is before all that the wall clock may be set to. Who wants a call to
// end, as net/http does with each request, gives it such a deadline.
const longAgo = 10

// A setting is what the wall clock is set to.
type setting struct {
	at    time.Time     // when it was read
	ahead time.Duration // of where it would be if it had not been set since base
}

func settingAt(now time.Time) setting {
	return setting{now, now.Round(0).Sub(base.Round(0)) - now.Sub(base)}
}

// instant converts a time of the wall clock.
func (s setting) instant(wall time.Time) int64 {
	return int64(wall.Sub(base.Round(0).Add(s.ahead)))
}

// tolerance is how much the two clocks may drift apart before that counts as a step:
// less than anybody sees, more than what lies between the two readings of a time.Now.
const tolerance = time.Millisecond

// last is the setting by which all go until the wall clock is set again, so that
// times that are equal stay equal.
var last atomic.Pointer[setting]

func init() { last.Store(&setting{at: base}) }

// current is the present setting.
func current() setting { return settle(func() setting { return settingAt(time.Now()) }) }

// settle returns what two readings agree about: one that was interrupted between its
// halves looks as if the clock had been set.
func settle(read func() setting) setting {
	for {
		was, is := last.Load(), read()
		if (is.ahead - was.ahead).Abs() <= tolerance {
			return *was
		}
		last.CompareAndSwap(was, &is)
	}
}
