package anyio_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
)

const (
	alreadyHeld = "attempted to acquire an already held Lock"
	notHolding  = "the current task is not holding this lock"
)

func TestLockExcludes(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var lock anyio.Lock
		inside, most, n := 0, 0, 0
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for range 10 {
				tg.Go(func(ctx context.Context) error {
					for range 20 {
						if err := lock.Acquire(ctx); err != nil {
							return err
						}
						inside++
						most = max(most, inside)
						n++
						err := anyio.Sleep(ctx, 0)
						inside--
						lock.Release()
						if err != nil {
							return err
						}
					}
					return nil
				})
			}
		})
		equal(t, "tasks inside at once", most, 1)
		equal(t, "times inside", n, 200)
		equal(t, "locked", lock.Locked(), false)
	})
}

func TestLockServesInOrder(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var lock anyio.Lock
		var order []int
		must(t, lock.Acquire(ctx))
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for i := range 8 {
				tg.Go(func(ctx context.Context) error {
					return lock.Do(ctx, func(context.Context) error {
						order = append(order, i)
						return nil
					})
				})
				testkit.Settled(t, ctx)
			}
			lock.Release()
		})
		if !slices.IsSorted(order) || len(order) != 8 {
			t.Errorf("served in the order %v", order)
		}
	})
}

func TestLockTryAcquire(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var lock anyio.Lock
		must(t, lock.TryAcquire())
		equal(t, "locked", lock.Locked(), true)
		wantMisuseText(t, lock.TryAcquire(), alreadyHeld)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(context.Context) error {
				testkit.WantErr(t, lock.TryAcquire(), anyio.ErrWouldBlock)
				return nil
			})
		})
		lock.Release()
		equal(t, "locked", lock.Locked(), false)
	})
}

func TestLockAcquiredTwiceBySameTask(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var lock anyio.Lock
		must(t, lock.Acquire(ctx))
		wantMisuseText(t, lock.Acquire(ctx), alreadyHeld)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(lock.Acquire) // also with somebody waiting
			testkit.Settled(t, ctx)
			wantMisuseText(t, lock.Acquire(ctx), alreadyHeld)
			tg.Cancel("done")
		})
		lock.Release()
		equal(t, "locked", lock.Locked(), false)
	})
}

func TestLockReleasedByAnotherTask(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var lock anyio.Lock
		wantPanic(t, notHolding, lock.Release)
		must(t, lock.Acquire(ctx))
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(context.Context) error {
				wantPanic(t, notHolding, lock.Release)
				return nil
			})
		})
		equal(t, "locked", lock.Locked(), true)
		lock.Release()
		wantPanic(t, notHolding, lock.Release)
	})
}

// The first of those who wait is canceled, before or after the release.
func TestLockCanceledWhileWaiting(t *testing.T) {
	for _, releaseFirst := range []bool{false, true} {
		name := map[bool]string{false: "cancel then release", true: "release then cancel"}[releaseFirst]
		t.Run(name, func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				var lock anyio.Lock
				var err error
				must(t, lock.Acquire(ctx))
				group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
					h := tg.Go(func(ctx context.Context) error {
						if err = lock.Acquire(ctx); err == nil {
							lock.Release()
						}
						return err
					})
					testkit.Settled(t, ctx)
					if releaseFirst {
						lock.Release()
						h.Cancel("test")
					} else {
						h.Cancel("test")
						lock.Release()
					}
				})
				if releaseFirst {
					must(t, err) // the lock was handed over before
				} else {
					testkit.WantErr(t, err, anyio.ErrCanceled)
				}
				equal(t, "locked", lock.Locked(), false)
				equal(t, "waiting", lock.Statistics().TasksWaiting, 0)
				must(t, anyio.FailAfter(ctx, 3*time.Second, lock.Acquire))
				lock.Release()
			})
		})
	}
}

func TestLockSkipsCanceledWaiter(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var lock anyio.Lock
		var got []string
		must(t, lock.Acquire(ctx))
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			wait := func(name string) *anyio.TaskHandle {
				h := tg.Go(func(ctx context.Context) error {
					return lock.Do(ctx, func(context.Context) error {
						got = append(got, name)
						return nil
					})
				}, anyio.Name(name))
				testkit.Settled(t, ctx)
				return h
			}
			wait("a")
			b := wait("b")
			wait("c")
			b.Cancel("test")
			lock.Release()
		})
		equal(t, "served", strings.Join(got, ""), "ac")
	})
}

func TestLockOwnerIsNextRightAfterRelease(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var lock anyio.Lock
		var held, release anyio.Event
		must(t, lock.Acquire(ctx))
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for _, name := range []string{"second", "third"} {
				tg.Go(func(ctx context.Context) error {
					return lock.Do(ctx, func(ctx context.Context) error {
						held.Set()
						return release.Wait(ctx)
					})
				}, anyio.Name(name))
				testkit.Settled(t, ctx)
			}
			equal(t, "waiting", lock.Statistics().TasksWaiting, 2)
			lock.Release()
			st := lock.Statistics()
			equal(t, "owner", st.Owner.Name, "second")
			equal(t, "waiting", st.TasksWaiting, 1)
			// Nobody barges in, before or after the new owner has run.
			testkit.WantErr(t, lock.TryAcquire(), anyio.ErrWouldBlock)
			wantPanic(t, notHolding, lock.Release)
			must(t, held.Wait(ctx))
			testkit.WantErr(t, lock.TryAcquire(), anyio.ErrWouldBlock)
			release.Set()
		})
	})
}

