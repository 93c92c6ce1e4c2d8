package anyio_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

func TestRunBlockingReturnsWhatTheFunctionReturns(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for range 3 {
			v, err := anyio.RunBlockingValue(ctx, func() (int, error) { return 7, testkit.ErrBoom })
			if v != 7 || err != testkit.ErrBoom {
				t.Errorf("%d, %v", v, err)
			}
		}
		if n := anyio.DefaultThreadLimiter(ctx).BorrowedTokens(); n != 0 {
			t.Errorf("%d tokens are still borrowed", n)
		}
	})
}

func TestRunBlockingBeginsNothingInACanceledScope(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.StartsNothing(t, ctx, func(ctx context.Context) error {
			_, err := anyio.RunBlockingValue(ctx, func() (int, error) { t.Error("called"); return 0, nil })
			return err
		})
	})
}

func TestRunBlockingHoldsUpNoOtherTask(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.SkipSim(t, ctx)
		release := make(chan bool)
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				_, err := anyio.RunBlockingValue(ctx, func() (int, error) { <-release; return 0, nil })
				return err
			}, anyio.Name("blocked"))
			testkit.Settled(t, ctx) // a task in RunBlocking counts as one that waits
			if i := anyio.RunningTasks(ctx)[1]; i.WaitsFor != "RunBlocking" || i.State != anyio.TaskWaiting {
				t.Errorf("%+v", i)
			}
			if b := anyio.DefaultThreadLimiter(ctx).Statistics().Borrowers; len(b) != 1 || fmt.Sprint(b[0]) != "RunBlocking of blocked" {
				t.Errorf("borrowers %v", b)
			}
			close(release)
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestResultOfABlockingCallIsKeptWhenCanceledMeanwhile(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
			v, err := anyio.RunBlockingValue(ctx, func() (int, error) { scope.Cancel("test"); return 7, nil })
			if v != 7 || err != nil {
				t.Errorf("%d, %v", v, err)
			}
			_, err = anyio.RunBlockingValue(ctx, func() (int, error) { t.Error("called"); return 0, nil })
			testkit.WantCanceled(t, "the next call", err)
			return err
		})
		testkit.WantNil(t, "scope", err)
	})
}

func TestRunBlockingWaitsForATokenOfItsLimiter(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		limiter := anyio.NewCapacityLimiter(0)
		called := false
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			call := func(ctx context.Context) error {
				_, err := anyio.RunBlockingValue(ctx, func() (int, error) { called = true; return 0, nil }, anyio.Limiter(limiter))
				return err
			}
			lost := tg.Go(call)
			testkit.Settled(t, ctx)
			lost.Cancel("test")
			if err := lost.Wait(ctx); err != nil || called || lost.Status() != anyio.Canceled {
				t.Errorf("called %v, %v, %v", called, lost, err)
			}
			tg.Go(call)
			testkit.Settled(t, ctx)
			if called {
				t.Error("called without a token")
			}
			limiter.SetTotalTokens(1)
			return nil
		})
		if err != nil || !called || limiter.BorrowedTokens() != 0 {
			t.Errorf("called %v, %d borrowed, %v", called, limiter.BorrowedTokens(), err)
		}
	})
}

func TestDefaultThreadLimiterBelongsToTheRun(t *testing.T) {
	var one *anyio.CapacityLimiter
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := anyio.DefaultThreadLimiter(ctx)
		if l.TotalTokens() != 40 || l != anyio.DefaultThreadLimiter(ctx) || l == one {
			t.Errorf("%d tokens, same as in another run: %v", l.TotalTokens(), l == one)
		}
		one = l
	})
}

