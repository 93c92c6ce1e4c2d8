package eventloop_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// hog holds its loop until that was reported. On a busy machine others, who only were
// not let run, are reported before.
func hog(l *testkit.Log) {
	for lineAbout(l, `task="the hog"`) == "" {
		<-l.Grew()
	}
}

// lineAbout is the first line with a text, "" if there is none.
func lineAbout(l *testkit.Log, text string) string {
	for line := range strings.Lines(l.Text()) {
		if strings.Contains(line, text) {
			return line
		}
	}
	return ""
}

func TestTaskThatHoldsItsLoopIsReported(t *testing.T) {
	log := testkit.CaptureLog(t)
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				hog(log)
				return nil
			}, anyio.Name("the hog"))
			return nil
		})
	}, anyio.On(anyio.EventLoop()), anyio.HoldLimit(time.Millisecond))
	testkit.WantNil(t, "Run", err)
	line := lineAbout(log, `task="the hog"`)
	for _, want := range []string{"level=WARN", `task="the hog"`, "hold_test.go:", "eventloop_test.hog"} {
		if !strings.Contains(line, want) {
			t.Errorf("the report has no %q: %s", want, line)
		}
	}
}

// A log may fail on the goroutine of the timer that looks, where nobody could recover.
func TestLogOfAHoldThatPanicsEndsNothing(t *testing.T) {
	log := testkit.CaptureLog(t)
	slog.SetDefault(slog.New(panickingLog{slog.Default().Handler()}))
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		hog(log)
		return nil
	}, anyio.On(anyio.EventLoop()), anyio.HoldLimit(time.Millisecond), anyio.MainName("the hog"))
	testkit.WantNil(t, "Run", err)
}

// A panickingLog writes, and fails.
type panickingLog struct{ slog.Handler }

func (l panickingLog) Handle(ctx context.Context, r slog.Record) error {
	_ = l.Handler.Handle(ctx, r)
	panic("log")
}

func TestNobodyIsReportedWhereNothingIsWatched(t *testing.T) {
	log := testkit.CaptureLog(t)
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
		testkit.WantNil(t, name, err)
	}
	if text := log.Text(); text != "" {
		t.Errorf("reported: %s", text)
	}
}
