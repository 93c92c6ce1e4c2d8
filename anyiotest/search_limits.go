package anyiotest

import (
	"testing"
	"time"
)

// limits are when a search has to end.
type limits struct {
	end      time.Time // no run begins then; zero: no limit
	early    bool      // the end is due to the deadline
	deadline time.Time // of go test; zero: none
}

// newLimits are those of a search that may take so long, or if within is 0 as long as it
// likes. A search that go test kills has told nothing, so some time is left for the report.
func newLimits(t testing.TB, begin time.Time, within time.Duration) (l limits) {
	if within > 0 {
		l.end = begin.Add(within)
	}
	d, ok := t.(interface{ Deadline() (time.Time, bool) })
	if !ok {
		return l
	}
	if l.deadline, ok = d.Deadline(); !ok {
		return l
	}
	by := l.deadline.Add(-min(maxReserve, l.deadline.Sub(begin)/3))
	if l.end.IsZero() || by.Before(l.end) {
		l.end, l.early = by, true
	}
	return l
}

// maxReserve is how much time is left for the report at most.
const maxReserve = 20 * time.Second

// over reports whether the time for more runs is over.
func (l *limits) over() bool { return !l.end.IsZero() && !time.Now().Before(l.end) }

// shrinkEnd is until when one of some failures may be made simpler.
func (l *limits) shrinkEnd(failures int) time.Time {
	now := time.Now()
	end := now.Add(min(maxShrinkTime, maxAllShrinkTime/time.Duration(failures)))
	if !l.deadline.IsZero() {
		end = minTime(end, now.Add(l.deadline.Sub(now)/time.Duration(failures+1)))
	}
	return end
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