func TestAbandonedCallKeepsItsTokenUntilItEnds(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.SkipSim(t, ctx)
		limiter := anyio.NewCapacityLimiter(1)
		release := make(chan bool)
		var begun anyio.Event
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(func(ctx context.Context) error {
				v, err := anyio.RunBlockingValue(ctx, func() (int, error) {
					begun.Set()
					<-release
					return 7, testkit.ErrBoom
				}, anyio.AbandonOnCancel(), anyio.Limiter(limiter))
				if v != 0 {
					t.Errorf("value %d of an abandoned call", v)
				}
				testkit.WantCanceled(t, "abandoned call", err)
				return err
			})
			if err := begun.Wait(ctx); err != nil {
				return err
			}
			h.Cancel("test")
			if err := h.Wait(ctx); err != nil || limiter.BorrowedTokens() != 1 {
				t.Errorf("%d tokens borrowed while the function runs, %v", limiter.BorrowedTokens(), err)
			}
			close(release)
			// The token comes back when the function has ended.
			_, err := anyio.RunBlockingValue(ctx, func() (int, error) { return 0, nil }, anyio.Limiter(limiter))
			return err
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestCallThatCouldBeAbandonedReturnsItsResult(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		v, err := anyio.RunBlockingValue(ctx, func() (int, error) { return 7, nil }, anyio.AbandonOnCancel())
		if v != 7 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
		pe := testkit.WantPanicError(t, "ouch", func() {
			_, _ = anyio.RunBlockingValue(ctx, func() (int, error) { panic("ouch") }, anyio.AbandonOnCancel())
		})
		if pe.Task == "" {
			t.Error("the panic has no task")
		}
	})
}

func TestPanicOfAnAbandonedCallIsReported(t *testing.T) {
	for _, b := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		reported := make(chan *anyio.PanicError, 1)
		release := make(chan bool)
		err := anyio.Run(context.Background(), func(ctx context.Context) error {
			var begun anyio.Event
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					_, err := anyio.RunBlockingValue(ctx, func() (int, error) { begun.Set(); <-release; panic("ouch") }, anyio.AbandonOnCancel())
					return err
				})
				if err := begun.Wait(ctx); err != nil {
					return err
				}
				tg.Cancel("test")
				return nil
			})
		}, anyio.On(b), anyio.OnPanic(func(pe *anyio.PanicError) { reported <- pe }))
		testkit.WantNil(t, b.Name(), err)
		close(release) // after the run has ended
		if pe := <-reported; pe.Value != "ouch" {
			t.Errorf("%s: %v", b.Name(), pe)
		}
	}
}

func panicky() (int, error) { panic("ouch") }

func TestPanicOfABlockingCallIsRaisedInTheCallerWithItsStack(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		pe := testkit.WantPanicError(t, "ouch", func() { _, _ = anyio.RunBlockingValue(ctx, panicky) })
		if !strings.Contains(string(pe.Stack), "panicky") || pe.Task == "" {
			t.Errorf("task %q, stack %s", pe.Task, pe.Stack)
		}
		if n := anyio.DefaultThreadLimiter(ctx).BorrowedTokens(); n != 0 {
			t.Errorf("%d tokens are still borrowed", n)
		}
	})
}

func TestPanicOfABlockingCallThatNobodyRecoversIsReportedOnce(t *testing.T) {
	for _, b := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop(), sim.New(sim.Config{})} {
		var reports atomic.Int32
		testkit.WantPanicError(t, "ouch", func() {
			_ = anyio.Run(context.Background(), func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
							tg.Go(func(ctx context.Context) error { _, err := anyio.RunBlockingValue(ctx, panicky); return err })
							return nil
						})
					})
					return nil
				})
			}, anyio.On(b), anyio.OnPanic(func(*anyio.PanicError) { reports.Add(1) }))
		})
		if n := reports.Load(); n != 1 {
			t.Errorf("%s: %d reports", b.Name(), n)
		}
	}
}

func TestGoexitInABlockingCallExitsTheCaller(t *testing.T) {
	for _, b := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop(), sim.New(sim.Config{})} {
		for _, opts := range [][]anyio.BlockingOption{nil, {anyio.AbandonOnCancel()}} {
			over := make(chan int)
			go func() {
				borrowed := -1
				defer func() { over <- borrowed }()
				_ = anyio.Run(context.Background(), func(ctx context.Context) error {
					defer func() { borrowed = anyio.DefaultThreadLimiter(ctx).BorrowedTokens() }()
					_, _ = anyio.RunBlockingValue(ctx, func() (int, error) { runtime.Goexit(); return 0, nil }, opts...)
					t.Errorf("%s: RunBlocking returned", b.Name())
					return nil
				}, anyio.On(b))
				t.Errorf("%s: Run returned", b.Name())
			}()
			if n := <-over; n != 0 {
				t.Errorf("%s: %d tokens borrowed", b.Name(), n)
			}
		}
	}
}

