package inspect_test

import (
	"context"
	"errors"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/inspect"
	"github.com/anyio-go/anyio/lowlevel"
)

// Whoever looks while tasks take and give back, on other threads, sees no deadlock.
func TestTasksThatGoOnAreNoDeadlock(t *testing.T) {
	rounds := 100
	if testing.Short() {
		rounds = 20
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var one, two anyio.Lock
		var rw anyio.RWLock
		limiter := anyio.NewCapacityLimiter(2)
		again := func(f func(ctx context.Context) error) func(ctx context.Context) error {
			return func(ctx context.Context) error {
				for {
					if err := f(ctx); err != nil {
						return err
					}
				}
			}
		}
		nest := func(outer, inner func(ctx context.Context, f func(ctx context.Context) error) error) func(ctx context.Context) error {
			return again(func(ctx context.Context) error {
				return outer(ctx, func(ctx context.Context) error { return inner(ctx, lowlevel.Checkpoint) })
			})
		}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for range 3 {
				tg.Go(nest(one.Do, two.Do))
				tg.Go(nest(rw.DoRead, one.Do))
				tg.Go(nest(rw.Do, two.Do))
				tg.Go(nest(limiter.Do, one.Do))
				tg.Go(again(func(ctx context.Context) error {
					return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
						return tg.Go(lowlevel.Checkpoint).Wait(ctx)
					})
				}))
			}
			for range rounds {
				s, err := anyio.RunBlockingValue(ctx, func() (*inspect.Snapshot, error) { return inspect.Take(), nil })
				if err != nil {
					return err
				}
				if me, _ := inspect.Of(ctx); len(s.Deadlocks) > 0 || s.Task(me) == nil {
					t.Fatalf("at %v:\n%s", me, s)
				}
			}
			tg.Cancel("seen enough")
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}, anyiotest.Seeds(1))
}

// Of those who wait for one of several it is enough that one goes on.
func TestLimiterOfWhichOneBorrowerGoesOn(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for goesOn, want := range map[bool]int{true: 0, false: 1} {
			limiter := anyio.NewCapacityLimiter(2)
			var lock anyio.Lock
			var first, locked, full, done anyio.Event
			nothing := func(context.Context) error { return nil }
			within(t, ctx, func(s *inspect.Snapshot) {
				if len(s.Deadlocks) != want {
					t.Errorf("goes on %v: got\n%s", goesOn, s)
				}
				wantLine(t, s, "wants", "CapacityLimiter held by first #", ", second #")
			}, map[string]func(ctx context.Context) error{
				"first": func(ctx context.Context) error {
					return limiter.Do(ctx, func(ctx context.Context) error {
						first.Set()
						if goesOn {
							return done.Wait(ctx)
						}
						if err := locked.Wait(ctx); err != nil {
							return err
						}
						return lock.Do(ctx, nothing)
					})
				},
				"second": func(ctx context.Context) error {
					if err := errors.Join(first.Wait(ctx), locked.Wait(ctx)); err != nil {
						return err
					}
					return limiter.Do(ctx, func(ctx context.Context) error {
						full.Set()
						return lock.Do(ctx, nothing)
					})
				},
				"wants": func(ctx context.Context) error {
					return lock.Do(ctx, func(ctx context.Context) error {
						locked.Set()
						if err := full.Wait(ctx); err != nil {
							return err
						}
						return limiter.Do(ctx, nothing)
					})
				},
			})
		}
	})
}

// Whom a task waits for is known of what has owners.
func TestWhoIsWaitedFor(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var rw, written anyio.RWLock
		var read, writes, stays anyio.Event
		var sleeper *anyio.TaskHandle
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			sleeper = tg.Go(stays.Wait, anyio.Name("sleeper"))
			within(t, ctx, func(s *inspect.Snapshot) {
				wantLine(t, s, "writer", "waiting for RWLock.Acquire at ", ", RWLock held by reader #", " since inspect/alive_test.go:")
				wantLine(t, s, "second writer", "waiting for RWLock.Acquire at ", ", RWLock held by first writer #", " since inspect/alive_test.go:")
				wantLine(t, s, "waiter", "waiting for TaskHandle.Wait at ", ", the end of sleeper #")
				wantLine(t, s, "starter", "waiting for Start: waiting for the task to end or to call started at ", ", the end of never ready #")
				wantLine(t, s, "never ready", "waiting for Event.Wait")
			}, map[string]func(ctx context.Context) error{
				"reader": func(ctx context.Context) error {
					return rw.DoRead(ctx, func(ctx context.Context) error {
						read.Set()
						return stays.Wait(ctx)
					})
				},
				"writer": func(ctx context.Context) error {
					if err := read.Wait(ctx); err != nil {
						return err
					}
					return rw.Do(ctx, func(context.Context) error { return nil })
				},
				"first writer": func(ctx context.Context) error {
					return written.Do(ctx, func(ctx context.Context) error {
						writes.Set()
						return stays.Wait(ctx)
					})
				},
				"second writer": func(ctx context.Context) error {
					if err := writes.Wait(ctx); err != nil {
						return err
					}
					return written.Do(ctx, nothing)
				},
				"waiter": func(ctx context.Context) error { return sleeper.Wait(ctx) },
				"starter": func(ctx context.Context) error {
					return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
						_, err := anyio.Start(ctx, tg, func(ctx context.Context, started func(int)) error { //anyiovet:ignore started the look is at who waits for it
							return stays.Wait(ctx)
						}, anyio.Name("never ready"))
						return err
					})
				},
			})
			stays.Set()
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}