func TestLockStatistics(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var lock anyio.Lock
		equal(t, "fresh", lock.Statistics(), anyio.LockStatistics{})
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			var release anyio.Event
			tg.Go(func(ctx context.Context) error { return lock.Do(ctx, release.Wait) }, anyio.Name("owner"))
			testkit.Settled(t, ctx)
			st := lock.Statistics()
			equal(t, "locked", st.Locked, true)
			equal(t, "owner", st.Owner.Name, "owner")
			equal(t, "owner waits for", st.Owner.WaitsFor, "Event.Wait")
			equal(t, "waiting", st.TasksWaiting, 0)
			for range 2 {
				tg.Go(func(ctx context.Context) error {
					return lock.Do(ctx, func(context.Context) error { return nil })
				})
			}
			testkit.Settled(t, ctx)
			equal(t, "waiting", lock.Statistics().TasksWaiting, 2)
			release.Set()
		})
		equal(t, "at the end", lock.Statistics(), anyio.LockStatistics{})
	})
}

func TestLockInCanceledScope(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var lock anyio.Lock
		inCanceledScope(t, ctx, func(ctx context.Context) {
			testkit.WantErr(t, lock.Acquire(ctx), anyio.ErrCanceled)
			equal(t, "locked", lock.Locked(), false)
			ran := false
			err := lock.Do(ctx, func(context.Context) error { ran = true; return nil })
			testkit.WantErr(t, err, anyio.ErrCanceled)
			equal(t, "ran", ran, false)
			must(t, lock.TryAcquire())
			lock.Release() // works without a checkpoint
		})
		equal(t, "locked", lock.Locked(), false)
	})
}

func TestLockDoReleases(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var lock anyio.Lock
		err := lock.Do(ctx, func(context.Context) error {
			equal(t, "locked", lock.Locked(), true)
			return testkit.ErrBoom
		})
		testkit.WantErr(t, err, testkit.ErrBoom)
		equal(t, "locked after an error", lock.Locked(), false)
		func() {
			defer func() { equal(t, "panic", recover(), any("ouch")) }()
			_ = lock.Do(ctx, func(context.Context) error { panic("ouch") })
		}()
		equal(t, "locked after a panic", lock.Locked(), false)
	})
}

// A lock passes between two tasks that each wait for the other's turn; upstream
// once left such a pair waiting forever.
func TestLockHandedBackAndForth(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var lock anyio.Lock
		turns := 0
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for range 2 {
				tg.Go(func(ctx context.Context) error {
					for range 50 {
						must(t, lock.Acquire(ctx))
						turns++
						lock.Release()
						_, err := anyio.MoveOnAfter(ctx, 0, lock.Acquire) // never gets it
						must(t, err)
					}
					return nil
				})
			}
		})
		equal(t, "turns", turns, 100)
		equal(t, "locked", lock.Locked(), false)
	})
}

func TestLockWithoutRunAndWithForeignContexts(t *testing.T) {
	var lock anyio.Lock
	must(t, lock.Acquire(context.Background()))
	if owner := lock.Statistics().Owner; !strings.HasPrefix(owner.Name, "goroutine ") || owner.ID != 0 || owner.Stack() != "" {
		t.Errorf("owner is %v, want a goroutine", owner)
	}
	ctx, cancel := context.WithCancel(context.Background())
	waits := make(chan error)
	go func() { waits <- lock.Acquire(ctx) }()
	for lock.Statistics().TasksWaiting == 0 {
		must(t, anyio.Sleep(context.Background(), 0))
	}
	cancel()
	testkit.WantErr(t, <-waits, context.Canceled)
	lock.Release()
	equal(t, "locked", lock.Locked(), false)
	testkit.WantErr(t, lock.Acquire(ctx), context.Canceled)
	equal(t, "locked", lock.Locked(), false)
}

// A lock made outside serves tasks and goroutines of all kinds at once.
func TestLockBetweenTasksAndGoroutines(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.SkipSim(t, ctx)
		var lock anyio.Lock
		n := 0
		var done [2]anyio.Event
		for i := range done {
			use := context.Background()
			if i == 1 {
				use = ctx // of the loop, by a goroutine that is no task
			}
			go func() {
				defer done[i].Set()
				for range 100 {
					must(t, lock.Do(use, func(context.Context) error { n++; return nil }))
				}
			}()
		}
		for range 100 {
			must(t, lock.Acquire(ctx))
			n++
			must(t, anyio.Sleep(ctx, 0))
			lock.Release()
		}
		for i := range done {
			must(t, done[i].Wait(ctx))
		}
		equal(t, "times inside", n, 300)
	})
}