func TestRunBlockingNeedsNoRunAndAFunction(t *testing.T) {
	v, err := anyio.RunBlockingValue(context.Background(), func() (string, error) { return "ok", nil })
	if v != "ok" || err != nil {
		t.Errorf("%q, %v", v, err)
	}
	testkit.WantPanicError(t, "ouch", func() { _, _ = anyio.RunBlockingValue(context.Background(), panicky) })
	mustMisuse(t, "RunBlocking", func() { _, _ = anyio.RunBlockingValue[int](context.Background(), nil) })
}

func TestBlockingCallIsOneStepOfASimulation(t *testing.T) {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var inside atomic.Bool
			for range 5 {
				tg.Go(func(ctx context.Context) error {
					_, err := anyio.RunBlockingValue(ctx, func() (int, error) {
						if inside.Swap(true) {
							t.Error("two blocking calls at once")
						}
						defer inside.Store(false)
						runtime.Gosched()
						return 0, nil
					}, anyio.AbandonOnCancel())
					return err
				})
			}
			return nil
		})
	}, anyio.On(sim.New(sim.Config{Seed: 5})))
	testkit.WantNil(t, "run", err)
}

func TestRunBlockingOnManyTasksLosesNoToken(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		limiter := anyio.NewCapacityLimiter(3)
		var inside, most, calls atomic.Int32
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i := range 30 {
				h := tg.Go(func(ctx context.Context) error {
					opts := []anyio.BlockingOption{anyio.Limiter(limiter)}
					if i%2 == 0 {
						opts = append(opts, anyio.AbandonOnCancel())
					}
					for range 20 {
						_, err := anyio.RunBlockingValue(ctx, func() (int, error) {
							n := inside.Add(1)
							for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
							}
							calls.Add(1)
							inside.Add(-1)
							return 0, nil
						}, opts...)
						if err != nil {
							return err
						}
					}
					return nil
				})
				if i%3 == 0 {
					if err := anyio.Sleep(ctx, time.Microsecond); err != nil {
						return err
					}
					h.Cancel("test")
				}
			}
			return nil
		})
		for limiter.BorrowedTokens() > 0 { // by calls that were abandoned
			runtime.Gosched()
		}
		if err != nil || most.Load() > 3 || calls.Load() < 20*20 {
			t.Errorf("%v: %d at once, %d calls", err, most.Load(), calls.Load())
		}
	})
}

func TestRunBlockingAllocatesNothingWhereItNeedsNoGoroutine(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes sync.Pool forget")
	}
	f := func() (int, error) { return 1, nil }
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		if n := testing.AllocsPerRun(1000, func() { _, _ = anyio.RunBlockingValue(ctx, f) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
		return nil
	})
	testkit.WantNil(t, "run", err)
}

func ExampleRunBlockingValue() {
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		sum, err := anyio.RunBlockingValue(ctx, func() (int, error) {
			n := 0
			for i := range 1000 { // long, or a call into a library that blocks
				n += i
			}
			return n, nil
		})
		fmt.Println(sum, err)
		return err
	}, anyio.On(anyio.EventLoop()))
	// Output: 499500 <nil>
}

func TestRunBlockingWithoutAValue(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		ran := false
		err := anyio.RunBlocking(ctx, func() error { ran = true; return testkit.ErrBoom })
		if !ran || err != testkit.ErrBoom {
			t.Errorf("%v, %v", ran, err)
		}
		testkit.StartsNothing(t, ctx, func(ctx context.Context) error {
			return anyio.RunBlocking(ctx, func() error { t.Error("begun"); return nil })
		})
		mustMisuse(t, "RunBlocking: the function is nil", func() { _ = anyio.RunBlocking(ctx, nil) })
	})
}
