package anyio_test

import (
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
)

// On the parallel backend a goroutine runs several tasks of a group, one after the other.
// These tests are about what that must not be noticed by.

// onProcessors calls f with so many processors.
func onProcessors(t *testing.T, counts []int, f func(t *testing.T)) {
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	for _, n := range counts {
		runtime.GOMAXPROCS(n)
		f(t)
	}
}

// runShort runs n tasks of a group on the parallel backend.
func runShort(t *testing.T, n int, f func(ctx context.Context, i int) error) {
	t.Helper()
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i := range n {
				tg.Go(func(ctx context.Context) error { return f(ctx, i) })
			}
			return nil
		})
	})
	testkit.WantNil(t, "run", err)
}

// A machine that is busy with something else may stop a goroutine in the middle of its
// tasks, and others begin those that are left: so it is few in one of ten runs at least.
func TestFewGoroutinesRunManyShortTasks(t *testing.T) {
	onProcessors(t, []int{1, 2}, func(t *testing.T) {
		const tasks = 10_000
		var n int64
		for range 10 {
			if n = goroutinesOf(t, tasks); race.Enabled || n <= tasks/4 {
				break
			}
		}
		switch {
		case race.Enabled && n != tasks:
			t.Errorf("%d goroutines for %d tasks, of which the race detector takes some to be in order", n, tasks)
		case !race.Enabled && n > tasks/4:
			t.Errorf("%d goroutines for %d tasks", n, tasks)
		}
	})
}

// goroutinesOf counts the goroutines that run so many short tasks.
func goroutinesOf(t *testing.T, tasks int) int64 {
	var ids sync.Map
	var distinct atomic.Int64
	runShort(t, tasks, func(context.Context, int) error {
		if _, known := ids.LoadOrStore(kernel.GoroutineID(), true); !known {
			distinct.Add(1)
		}
		return nil
	})
	return distinct.Load()
}

func TestNoTaskHoldsUpThoseThatHaveNotBegun(t *testing.T) {
	const tasks = 40
	blocks := map[string]func(all *sync.WaitGroup){
		"channel": func(all *sync.WaitGroup) {
			c := make(chan struct{})
			go func() { all.Wait(); close(c) }()
			<-c
		},
		"WaitGroup": func(all *sync.WaitGroup) { all.Wait() },
		"computing": func(all *sync.WaitGroup) {
			var done atomic.Bool
			go func() { all.Wait(); done.Store(true) }()
			for n := 0; !done.Load(); n++ { // no call that gives way
			}
		},
	}
	for name, block := range blocks {
		t.Run(name, func(t *testing.T) {
			tasks := tasks
			if name == "computing" {
				tasks = 4 // each has its slice of the processor first
			}
			onProcessors(t, []int{1, 2, 8}, func(t *testing.T) {
				var all sync.WaitGroup
				all.Add(tasks)
				runShort(t, tasks, func(context.Context, int) error {
					all.Done()
					block(&all)
					return nil
				})
			})
		})
	}
}

// Tasks that end in whatever way leave none behind that has not begun.
func TestEveryTaskBeginsHoweverOthersEnd(t *testing.T) {
	const tasks = 200
	ends := map[string]func(ctx context.Context, i int) error{
		"error": func(context.Context, int) error { return testkit.ErrBoom },
		"panic": func(context.Context, int) error { panic("ouch") },
		"Goexit": func(context.Context, int) error {
			runtime.Goexit()
			return nil
		},
		"waiting": func(ctx context.Context, i int) error { return anyio.Sleep(ctx, time.Duration(i%3)) },
		"giving way": func(context.Context, int) error {
			runtime.Gosched()
			return nil
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			onProcessors(t, []int{1, 2, 8}, func(t *testing.T) {
				var begun atomic.Int64
				testkit.Exited(func(*testing.T) {
					_ = testkit.Recovered(func() {
						_ = anyio.Run(context.Background(), func(ctx context.Context) error {
							return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
								for i := range tasks {
									tg.Go(func(ctx context.Context) error {
										if begun.Add(1)%3 == 0 {
											return end(ctx, i)
										}
										return nil
									})
								}
								return nil
							})
						}, anyio.OnPanic(testkit.Quiet))
					})
				})
				if n := begun.Load(); n != tasks {
					t.Errorf("%d tasks have begun, want %d", n, tasks)
				}
			})
		})
	}
}

