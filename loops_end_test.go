package anyio_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
)

// onEachLoop starts f as a task on each loop.
func onEachLoop(ctx context.Context, tg *anyio.TaskGroup, f func(ctx context.Context) error) {
	for i := range anyio.Loops(ctx) {
		tg.Go(f, anyio.Name("each"), anyio.InLoop(i))
	}
}

func TestErrorsOfOtherLoopsCancelTheGroup(t *testing.T) {
	const loops = 3
	for _, failing := range []int{0, 2} {
		var canceled atomic.Int32
		err := onLoops(t, loops, func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				onEachLoop(ctx, tg, func(ctx context.Context) error {
					err := anyio.SleepForever(ctx)
					if errors.Is(err, anyio.ErrCanceled) {
						canceled.Add(1)
					}
					return err
				})
				tg.Go(func(ctx context.Context) error {
					if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
						return err
					}
					return testkit.ErrBoom
				}, anyio.InLoop(failing))
				return nil
			})
		})
		group, ok := errors.AsType[*anyio.GroupError](err)
		if !ok || group.Len() != 1 || !errors.Is(err, testkit.ErrBoom) {
			t.Errorf("a failure on loop %d: %v", failing, err)
		}
		if n := canceled.Load(); n != loops {
			t.Errorf("a failure on loop %d: %d tasks were canceled", failing, n)
		}
	}
}

func TestCancellationsReachOtherLoops(t *testing.T) {
	const loops = 3
	for name, end := range map[string]func(ctx context.Context, cancel func(), tg *anyio.TaskGroup){
		"by the host":  func(_ context.Context, _ func(), tg *anyio.TaskGroup) { tg.Cancel("test") },
		"from outside": func(_ context.Context, cancel func(), _ *anyio.TaskGroup) { cancel() },
		"by a deadline": func(ctx context.Context, _ func(), tg *anyio.TaskGroup) {
			tg.SetDeadline(anyio.Now(ctx).Add(time.Millisecond))
		},
		"from other loops": func(ctx context.Context, _ func(), tg *anyio.TaskGroup) {
			onEachLoop(ctx, tg, func(context.Context) error { tg.Cancel("test"); return nil })
		},
	} {
		outer, cancel := context.WithCancel(context.Background())
		var canceled, shielded atomic.Int32
		err := onLoops(t, loops, func(ctx context.Context) error {
			return anyio.WithCancelScope(outer, func(ctx context.Context, _ *anyio.CancelScope) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					onEachLoop(ctx, tg, func(ctx context.Context) error {
						err := anyio.SleepForever(ctx)
						if errors.Is(err, anyio.ErrCanceled) && ctx.Err() != nil {
							canceled.Add(1)
						}
						return errors.Join(err, anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
							defer shielded.Add(1)
							return anyio.Sleep(ctx, time.Millisecond)
						}))
					})
					err := anyio.WaitAllTasksBlocked(ctx)
					end(ctx, cancel, tg)
					return err
				})
			})
		})
		if name == "from outside" {
			testkit.WantCanceled(t, name, err)
		} else {
			testkit.WantNil(t, name, err)
		}
		if c, s := canceled.Load(), shielded.Load(); c != loops || s != loops {
			t.Errorf("%s: %d tasks were canceled, %d shielded sleeps have ended", name, c, s)
		}
		cancel()
	}
}

func TestPanicsOfOtherLoopsAreTheGroups(t *testing.T) {
	for i := range 3 {
		var told atomic.Int32
		pe := testkit.WantPanicError(t, "boom", func() {
			_ = onLoops(t, 3, func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					onEachLoop(ctx, tg, anyio.SleepForever)
					tg.Go(func(context.Context) error { panic("boom") }, anyio.Name("panics"), anyio.InLoop(i))
					return nil
				})
			}, anyio.OnPanic(func(*anyio.PanicError) { told.Add(1) }))
		})
		if pe.Task != "panics" || told.Load() != 1 {
			t.Errorf("loop %d: task %q, told %d times", i, pe.Task, told.Load())
		}
	}
}

