package cache_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cache"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

func TestCallersOfOneKeyShareACall(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, opts := range []cache.Options{{}, {MaxSize: -1}} {
			var l loader
			c := cache.New(l.load, opts)
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				var handles []*anyio.ValueHandle[outcome[string]]
				for range 100 {
					handles = append(handles, get(tg, c, "a"))
				}
				testkit.Settled(t, ctx)
				wantStatistics(t, ctx, c, cache.Statistics{Hits: 99, Misses: 1, Loading: 1})
				l.answer.Set()
				for _, h := range handles {
					if o, err := h.Await(ctx); o.value != "value of a" || o.err != nil || err != nil {
						t.Errorf("%v, %v", o, err)
					}
				}
			})
			wantCalls(t, l.calls, "a")
		}
	})
}

func TestKeysDoNotWaitForEachOther(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var answer anyio.Event
		c := cache.New(func(ctx context.Context, key string) (string, error) {
			if key == "slow" {
				return key, answer.Wait(ctx)
			}
			return key, nil
		}, cache.Options{})
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			slow := get(tg, c, "slow")
			testkit.Settled(t, ctx)
			wantValue(t, ctx, c, "fast", "fast")
			answer.Set()
			testkit.Must(t, slow.Wait(ctx))
		})
	})
}

// Also the caller who has begun the call may leave it.
func TestCanceledCallerLeavesTheCallToTheOthers(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, leaver := range []int{0, 1} {
			var l loader
			c := cache.New(l.load, cache.Options{})
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				callers := [2]*anyio.ValueHandle[outcome[string]]{}
				for i := range callers {
					callers[i] = get(tg, c, "a")
					testkit.Settled(t, ctx)
				}
				callers[leaver].Cancel("impatient")
				o, err := callers[leaver].Await(ctx)
				testkit.Must(t, err)
				testkit.WantCanceled(t, "who was canceled", o.err)
				if l.ended.IsSet() {
					t.Error("the call has ended with one of its callers")
				}
				l.answer.Set()
				if o, err := callers[1-leaver].Await(ctx); o.value != "value of a" || o.err != nil || err != nil {
					t.Errorf("who waits on: %v, %v", o, err)
				}
			})
			wantCalls(t, l.calls, "a")
			wantStatistics(t, ctx, c, cache.Statistics{Hits: 1, Misses: 1, Size: 1})
		}
	})
}

func TestCallThatAllHaveLeftIsCanceledAndWaitedFor(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var l loader
		c := cache.New(l.load, cache.Options{})
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			get(tg, c, "a")
			get(tg, c, "a")
			testkit.Settled(t, ctx)
			tg.Cancel("all leave")
		})
		if !l.ended.IsSet() {
			t.Error("the call outlives its callers")
		}
		l.answer.Set()
		wantValue(t, ctx, c, "a", "value of a")
		wantCalls(t, l.calls, "a", "a")
		wantStatistics(t, ctx, c, cache.Statistics{Hits: 1, Misses: 2, Size: 1})
	})
}

// At no time there are two calls for one key: who comes while a canceled one ends waits
// for that, and begins another.
func TestCallBeginsWhenTheCanceledOneHasEnded(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var cleaned anyio.Event
		calls, running := 0, 0
		c := cache.New(func(ctx context.Context, key string) (int, error) {
			calls++
			if running++; running > 1 {
				t.Error("two calls at once")
			}
			defer func() { running-- }()
			if calls > 1 {
				return calls, nil
			}
			err := anyio.SleepForever(ctx)
			testkit.Must(t, anyio.Shielded(ctx, anyio.Forever, cleaned.Wait))
			return 0, err
		}, cache.Options{})
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			impatient := get(tg, c, "a")
			testkit.Settled(t, ctx)
			impatient.Cancel("impatient")
			testkit.Settled(t, ctx)
			later := get(tg, c, "a")
			testkit.Settled(t, ctx)
			if calls != 1 {
				t.Errorf("%d calls", calls)
			}
			gone := get(tg, c, "a") // may be canceled while it waits for the end
			testkit.Settled(t, ctx)
			gone.Cancel("impatient, too")
			if o, err := gone.Await(ctx); o.err == nil || err != nil {
				t.Errorf("%v, %v", o, err)
			}
			cleaned.Set()
			if o, err := later.Await(ctx); o.value != 2 || o.err != nil || err != nil {
				t.Errorf("%v, %v", o, err)
			}
		})
	})
}

func TestValueOfACanceledCallIsKept(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		calls := 0
		c := cache.New(func(ctx context.Context, key string) (string, error) {
			calls++
			_ = anyio.SleepForever(ctx)
			return "nevertheless", nil
		}, cache.Options{})
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			h := get(tg, c, "a")
			testkit.Settled(t, ctx)
			h.Cancel("impatient")
			if o, err := h.Await(ctx); o.value != "nevertheless" || o.err != nil || err != nil {
				t.Errorf("%v, %v", o, err)
			}
		})
		wantValue(t, ctx, c, "a", "nevertheless")
		if calls != 1 {
			t.Errorf("%d calls", calls)
		}
	})
}