// Tasks are started from many goroutines at once, and by tasks of the group.
func TestTasksAreStartedFromEverywhereAtOnce(t *testing.T) {
	onProcessors(t, []int{1, 2, 8}, func(t *testing.T) {
		const starters, each, depth = 8, 100, 3
		var ran atomic.Int64
		err := anyio.Run(context.Background(), func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				var task func(left int) func(ctx context.Context) error
				task = func(left int) func(ctx context.Context) error {
					return func(ctx context.Context) error {
						if ran.Add(1); left > 0 {
							tg.Go(task(left - 1))
							tg.Go(task(left - 1))
						}
						return nil
					}
				}
				var wg sync.WaitGroup
				for range starters {
					wg.Go(func() {
						for range each {
							tg.Go(task(depth))
						}
					})
				}
				wg.Wait()
				return nil
			})
		})
		testkit.WantNil(t, "run", err)
		if n := ran.Load(); n != starters*each*(1<<(depth+1)-1) {
			t.Errorf("%d tasks ran, want %d", n, starters*each*(1<<(depth+1)-1))
		}
	})
}

// Who waits for one of many tasks goes on when others still have to begin.
func TestTasksThatHaveNotBegunDoNotHoldUpWhoWaits(t *testing.T) {
	onProcessors(t, []int{1}, func(t *testing.T) {
		const tasks = 20_000
		var ran, set atomic.Int64
		var e anyio.Event
		err := anyio.Run(context.Background(), func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					err := e.Wait(ctx)
					if n := ran.Load() - set.Load(); n > tasks/2 {
						t.Errorf("%d of %d tasks were run before one that was ready", n, tasks)
					}
					return err
				})
				testkit.Settled(t, ctx)
				for range tasks {
					tg.Go(func(ctx context.Context) error {
						if n := ran.Add(1); n == 10 {
							set.Store(n)
							e.Set()
						}
						return nil
					})
				}
				return nil
			})
		})
		testkit.WantNil(t, "run", err)
	})
}

// What a task sets for its goroutine does not reach the next.
func TestTaskBeginsOnACleanGoroutine(t *testing.T) {
	onProcessors(t, []int{1, 2}, func(t *testing.T) {
		runShort(t, 500, func(context.Context, int) error {
			if debug.SetPanicOnFault(true) {
				t.Error("a task begins with SetPanicOnFault")
			}
			return nil
		})
	})
}

// A lock that a task has left is not that of the next one on its goroutine.
func TestWhatATaskHeldIsNotTheNextOnes(t *testing.T) {
	onProcessors(t, []int{1, 2}, func(t *testing.T) {
		var mu [50]anyio.Lock
		var broken atomic.Int64
		_ = anyio.Run(context.Background(), func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for i := range mu {
					first := tg.Go(func(ctx context.Context) error { return mu[i].TryAcquire() })
					tg.Go(func(context.Context) error {
						if first.Status() <= anyio.Canceling {
							return nil
						}
						if err := mu[i].TryAcquire(); errors.Is(err, anyio.ErrBroken) {
							broken.Add(1)
						} else {
							t.Errorf("the lock of a task that has ended: %v", err)
						}
						return nil
					})
				}
				return nil
			})
		})
		if broken.Load() == 0 {
			t.Error("no task came after another one")
		}
	})
}

// A task that has ended does not run, though its goroutine does.
func TestEndedTaskIsNotTakenForTheOneAfterIt(t *testing.T) {
	onProcessors(t, []int{1, 2}, func(t *testing.T) {
		var mu sync.Mutex
		var before context.Context
		runShort(t, 500, func(ctx context.Context, _ int) error {
			mu.Lock()
			over := before
			before = ctx
			mu.Unlock()
			if over == nil {
				return nil
			}
			if info, ok := anyio.CurrentTask(over); ok && info.Finished() && info.State == anyio.TaskRunning {
				t.Error("a task that has ended is said to run")
			}
			if info, ok := anyio.CurrentTask(ctx); !ok || info.State != anyio.TaskRunning {
				t.Errorf("a task that runs is told as %v", info.State)
			}
			return nil
		})
	})
}
