package kernel

import (
	"math"
	"testing"
	"time"
)

// The greatest instant stands for no deadline: a long duration must not lead to it.
func TestLaterSaturates(t *testing.T) {
	for _, c := range []struct {
		from int64
		d    time.Duration
		want int64
	}{
		{0, 5, 5}, {5, -7, -2},
		{1, math.MaxInt64 - 1, lastInstant}, {1, math.MaxInt64 - 2, lastInstant}, {math.MaxInt64, 1, lastInstant},
		{-1, math.MinInt64, math.MinInt64}, {math.MinInt64, -1, math.MinInt64}, {-5, math.MaxInt64, lastInstant - 4},
	} {
		if got := Later(c.from, c.d); got != c.want {
			t.Errorf("%d and %d: %d, want %d", c.from, c.d, got, c.want)
		}
	}
}
