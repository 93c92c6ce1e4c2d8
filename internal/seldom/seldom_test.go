package seldom_test

import (
	"testing"
	"time"

	"github.com/anyio-go/anyio/internal/seldom"
)

func TestLogTellsOneASecondAndCountsTheOthers(t *testing.T) {
	var l seldom.Log
	begin := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		at     time.Duration
		others int
		told   bool
	}{
		{0, 0, true},
		{0, 0, false},
		{time.Second - 1, 0, false},
		{time.Second, 2, true},
		{1500 * time.Millisecond, 0, false},
		{time.Hour, 1, true},
		{2 * time.Hour, 0, true},
	} {
		if others, ok := l.Tell(begin.Add(c.at)); others != c.others || ok != c.told {
			t.Errorf("after %v: %d, %t; want %d, %t", c.at, others, ok, c.others, c.told)
		}
	}
}
