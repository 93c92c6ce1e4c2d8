package race_test

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
)

// TestFirstAlarm is what the child processes run: a deadline passes while its loop is
// held up, so that an alarm rings.
func TestFirstAlarm(t *testing.T) {
	if os.Getenv(raceChildVar) != "alarm" {
		t.Skip("only for the child processes of TestFirstAlarmKnowsTheInitialization")
	}
	testkit.WantNil(t, "run", anyio.Run(t.Context(), func(ctx context.Context) error {
		_, err := anyio.MoveOnAfter(ctx, 20*time.Millisecond, func(ctx context.Context) error {
			<-ctx.Done() // holds the loop up
			return nil
		})
		return err
	}, anyio.On(anyio.EventLoop())))
}

// The goroutine of a timer learns what those before it on its processor knew. So each
// alarm has a process of its own here, with no other timers, and not each one shows what is wrong.
func TestFirstAlarmKnowsTheInitialization(t *testing.T) {
	if !race.Enabled {
		t.Skip("needs -race")
	}
	for range 12 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestFirstAlarm$", "-test.count=1")
		cmd.Env = append(slices.Clone(os.Environ()), raceChildVar+"=alarm", "GORACE=atexit_sleep_ms=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v:\n%.3000s", err, out)
		}
	}
}
