package simloop

import (
	"context"
	"sync/atomic"
	"testing"
)

func TestContextIsWatchedUntilStop(t *testing.T) {
	s := New(Config{})
	ctx, cancel := context.WithCancel(context.Background())
	var told [3]atomic.Int32
	var stop [3]func() bool
	for i := range stop {
		stop[i] = s.AfterDone(ctx, func() { told[i].Add(1) })
	}
	if !stop[1]() || stop[1]() {
		t.Error("stop: want that it was in time, once")
	}
	s.foreign.look()
	for i := range told {
		if n := told[i].Load(); n != 0 {
			t.Errorf("%d: told %d times before the end", i, n)
		}
	}
	cancel()
	s.foreign.look()
	s.foreign.look()
	for i, want := range []int32{1, 0, 1} {
		if n := told[i].Load(); n != want || stop[i]() {
			t.Errorf("%d: told %d times, or still watched; want %d", i, n, want)
		}
	}
	if s.foreign.n.Load() != 0 {
		t.Errorf("%d are watched", s.foreign.n.Load())
	}
}
