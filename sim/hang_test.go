package sim_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

// A cleanup that does not come back, in a run that is dead already, does not hide what the
// run died of.
func TestCleanupThatHangsDoesNotHideWhyTheRunIsDead(t *testing.T) {
	for name, c := range map[string]struct {
		body func(ctx context.Context) error
		text string
	}{
		"deadlock": {anyio.SleepForever, "anyio: deadlock: every task waits"},
		"livelock": {func(ctx context.Context) error {
			for {
				if err := anyio.Sleep(ctx, 0); err != nil {
					return err
				}
			}
		}, "anyio: livelock: "},
	} {
		err := anyio.Run(context.Background(), beside(func(ctx context.Context) error {
			defer doesNotComeBack(func() { <-make(chan int) })
			return c.body(ctx)
		}), anyio.On(sim.New(sim.Config{StepTimeout: shortStep, MaxSteps: 1000})))
		all, ok := err.(interface{ Unwrap() []error })
		if !ok || len(all.Unwrap()) != 2 {
			t.Errorf("%s: %v, want two errors", name, err)
			continue
		}
		if dead, ok := errors.AsType[*sim.DeadlockError](err); !ok || dead.Stuck != nil || !strings.HasPrefix(dead.Error(), c.text) {
			t.Errorf("%s: the first is %v", name, dead)
		}
		if hung, ok := errors.AsType[*sim.DeadlockError](all.Unwrap()[1]); !ok || hung.Stuck == nil || hung.Stuck.Name != "culprit" {
			t.Errorf("%s: the second is %v", name, hung)
		}
	}
}
