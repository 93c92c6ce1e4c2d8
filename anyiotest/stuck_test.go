package anyiotest_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/sim"
)

// stuckForGood starts tasks, and blocks the main one for good. Its name tells the
// leak check of this package's tests to let it be.
func stuckForGood(ctx context.Context) {
	_ = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for range 20 {
			tg.Go(anyio.SleepForever)
		}
		_ = anyio.Sleep(ctx, time.Second)
		<-make(chan int) //anyiovet:ignore loopblock a task that is stuck is what is tested
		return nil
	})
}

// lockForGood locks what another task of the run has locked. It is let be, too.
func lockForGood(mu *sync.Mutex) { mu.Lock() }

func TestStuckStepFailsTheTest(t *testing.T) {
	rec := newRecorder(t)
	rec.run(func() {
		anyiotest.Execute(rec, "go again", stuckForGood, anyio.MainName("the test"), anyio.On(sim.New(sim.Config{StepTimeout: 20 * time.Millisecond})))
	})
	rec.wantFailure(t, "a step did not come back", `task 1 "the test" [chan receive]`, "stuck_test.go", "replay: go again")
}

// A run that was given up is one leak, whatever it had: not one for each task,
// coroutine and goroutine. Nothing is waited for.
func TestRunThatWasGivenUpIsOneLeak(t *testing.T) {
	var out bytes.Buffer
	code := anyiotest.MainWith(func() int {
		_ = anyio.Run(context.Background(), func(ctx context.Context) error { stuckForGood(ctx); return nil },
			anyio.On(sim.New(sim.Config{StepTimeout: 20 * time.Millisecond})))
		return 0
	}, &out, anyiotest.Patience(1000*time.Hour))
	text := out.String()
	if code != 1 || !strings.Contains(text, "after all tests 1 leaked:\n") || !strings.Contains(text, "leaked run with all its tasks") || !strings.Contains(text, "stuckForGood") {
		t.Errorf("exit code %d:\n%s", code, text)
	}
	out.Reset()
	if code := anyiotest.MainWith(func() int { return 0 }, &out); code != 0 {
		t.Errorf("a run that was given up before is found, exit code %d:\n%s", code, out.String())
	}
}