func TestErrorAndPanicReachAllWhoWait(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var answer anyio.Event
		c := cache.New(func(ctx context.Context, key string) (int, error) {
			if err := answer.Wait(ctx); err != nil {
				return 0, err
			}
			if key == "panic" {
				panic("ouch")
			}
			return 0, testkit.ErrBoom
		}, cache.Options{})
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			var failing []*anyio.ValueHandle[outcome[int]]
			for range 3 {
				failing = append(failing, get(tg, c, "error"))
				tg.Go(func(ctx context.Context) error {
					testkit.WantPanicError(t, "ouch", func() { _, _ = c.Get(ctx, "panic") })
					return nil
				})
			}
			testkit.Settled(t, ctx)
			answer.Set()
			for _, h := range failing {
				o, err := h.Await(ctx)
				testkit.WantErr(t, o.err, testkit.ErrBoom)
				testkit.WantNil(t, "Await", err)
			}
		})
		wantStatistics(t, ctx, c, cache.Statistics{Misses: 2, Hits: 4})
	}, anyiotest.RunOptions(anyio.OnPanic(testkit.Quiet)))
}

func TestGoexitOfTheFunctionEndsACallerToo(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		c := cache.New(func(context.Context, string) (int, error) { runtime.Goexit(); return 0, nil }, cache.Options{})
		returned := false
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = c.Get(t.Context(), "a")
			returned = true
		}()
		<-done
		if returned {
			t.Error("Get has returned")
		}
	}, anyiotest.Only("parallel"))
}

func TestCanceledGetsLeaveNothing(t *testing.T) {
	anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
		c := cache.New(func(ctx context.Context, key int) (int, error) {
			return key, anyio.Sleep(ctx, time.Second)
		}, cache.Options{MaxSize: 1})
		return anyiotest.Scenario{
			Body: func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					for i := range 4 {
						tg.Go(func(ctx context.Context) error {
							_, err := anyio.MoveOnAfter(ctx, time.Duration(i)*time.Second/2, func(ctx context.Context) error {
								v, err := c.Get(ctx, i/2)
								if err == nil && v != i/2 {
									err = fmt.Errorf("%d got %d", i, v)
								}
								return err
							})
							return err
						})
					}
					return nil
				})
			},
			Check: func(ctx context.Context, err error) error {
				if s := c.Statistics(ctx); s.Loading != 0 || s.Size > 1 {
					t.Errorf("%+v", s)
				}
				wantValue(t, ctx, c, 1, 1)
				return err
			},
		}
	})
}

// Tasks of all cores ask, leave and forget at the same time.
func TestManyAskAtOnce(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		c := cache.New(func(ctx context.Context, key int) (int, error) {
			if key%3 == 0 {
				return key, anyio.Sleep(ctx, time.Microsecond)
			}
			return key, nil
		}, cache.Options{MaxSize: 4})
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for i := range 20 {
				tg.Go(func(ctx context.Context) error {
					for n := range 50 {
						_, err := anyio.MoveOnAfter(ctx, time.Duration(n%4)*time.Microsecond, func(ctx context.Context) error {
							v, err := c.Get(ctx, (n+i)%7)
							if err == nil && v != (n+i)%7 {
								t.Errorf("%d, want %d", v, (n+i)%7)
							}
							return err
						})
						if err != nil {
							return err
						}
						if n%10 == 0 {
							c.Forget(ctx, i%7)
						}
					}
					return nil
				})
			}
		})
		if s := c.Statistics(ctx); s.Loading != 0 || s.Size > 4 {
			t.Errorf("%+v", s)
		}
	})
}

// A goroutine outside of a loop has its calls run on the loop, as those of tasks.
func TestGoroutinesOutsideShareTheCallsOfARun(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.SkipSim(t, ctx)
		var l loader
		backend := testkit.BackendOf(ctx)
		c := cache.New(func(ctx context.Context, key string) (string, error) {
			if b := testkit.BackendOf(ctx); b != backend {
				t.Errorf("the function runs on %s", b)
			}
			return l.load(ctx, key)
		}, cache.Options{})
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			var outside outcome[string]
			h := tg.Go(func(ctx context.Context) error {
				testkit.InGoroutine(t, ctx, func() { outside.value, outside.err = c.Get(ctx, "a") })
				return nil
			})
			testkit.Must(t, l.begun.Wait(ctx))
			inside := get(tg, c, "a")
			testkit.Settled(t, ctx)
			l.answer.Set()
			if o, err := inside.Await(ctx); o.value != "value of a" || o.err != nil || err != nil {
				t.Errorf("inside: %v, %v", o, err)
			}
			testkit.Must(t, h.Wait(ctx))
			if outside.value != "value of a" || outside.err != nil {
				t.Errorf("outside: %v", outside)
			}
			_, err := anyio.MoveOnAfter(ctx, 0, func(ctx context.Context) error {
				testkit.InGoroutine(t, context.WithoutCancel(ctx), func() { _, outside.err = c.Get(ctx, "b") })
				return nil
			})
			testkit.WantNil(t, "MoveOnAfter", err)
			testkit.WantCanceled(t, "outside, canceled", outside.err)
		})
		wantCalls(t, l.calls, "a")
	})
}

func TestCallThatNeverEndsIsADeadlock(t *testing.T) {
	err := anyio.Run(t.Context(), func(ctx context.Context) error {
		var never anyio.Event
		c := cache.New(func(ctx context.Context, key string) (int, error) { return 0, never.Wait(ctx) }, cache.Options{})
		_, err := anyio.Gather(ctx,
			func(ctx context.Context) (int, error) { return c.Get(ctx, "a") },
			func(ctx context.Context) (int, error) { return c.Get(ctx, "a") })
		return err
	}, anyio.On(sim.New(sim.Config{})))
	d, ok := errors.AsType[*sim.DeadlockError](err)
	if !ok || len(d.Tasks) != 4 {
		t.Fatalf("%+v", err)
	}
}
