package simloop

import (
	"context"
	"testing"
)

func TestContextIsWatchedUntilStop(t *testing.T) {
	s := New(Config{})
	ctx, cancel := context.WithCancel(context.Background())
	told := map[string]int{}
	first := s.AfterDone(ctx, func() { told["first"]++ })
	second := s.AfterDone(ctx, func() { told["second"]++ })
	third := s.AfterDone(ctx, func() { told["third"]++ })
	if !second() || second() {
		t.Error("stop: want that it was in time, once")
	}
	s.foreign.look()
	if len(told) != 0 {
		t.Errorf("told before the end: %v", told)
	}
	cancel()
	s.foreign.look()
	s.foreign.look()
	if len(told) != 2 || told["first"] != 1 || told["third"] != 1 {
		t.Errorf("told: %v", told)
	}
	if first() || third() || len(s.foreign.list) != 0 || s.foreign.n.Load() != 0 {
		t.Errorf("afterwards %d are watched", len(s.foreign.list))
	}
}
