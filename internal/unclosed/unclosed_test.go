package unclosed_test

import (
	"context"
	"log/slog"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio/internal/unclosed"
)

// A panickingLog counts what it is told, and fails.
type panickingLog struct {
	slog.Handler
	told *atomic.Int32
}

func (l panickingLog) Handle(_ context.Context, r slog.Record) error {
	if strings.HasPrefix(r.Message, "unclosed box created at unclosed_test.go:") {
		l.told.Add(1)
	}
	panic("log")
}

//go:noinline
func leave(n int) {
	pc, _, _, _ := runtime.Caller(0)
	for range n {
		unclosed.New(new([4]int), "box", pc)
	}
	unclosed.New(new([4]int), "closed box", pc).Stop()
}

func TestLogThatPanicsEndsNothing(t *testing.T) {
	before := slog.Default()
	defer slog.SetDefault(before)
	var told atomic.Int32
	slog.SetDefault(slog.New(panickingLog{before.Handler(), &told}))
	leave(3)
	for try := 0; told.Load() < 3; try++ {
		if try == 10_000 {
			t.Fatalf("%d of 3 were told", told.Load())
		}
		runtime.GC()
		runtime.Gosched()
	}
}