func TestGoexitOnAnotherLoopGoesOnInTheHost(t *testing.T) {
	for i := range 3 {
		returned := false
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = anyio.Run(context.Background(), func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(context.Context) error { runtime.Goexit(); return nil }, anyio.InLoop(i))
					return nil
				})
			}, anyio.On(anyio.EventLoops(3)))
			returned = true
		}()
		<-done
		if returned {
			t.Errorf("loop %d: Run has returned", i)
		}
	}
}

func TestGoexitLeavesTheLoopRunning(t *testing.T) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = anyio.Run(context.Background(), func(ctx context.Context) error {
			var after atomic.Int32
			defer func() {
				if n := after.Load(); n != 3 {
					t.Errorf("%d tasks have run after it", n)
				}
			}()
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, outer *anyio.TaskGroup) error {
				exited := outer.Go(func(ctx context.Context) error {
					return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
						tg.Go(func(context.Context) error { runtime.Goexit(); return nil })
						return nil
					})
				}, anyio.InLoop(1))
				if err := exited.Wait(ctx); err != nil && !errors.Is(err, anyio.ErrCanceled) {
					return err
				}
				return anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
					return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
						onEachLoop(ctx, tg, func(ctx context.Context) error {
							defer after.Add(1)
							return anyio.Sleep(ctx, time.Millisecond)
						})
						return nil
					})
				})
			})
		}, anyio.On(anyio.EventLoops(3)))
	}()
	<-ended
}

// What goroutines outside have started is canceled when the main task has ended, and waited
// for, on whatever loop.
func TestTasksOfOutsidersEndWithTheRun(t *testing.T) {
	const loops = 3
	var ended atomic.Int32
	begun, over := make(chan struct{}, loops), make(chan error, loops)
	err := onLoops(t, loops, func(ctx context.Context) error {
		for i := range loops {
			go func() {
				over <- anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						defer ended.Add(1)
						begun <- struct{}{}
						return anyio.SleepForever(ctx)
					}, anyio.InLoop(i))
					return nil
				})
			}()
		}
		return anyio.RunBlocking(ctx, func() error {
			for range loops {
				<-begun
			}
			return nil
		})
	})
	testkit.WantNil(t, "run", err)
	if n := ended.Load(); n != loops {
		t.Errorf("%d of %d tasks have ended before Run returned", n, loops)
	}
	for range loops {
		testkit.WantCanceled(t, "group", <-over)
	}
}

func TestLoopsAreRefusedInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		err := anyio.Run(t.Context(), func(context.Context) error { return nil }, anyio.On(anyio.EventLoops(2)))
		testkit.WantMisuse(t, "in a bubble", err)
	})
}

func TestNoRunInATaskOfAnyLoop(t *testing.T) {
	err := onLoops(t, 2, func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			onEachLoop(ctx, tg, func(ctx context.Context) error {
				testkit.WantErr(t, anyio.Run(ctx, anyio.SleepForever), anyio.ErrAlreadyRunning)
				return nil
			})
			return nil
		})
	})
	testkit.WantNil(t, "run", err)
}

// Tasks are started, canceled and waited for from all loops at once.
func TestStormOfTasksOnAllLoops(t *testing.T) {
	const loops, rounds = 4, 60
	var begun, ended atomic.Int64
	err := onLoops(t, loops, func(ctx context.Context) error {
		var spread func(ctx context.Context, depth int) error
		spread = func(ctx context.Context, depth int) error {
			begun.Add(1)
			defer ended.Add(1)
			if depth == 0 {
				return anyio.Sleep(ctx, time.Duration(begun.Load()%3)*time.Microsecond)
			}
			_, err := anyio.MoveOnAfter(ctx, time.Duration(begun.Load()%500)*time.Microsecond, func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					for i := range loops {
						tg.Go(func(ctx context.Context) error { return spread(ctx, depth-1) }, anyio.InLoop(loopOf(ctx)+i))
					}
					tg.Go(func(ctx context.Context) error { return spread(ctx, depth-1) }, anyio.InAnyLoop())
					return nil
				})
			})
			return err
		}
		for range rounds {
			if err := spread(ctx, 3); err != nil {
				return err
			}
		}
		return nil
	})
	testkit.WantNil(t, "run", err)
	if b, e := begun.Load(), ended.Load(); b != e || b < rounds {
		t.Errorf("%d tasks have begun, %d ended", b, e)
	}
}
