package anyio_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/portal"
	"github.com/anyio-go/anyio/stream"
)

// onLoops runs main on several event loops.
func onLoops(t *testing.T, n int, main func(ctx context.Context) error, opts ...anyio.RunOption) error {
	t.Helper()
	anyiotest.CheckLeaks(t)
	return anyio.Run(context.Background(), main, append(opts, anyio.On(anyio.EventLoops(n)))...)
}

// loopOf is the loop on which ctx runs.
func loopOf(ctx context.Context) int {
	info, _ := anyio.CurrentTask(ctx)
	return info.Loop
}

func TestTasksStayOnTheLoopThatTheyAreGiven(t *testing.T) {
	const loops = 3
	err := onLoops(t, loops, func(ctx context.Context) error {
		if n := anyio.Loops(ctx); n != loops || loopOf(ctx) != 0 {
			t.Errorf("%d loops, and main on %d", n, loopOf(ctx))
		}
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i := range 2 * loops {
				tg.Go(func(ctx context.Context) error {
					return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
						var inner anyio.TaskInfo
						_ = tg.Go(func(ctx context.Context) error { // on the loop of who has opened the group
							inner, _ = anyio.CurrentTask(ctx)
							return nil
						}).Wait(ctx)
						for range 3 {
							if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
								return err
							}
							if at := loopOf(ctx); at != i%loops || inner.Loop != at {
								t.Errorf("task %d is on loop %d, and what it has started on %d", i, at, inner.Loop)
							}
						}
						return nil
					})
				}, anyio.InLoop(i))
			}
			return nil
		})
	})
	testkit.WantNil(t, "run", err)
}

func TestInAnyLoopTakesThatWithTheFewestTasks(t *testing.T) {
	const loops, tasks = 4, 40
	err := onLoops(t, loops, func(ctx context.Context) error {
		var on [loops]atomic.Int32
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for range tasks / 2 {
				tg.Go(anyio.SleepForever, anyio.InLoop(3))
			}
			for range tasks {
				tg.Go(func(ctx context.Context) error {
					on[loopOf(ctx)].Add(1)
					return anyio.SleepForever(ctx)
				}, anyio.Name("any"), anyio.InAnyLoop())
			}
			err := anyio.WaitAllTasksBlocked(ctx)
			tg.Cancel("seen")
			return err
		})
		// 60 tasks on 4 loops are 15 each, which loop 3 has exceeded by itself.
		for i := range 3 {
			if n := on[i].Load(); n < 13 || n > 14 {
				t.Errorf("%d tasks on loop %d", n, i)
			}
		}
		return err
	})
	testkit.WantNil(t, "run", err)
}

func TestPlacesMeanNothingWithoutEventLoops(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		if n := anyio.Loops(ctx); n != 1 {
			t.Errorf("%d loops", n)
		}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for _, o := range []anyio.TaskOption{anyio.InLoop(0), anyio.InLoop(7), anyio.InAnyLoop()} {
				tg.Go(func(ctx context.Context) error {
					if at := loopOf(ctx); at != 0 {
						t.Errorf("on loop %d", at)
					}
					return nil
				}, o)
			}
			return nil
		})
		testkit.WantNil(t, "group", err)
	}, anyiotest.Only("parallel", "eventloop", "sim"))
	testkit.WantMisuse(t, "a negative loop", testkit.Recovered(func() { anyio.InLoop(-1) }))
}

// Each of the tasks waits for the others without giving way.
func TestLoopsRunAtTheSameTime(t *testing.T) {
	const loops = 3
	err := onLoops(t, loops, func(ctx context.Context) error {
		var there atomic.Int32
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i := range loops {
				tg.Go(func(ctx context.Context) error {
					there.Add(1)
					for there.Load() < loops {
					}
					return nil
				}, anyio.InLoop(i))
			}
			return nil
		})
	}, anyio.HoldLimit(anyio.Forever))
	testkit.WantNil(t, "run", err)
}

func TestLocksAndStreamsWorkBetweenLoops(t *testing.T) {
	const loops, tasks, rounds = 3, 12, 200
	err := onLoops(t, loops, func(ctx context.Context) error {
		var lock anyio.Lock
		held, sum := 0, 0 // of who has the lock
		send, recv := stream.Memory[int](1)
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				for n, err := range recv.All(ctx) {
					if err != nil {
						return err
					}
					sum += n
				}
				return nil
			}, anyio.InLoop(1))
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, senders *anyio.TaskGroup) error {
				for i := range tasks {
					s := send.Clone()
					senders.Go(func(ctx context.Context) error {
						defer s.Close(ctx)
						for range rounds {
							err := lock.Do(ctx, func(ctx context.Context) error {
								if held++; held != 1 {
									t.Errorf("%d tasks hold the lock", held)
								}
								err := lowlevel.Checkpoint(ctx)
								held--
								return err
							})
							if err == nil {
								err = s.Send(ctx, 1)
							}
							if err != nil {
								return err
							}
						}
						return nil
					}, anyio.InLoop(i))
				}
				return send.Close(ctx)
			})
		})
		if sum != tasks*rounds {
			t.Errorf("%d items have come", sum)
		}
		return err
	})
	testkit.WantNil(t, "run", err)
}

