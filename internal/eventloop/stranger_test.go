package eventloop_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// A stranger is a goroutine that is no task and uses the context of one.

func TestStrangerBlocksItselfNotTheLoop(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.SkipSim(t, ctx)
		var ping, pong anyio.Event
		done := make(chan struct{})
		go func() {
			defer close(done)
			testkit.WantNil(t, "stranger's wait", ping.Wait(ctx))
			testkit.WantNil(t, "stranger's sleep", anyio.Sleep(ctx, time.Millisecond))
			ran := false
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error { ran = true; return anyio.Sleep(ctx, 0) })
				return nil
			})
			if err != nil || !ran {
				t.Errorf("stranger's group: %v, task ran: %v", err, ran)
			}
			timedOut, err := anyio.MoveOnAfter(ctx, time.Millisecond, anyio.SleepForever)
			if !timedOut || err != nil {
				t.Errorf("stranger's timeout: %v, %v", timedOut, err)
			}
			pong.Set()
		}()
		testkit.WantNil(t, "sleep", anyio.Sleep(ctx, time.Millisecond))
		ping.Set()
		testkit.WantNil(t, "wait", pong.Wait(ctx))
		testkit.InGoroutine(t, ctx, func() { <-done })
	})
}

func TestStrangerIsCanceledWithTheScope(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.SkipSim(t, ctx)
		results := make(chan error, 4)
		_ = anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			var waiting anyio.Event
			for range 4 {
				go func() {
					waiting.Set()
					results <- anyio.SleepForever(ctx)
				}()
			}
			testkit.WantNil(t, "wait", waiting.Wait(ctx))
			s.Cancel("")
			return nil
		})
		testkit.InGoroutine(t, ctx, func() {
			for range 4 {
				testkit.WantCanceled(t, "stranger", <-results)
			}
		})
	})
}

// What a stranger does in a scope ends with the scope: nothing could cancel it later.
func TestStrangerIsCanceledWhenTheScopeIsLeft(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.SkipSim(t, ctx)
		results := make(chan error, 4)
		strangers := func(ctx context.Context) {
			var begun anyio.Event
			for i := range 2 {
				go func() {
					if i == 0 {
						begun.Set()
						results <- anyio.SleepForever(ctx)
						return
					}
					results <- anyio.WithCancelScope(ctx, func(ctx context.Context, _ *anyio.CancelScope) error {
						return anyio.SleepForever(ctx)
					})
				}()
			}
			testkit.WantNil(t, "wait", begun.Wait(ctx))
		}
		_ = anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			strangers(ctx)
			return nil
		})
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { strangers(ctx); return nil })
			return nil
		})
		if _, misused := errors.AsType[*anyio.MisuseError](err); err != nil && !misused {
			t.Errorf("group: %v", err)
		}
		testkit.InGoroutine(t, ctx, func() {
			for range 4 {
				testkit.WantCanceled(t, "stranger in a scope that was left", <-results)
			}
		})
	})
}

func TestContextOfEndedScopeIsDead(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var ended context.Context
		testkit.WantNil(t, "scope", anyio.WithCancelScope(ctx, func(ctx context.Context, _ *anyio.CancelScope) error {
			ended = ctx
			return nil
		}))
		var ev anyio.Event
		ev.Set()
		testkit.WantCanceled(t, "wait", ev.Wait(ended))
		testkit.WantCanceled(t, "Err", context.Cause(ended))
		<-ended.Done()
		testkit.WantCanceled(t, "scope opened in it", anyio.WithCancelScope(ended, func(ctx context.Context, _ *anyio.CancelScope) error {
			return anyio.Sleep(ctx, time.Hour)
		}))
		derived, cancel := context.WithCancel(ended)
		defer cancel()
		testkit.WantCanceled(t, "derived", anyio.Sleep(derived, time.Hour))
	})
}

func TestParentsContextUsedByMistakeStillWorks(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, outer context.Context) {
		err := anyio.WithTaskGroup(outer, func(group context.Context, tg *anyio.TaskGroup) error {
			for range 3 {
				tg.Go(func(context.Context) error { return anyio.Sleep(group, time.Millisecond) })
			}
			tg.Go(func(context.Context) error {
				err := anyio.SleepForever(group)
				testkit.WantCanceled(t, "child waiting in the group's context", err)
				return err
			})
			h := tg.Go(func(context.Context) error { return anyio.Sleep(outer, 2*time.Millisecond) })
			testkit.WantNil(t, "await", h.Await(group))
			tg.Cancel("")
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestBackgroundContextInTaskDoesNotBlockTheLoop(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		bg := context.Background()
		var a, b anyio.Event
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(context.Context) error { testkit.WantNil(t, "wait", a.Wait(bg)); b.Set(); return nil })
			tg.Go(func(context.Context) error {
				testkit.WantNil(t, "sleep", anyio.Sleep(bg, time.Millisecond))
				a.Set()
				return nil
			})
			testkit.WantNil(t, "wait", b.Wait(bg))
			n := 0
			err := anyio.WithTaskGroup(bg, func(ctx context.Context, tg *anyio.TaskGroup) error {
				if testkit.BackendOf(ctx) == "parallel" {
					n = 1
					return nil
				}
				tg.Go(func(ctx context.Context) error { n++; return anyio.Sleep(ctx, time.Millisecond) })
				return nil
			})
			if n != 1 {
				t.Error("the task did not run")
			}
			return err
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestNestedRunInLoopTaskIsRefused(t *testing.T) {
	nop := func(context.Context) error { return nil }
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		want := anyio.ErrAlreadyRunning
		if testkit.BackendOf(ctx) == "parallel" {
			want = nil
		}
		for _, b := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop(), sim.New(sim.Config{})} {
			if err := anyio.Run(ctx, nop, anyio.On(b)); err != want {
				t.Errorf("Run on %s in a task: %v, want %v", b.Name(), err, want)
			}
		}
		testkit.SkipSim(t, ctx)
		testkit.InGoroutine(t, ctx, func() {
			testkit.WantNil(t, "Run on a goroutine", anyio.Run(context.Background(), nop, anyio.On(anyio.EventLoop())))
		})
	})
}

// The inner loop's tasks park in the inner loop even if they wait with a context
// of the run outside.
func TestLoopInsideParallelTaskObeysOuterScope(t *testing.T) {
	testkit.WantNil(t, "run", anyio.Run(context.Background(), func(outer context.Context) error {
		timedOut, err := anyio.MoveOnAfter(outer, 5*time.Millisecond, func(mid context.Context) error {
			return anyio.Run(mid, func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					var ev anyio.Event
					tg.Go(func(context.Context) error { return ev.Wait(mid) })
					tg.Go(ev.Wait)
					testkit.WantNil(t, "sleep", anyio.Sleep(outer, time.Millisecond))
					return anyio.SleepForever(ctx)
				})
			}, anyio.On(anyio.EventLoop()))
		})
		if !timedOut {
			t.Error("the outer scope did not cut the inner run short")
		}
		return err
	}))
}
