package anyio_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

// A lineLog is what slog writes to; grew tells of a line.
type lineLog struct {
	mu   sync.Mutex
	text bytes.Buffer
	grew chan struct{}
}

func (l *lineLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.grew <- struct{}{}:
	default:
	}
	return l.text.Write(p)
}

func (l *lineLog) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Split(strings.TrimSpace(l.text.String()), "\n")
}

// captureLog makes slog write to the log that is returned until the test ends.
func captureLog(t *testing.T) *lineLog {
	old := slog.Default()
	t.Cleanup(func() { slog.SetDefault(old) })
	l := &lineLog{grew: make(chan struct{}, 1)}
	slog.SetDefault(slog.New(slog.NewTextHandler(l, nil)))
	return l
}

// hog holds its loop until that was reported.
func hog(l *lineLog) { <-l.grew }

func TestTaskThatHoldsItsLoopIsReported(t *testing.T) {
	log := captureLog(t)
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				hog(log)
				return nil
			}, anyio.Name("the hog"))
			return nil
		})
	}, anyio.On(anyio.EventLoop()), anyio.HoldLimit(time.Millisecond))
	wantNil(t, "Run", err)
	line := log.lines()[0]
	for _, want := range []string{"level=WARN", `task="the hog"`, "hold_test.go:", "anyio_test.hog"} {
		if !strings.Contains(line, want) {
			t.Errorf("the report has no %q: %s", want, line)
		}
	}
}

func TestNobodyIsReportedWhereNothingIsWatched(t *testing.T) {
	log := captureLog(t)
	for name, opts := range map[string][]anyio.RunOption{
		"Forever":   {anyio.On(anyio.EventLoop()), anyio.HoldLimit(anyio.Forever)},
		"parallel":  {anyio.On(anyio.Parallel()), anyio.HoldLimit(0)},
		"simulator": {anyio.On(sim.New(sim.Config{Seed: 1})), anyio.HoldLimit(0)},
	} {
		err := anyio.Run(context.Background(), func(ctx context.Context) error {
			for end := time.Now().Add(20 * time.Millisecond); time.Now().Before(end); {
			}
			return nil
		}, opts...)
		wantNil(t, name, err)
	}
	if lines := log.lines(); lines[0] != "" {
		t.Errorf("reported: %s", lines)
	}
}
