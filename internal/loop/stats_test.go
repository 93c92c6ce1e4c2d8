package loop

import "testing"

// The worst delay is told for a span of time at least and for two at most.
func TestWorstDelayIsThatOfTheLastSpans(t *testing.T) {
	var s stats
	const s1 = statsSpan
	for i, step := range []struct{ now, behind, look, want int64 }{
		{0, 5, 0, 5},
		{1, 3, 1, 5},
		{2, 7, s1 - 1, 7},
		{s1, 2, s1, 7},                     // of the span before
		{s1 + 1, 4, 2*s1 - 1, 7},           //
		{2 * s1, 1, 2 * s1, 4},             // 7 is forgotten
		{2*s1 + 1, 0, 3*s1 - 1, 4},         //
		{2*s1 + 2, 0, 3 * s1, 1},           // that span is over
		{2*s1 + 3, 0, 4 * s1, 0},           // and has been for long
		{9 * s1, 6, 9 * s1, 6},             // no timer was fired for long
		{10*s1 - 1, 8, 10*s1 - 1, 8},       //
		{12 * s1, 2, 12*s1 + s1/2, 2},      // nor for two spans
		{12*s1 + s1/2, 3, 13*s1 + s1/2, 3}, //
	} {
		s.fired(step.now, step.behind)
		if got := s.worst(step.look); got != step.want {
			t.Errorf("%d: %d, want %d", i, got, step.want)
		}
	}
}
