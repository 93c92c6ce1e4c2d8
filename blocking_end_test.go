package anyio_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/osthread"
	"github.com/anyio-go/anyio/portal"
	"github.com/anyio-go/anyio/sim"
)

// A function that never ends does not hold up the end of its run once it was
// abandoned, and is refused when it wants to come back.
func TestAbandonedCallOutlivesItsRun(t *testing.T) {
	for _, on := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		t.Run(on.Name(), func(t *testing.T) {
			ended, over := make(chan bool), make(chan bool)
			var limiter *anyio.CapacityLimiter
			err := anyio.Run(context.Background(), func(ctx context.Context) error {
				limiter = anyio.DefaultThreadLimiter(ctx)
				var begun anyio.Event
				return anyio.WithTaskGroup(ctx, func(group context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						_, err := anyio.RunBlockingValue(ctx, func() (int, error) {
							defer close(over)
							begun.Set()
							<-ended
							testkit.WantCanceled(t, "waiting in the canceled scope", anyio.SleepForever(ctx))
							for _, ctx := range []context.Context{ctx, group, context.WithoutCancel(ctx)} {
								_, err := anyio.RunIn(ctx, func(context.Context) (int, error) { t.Error("called"); return 0, nil })
								if err != anyio.ErrRunFinished {
									t.Errorf("call into the ended run: %v", err)
								}
							}
							return 0, nil
						}, anyio.AbandonOnCancel())
						return err
					})
					if err := begun.Wait(group); err != nil {
						return err
					}
					tg.Cancel("test")
					return nil
				})
			}, anyio.On(on))
			testkit.WantNil(t, "run", err)
			if n := limiter.BorrowedTokens(); n != 1 {
				t.Errorf("%d tokens while the function runs", n)
			}
			close(ended)
			<-over
			for limiter.BorrowedTokens() > 0 {
				runtime.Gosched()
			}
		})
	}
}

// Goroutines call into a run all the time while it ends. What they call runs where
// the run's tasks run, one at a time, or not at all.
func TestCallsIntoAnEndingRunAreServedOrRefused(t *testing.T) {
	for range 50 {
		var served, inside atomic.Int32
		results := make(chan error, 8)
		err := anyio.Run(context.Background(), func(ctx context.Context) error {
			token, err := lowlevel.CurrentToken(ctx)
			testkit.WantNil(t, "token", err)
			outside, err := token.Context()
			testkit.WantNil(t, "context", err)
			var first anyio.Event
			for range cap(results) {
				go func() {
					for {
						v, err := anyio.RunIn(outside, func(ctx context.Context) (int, error) {
							if inside.Add(1) != 1 {
								t.Error("two calls at once")
							}
							inside.Add(-1)
							if kernel.LoopTask() == nil {
								t.Error("called outside the loop")
							}
							served.Add(1)
							first.Set()
							return 7, nil
						})
						if err != nil || v != 7 {
							results <- err
							return
						}
					}
				}()
			}
			return first.Wait(ctx)
		}, anyio.On(anyio.EventLoop()))
		testkit.WantNil(t, "run", err)
		for range cap(results) {
			if err := <-results; !errors.Is(err, anyio.ErrCanceled) && err != anyio.ErrRunFinished {
				t.Errorf("refused with %v", err)
			}
		}
		if served.Load() == 0 {
			t.Error("nothing was served")
		}
	}
}

// Goroutines outside have no place in a simulation: who comes first there is
// decided by the seed alone.
func TestGoroutinesOutsideASimulationAreRefused(t *testing.T) {
	outer, err := portal.New(context.Background())
	testkit.WantNil(t, "start", err)
	defer outer.Close(context.Background())
	f := func(context.Context) (int, error) { t.Error("called"); return 0, nil }
	threads := osthread.NewPool(1)
	defer threads.Close(context.Background())
	err = anyio.Run(context.Background(), func(ctx context.Context) error {
		return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			_, err := anyio.RunBlockingValue(ctx, func() (int, error) { // on a thread, that is outside
				_, err := anyio.RunIn(ctx, f)
				testkit.WantMisuse(t, "RunIn", err)
				_, err = portal.Call(context.Background(), p, f)
				testkit.WantMisuse(t, "portal.Call", err)
				_, err = portal.Go(p, f)
				testkit.WantMisuse(t, "portal.Go", err)
				return 0, nil
			}, osthread.On(threads))
			testkit.WantNil(t, "blocking call", err)
			_, err = portal.Call(ctx, outer, f)
			testkit.WantMisuse(t, "portal.Call out of the simulation", err)
			return nil
		})
	}, anyio.On(sim.New(sim.Config{})))
	testkit.WantNil(t, "run", err)
}

func TestOSThreadsAreTheirOwnLimit(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		threads := osthread.NewPool(1)
		defer threads.Close(ctx)
		limiter := anyio.NewCapacityLimiter(1)
		_, err := anyio.RunBlockingValue(ctx, func() (int, error) { t.Error("called"); return 0, nil }, osthread.On(threads), anyio.Limiter(limiter))
		testkit.WantMisuse(t, "two limits", err)
	})
}

func TestPanicOnAnOSThreadNamesTheTaskThatCalled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		threads := osthread.NewPool(1)
		defer threads.Close(ctx)
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				pe := testkit.WantPanicError(t, "ouch", func() { _, _ = anyio.RunBlockingValue(ctx, panicky, osthread.On(threads)) })
				if pe.Task != "caller" || !strings.Contains(string(pe.Stack), "panicky") {
					t.Errorf("task %q, stack %s", pe.Task, pe.Stack)
				}
				return nil
			}, anyio.Name("caller"))
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

// An abandoned call keeps its thread until it has ended; Close waits for it.
func TestAbandonedCallKeepsItsOSThread(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.SkipSim(t, ctx)
		threads := osthread.NewPool(1)
		release := make(chan bool)
		ended := false // the thread orders
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var begun anyio.Event
			h := tg.Go(func(ctx context.Context) error {
				_, err := anyio.RunBlockingValue(ctx, func() (int, error) {
					begun.Set()
					<-release
					ended = true
					return 0, nil
				}, osthread.On(threads), anyio.AbandonOnCancel())
				testkit.WantCanceled(t, "abandoned", err)
				return err
			})
			testkit.WantNil(t, "begun", begun.Wait(ctx))
			h.Cancel("test")
			testkit.WantNil(t, "wait", h.Wait(ctx))
			next := tg.Go(func(ctx context.Context) error {
				_, err := anyio.RunBlockingValue(ctx, func() (int, error) {
					if !ended {
						t.Error("two functions on one thread")
					}
					return 0, nil
				}, osthread.On(threads))
				return err
			})
			testkit.Settled(t, ctx)
			if s := next.Status(); s != anyio.Pending {
				t.Errorf("the next call is %v", s)
			}
			close(release)
			return next.Wait(ctx)
		})
		testkit.WantNil(t, "group", err)
		testkit.WantNil(t, "close", threads.Close(ctx))
	})
}