func TestWaitAllTasksBlockedSeesAllLoops(t *testing.T) {
	const loops = 4
	err := onLoops(t, loops, func(ctx context.Context) error {
		for range 20 {
			var blocked atomic.Int32
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				var all [loops]anyio.Event
				for i := range loops {
					tg.Go(func(ctx context.Context) error { // each is woken by the one before
						for range 10 {
							if err := lowlevel.Checkpoint(ctx); err != nil {
								return err
							}
						}
						if i > 0 {
							if err := all[i-1].Wait(ctx); err != nil {
								return err
							}
						}
						all[i].Set()
						blocked.Add(1)
						return anyio.SleepForever(ctx)
					}, anyio.InLoop(i))
				}
				if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
					return err
				}
				if n := blocked.Load(); n != loops {
					t.Errorf("only %d of %d tasks are blocked", n, loops)
				}
				tg.Cancel("seen")
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	testkit.WantNil(t, "run", err)
}

func TestCallsFromOneLoopToAnother(t *testing.T) {
	err := onLoops(t, 3, func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			p, err := anyio.Start(ctx, tg, func(ctx context.Context, started func(*portal.Portal)) error {
				return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
					started(p)
					return p.WaitStopped(ctx)
				})
			}, anyio.InLoop(2))
			if err != nil {
				return err
			}
			defer p.Stop()
			at := func(ctx context.Context) (int, error) { return loopOf(ctx), anyio.Sleep(ctx, 0) }
			if got, err := portal.Call(ctx, p, at); got != 2 || err != nil {
				t.Errorf("portal: loop %d, %v", got, err)
			}
			if got, err := portal.Call(ctx, p, at, anyio.InLoop(1)); got != 1 || err != nil {
				t.Errorf("portal, with a loop: %d, %v", got, err)
			}
			of := make(chan context.Context, 1)
			one := tg.Go(func(ctx context.Context) error { of <- ctx; return anyio.SleepForever(ctx) }, anyio.InLoop(1))
			there, err := anyio.RunBlockingValue(ctx, func() (context.Context, error) { return <-of, nil })
			if err != nil {
				return err
			}
			if got, err := anyio.RunIn(there, func(ctx context.Context) (int, error) {
				if err := anyio.Sleep(ctx, time.Microsecond); err != nil {
					return 0, err
				}
				return loopOf(ctx), nil
			}); got != 1 || err != nil {
				t.Errorf("RunIn: loop %d, %v", got, err)
			}
			one.Cancel("done")
			return nil
		})
	})
	testkit.WantNil(t, "run", err)
}

func TestAllLoopsAreOneRun(t *testing.T) {
	v := lowlevel.NewRunVar[string]("v")
	err := onLoops(t, 3, func(ctx context.Context) error {
		v.Set(ctx, "set")
		limiter := anyio.DefaultThreadLimiter(ctx)
		token, err := lowlevel.CurrentToken(ctx)
		if err != nil {
			return err
		}
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			_ = tg.Go(func(ctx context.Context) error {
				got, err := v.Get(ctx)
				if there, _ := lowlevel.CurrentToken(ctx); got != "set" || there != token || anyio.DefaultThreadLimiter(ctx) != limiter {
					t.Errorf("%q, another run: %t, another limiter: %t", got, there != token, anyio.DefaultThreadLimiter(ctx) != limiter)
				}
				// A scope on a context from elsewhere belongs to the run, too.
				ended := anyio.WithCancelScope(context.Background(), func(in context.Context, _ *anyio.CancelScope) error {
					if there, _ := lowlevel.CurrentToken(in); there != token {
						t.Error("a scope of another run")
					}
					return anyio.Sleep(in, 0)
				})
				return errors.Join(err, ended)
			}, anyio.InLoop(2)).Wait(ctx)
			for i := range 3 {
				tg.Go(anyio.SleepForever, anyio.InLoop(i), anyio.Name(fmt.Sprint("t", i)))
			}
			if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
				return err
			}
			var ids []uint64
			for i, task := range anyio.RunningTasks(ctx) {
				ids = append(ids, task.ID)
				if i > 0 && (task.ParentID != 1 || task.Name != fmt.Sprint("t", task.Loop) || task.State != anyio.TaskWaiting) {
					t.Errorf("%+v", task)
				}
			}
			if slices.Sort(ids); !slices.Equal(ids, []uint64{1, 3, 4, 5}) {
				t.Errorf("ids: %d", ids)
			}
			var tree strings.Builder
			err := anyio.PrintTasks(ctx, &tree)
			for i := range 3 {
				if !strings.Contains(tree.String(), fmt.Sprintf("─ t%d #%d waiting for Sleep", i, i+3)) || !strings.Contains(tree.String(), fmt.Sprint(", loop ", i)) {
					t.Errorf("task %d:\n%s", i, tree.String())
				}
			}
			tg.Cancel("seen")
			return err
		})
	})
	testkit.WantNil(t, "run", err)
}
