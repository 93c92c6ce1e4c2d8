package anyio_test

import (
	"context"
	"errors"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
)

// A holding is what must be given back before its task ends.
type holding struct {
	acquire, wait func(ctx context.Context) error // wait gives back what it got
	try           func() error
	release       func()
	reset         func()
}

// A lockLike is what a holding is made of.
type lockLike interface {
	Acquire(ctx context.Context) error
	TryAcquire() error
	Release()
	Reset()
}

// holdingOf is a holding with a way to wait; nil is Acquire.
func holdingOf(l lockLike, wait func(ctx context.Context) error) holding {
	if wait == nil {
		wait = thenRelease(l.Acquire, l.Release)
	}
	return holding{l.Acquire, wait, l.TryAcquire, l.Release, l.Reset}
}

var holdings = map[string]func() holding{
	"Lock":            func() holding { return holdingOf(&anyio.Lock{}, nil) },
	"Condition":       func() holding { return holdingOf(&anyio.Condition{}, nil) },
	"RWLock":          func() holding { return holdingOf(&anyio.RWLock{}, nil) },
	"CapacityLimiter": func() holding { return holdingOf(anyio.NewCapacityLimiter(1), nil) },
	"Lock in Do": func() holding {
		l := &anyio.Lock{}
		return holdingOf(l, func(ctx context.Context) error { return l.Do(ctx, doNothing) })
	},
	"RWLock, for readers": func() holding {
		l := &anyio.RWLock{}
		return holdingOf(l, func(ctx context.Context) error { return l.DoRead(ctx, doNothing) })
	},
	"RunBlocking": func() holding {
		l := anyio.NewCapacityLimiter(1)
		return holdingOf(l, func(ctx context.Context) error {
			_, err := anyio.RunBlockingValue(ctx, func() (int, error) { return 0, nil }, anyio.Limiter(l))
			return err
		})
	},
}

// thenRelease is acquire that gives back what it got.
func thenRelease(acquire func(context.Context) error, release func()) func(context.Context) error {
	return func(ctx context.Context) error {
		err := acquire(ctx)
		if err == nil {
			release()
		}
		return err
	}
}

func doNothing(context.Context) error { return nil }

var abandonedHere = regexp.MustCompile(`^anyio: task "forgetful" ended without releasing (a Lock|an RWLock that it was writing under|a token of a CapacityLimiter), acquired at [^ ]*/?abandoned_test.go:\d+: `)

// A task ends with what it holds: it is named in its group's error, and who waits and
// who comes is told, until Reset.
func TestTaskThatEndsWithWhatItHoldsIsNamed(t *testing.T) {
	for name, open := range holdings {
		for _, how := range []string{"Acquire", "through FailAfter", "TryAcquire", "foreign context", "after a wait", "with an error", "canceled"} {
			t.Run(name+"/"+how, func(t *testing.T) {
				anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
					h := open()
					var held, end anyio.Event
					var waited error
					group(t, ctx, func(ctx context.Context, waiters *anyio.TaskGroup) {
						err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
							if how == "after a wait" {
								must(t, h.acquire(ctx))
							}
							tg.Go(func(ctx context.Context) error {
								switch how {
								case "TryAcquire":
									must(t, h.try())
								case "through FailAfter":
									must(t, anyio.FailAfter(ctx, anyio.Forever, h.acquire))
								case "foreign context":
									must(t, h.acquire(context.Background()))
								default:
									must(t, h.acquire(ctx))
								}
								held.Set()
								err := end.Wait(ctx)
								if how == "with an error" {
									return testkit.ErrBoom
								}
								return err
							}, anyio.Name("forgetful"))
							if how == "after a wait" {
								testkit.Settled(t, ctx)
								h.release()
							}
							must(t, held.Wait(ctx))
							waiters.Go(func(ctx context.Context) error {
								waited = h.wait(ctx)
								return nil
							})
							testkit.Settled(t, ctx)
							if how == "canceled" {
								tg.Cancel("")
							}
							end.Set()
							return nil
						})
						ge, _ := errors.AsType[*anyio.GroupError](err)
						m, _ := errors.AsType[*anyio.MisuseError](err)
						if ge == nil || ge.Len() != 1 || m == nil || !abandonedHere.MatchString(m.Error()) || errors.Is(err, testkit.ErrBoom) != (how == "with an error") {
							t.Errorf("group: %v", err)
						}
					})
					for what, err := range map[string]error{"who waited": waited, "who comes": h.wait(ctx), "Acquire": h.acquire(ctx), "Try": h.try()} {
						m, _ := errors.AsType[*anyio.MisuseError](err)
						if !errors.Is(err, anyio.ErrBroken) || m == nil || !abandonedHere.MatchString(m.Error()) {
							t.Errorf("%s: %v", what, err)
						}
					}
					h.reset()
					for range 2 {
						must(t, h.acquire(ctx))
						h.release()
						h.reset() // of what is not broken: nothing
						must(t, h.wait(ctx))
					}
				})
			})
		}
	}
}

// Who shares a goroutine with one that has ended, as coroutines of a loop do, owns
// nothing of it; many come and go with a lock.
// What a task gives back does not hide what else it holds, in whatever order.
func TestOneOfSeveralThatATaskHoldsIsNamed(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for kept := range 3 {
			var locks [3]anyio.Lock
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					for i := range locks {
						must(t, locks[i].Acquire(ctx))
					}
					for i := range locks {
						if i != kept {
							locks[i].Release()
						}
					}
					return nil
				}, anyio.Name("forgetful"))
				return nil
			})
			m, _ := errors.AsType[*anyio.MisuseError](err)
			if m == nil || !abandonedHere.MatchString(m.Error()) {
				t.Errorf("lock %d is kept: %v", kept, err)
			}
			for i := range locks {
				if err := locks[i].Acquire(ctx); errors.Is(err, anyio.ErrBroken) != (i == kept) {
					t.Errorf("lock %d is kept: lock %d: %v", kept, i, err)
				} else if err == nil {
					locks[i].Release()
				}
			}
		}
	})
}

func TestOwnersAreTasksAndNotGoroutines(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for range 100 {
			var lock anyio.Lock
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				return tg.Go(lock.Acquire).Wait(ctx)
			})
			testkit.WantMisuse(t, "group", err)
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				tg.Go(func(ctx context.Context) error {
					err := lock.Acquire(ctx)
					if !errors.Is(err, anyio.ErrBroken) {
						t.Errorf("the next task: %v", err)
					}
					return nil
				})
			})
		}
	})
}

// The lock breaks while its conditions' waiters wait for it, or are canceled.
func TestConditionWhoseLockBreaks(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var cond anyio.Condition
		var errs [2]error
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, outer *anyio.TaskGroup) error {
			var h [2]*anyio.TaskHandle
			for i := range h {
				h[i] = outer.Go(func(ctx context.Context) error {
					_ = cond.Do(ctx, func(ctx context.Context) error {
						errs[i] = cond.Wait(ctx)
						return nil
					})
					return nil
				})
				testkit.Settled(t, ctx)
			}
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					must(t, cond.Acquire(ctx))
					cond.Notify(1)
					h[1].Cancel("not notified")
					testkit.Settled(t, ctx)
					return nil
				}, anyio.Name("forgetful"))
				return nil
			})
			testkit.WantMisuse(t, "group", err)
			return nil
		})
		must(t, err)
		testkit.WantErr(t, errs[0], anyio.ErrBroken)
		testkit.WantErr(t, errs[1], anyio.ErrBroken)
		testkit.WantCanceled(t, "the canceled one", errs[1])
		testkit.WantErr(t, cond.Wait(ctx), anyio.ErrBroken)
		cond.Reset()
		must(t, cond.Do(ctx, doNothing))
	})
}

func TestPanicAndMainTaskWithALock(t *testing.T) {
	testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
		var lock, other anyio.Lock
		err := run(func(ctx context.Context) error {
			pe := testkit.WantPanicError(t, "ouch", func() {
				_ = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						must(t, lock.Acquire(ctx))
						return explode(ctx)
					})
					return nil
				})
			})
			testkit.WantMisuse(t, "beside the panic", pe.Group)
			testkit.WantErr(t, lock.Acquire(ctx), anyio.ErrBroken)
			return other.TryAcquire()
		}, anyio.OnPanic(testkit.Quiet))
		testkit.WantMisuse(t, "run", err)
		testkit.WantErr(t, other.TryAcquire(), anyio.ErrBroken)

		if !testkit.Exited(func(*testing.T) {
			_ = run(func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						lock.Reset()
						must(t, lock.Acquire(ctx))
						runtime.Goexit()
						return nil
					})
					return nil
				})
			})
		}) {
			t.Error("no Goexit")
		}
		testkit.WantErr(t, lock.TryAcquire(), anyio.ErrBroken)
	})
}

// Tasks are canceled all the time while they wait for a lock, hold it, and wait for a
// condition of it. Nobody is charged with what it does not hold.
func TestHoldersAgainstCancels(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var cond anyio.Condition
		limiter := anyio.NewCapacityLimiter(2)
		var inside atomic.Int32
		for round := range 60 {
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for i := range 8 {
					h := tg.Go(func(ctx context.Context) error {
						return limiter.Do(ctx, func(ctx context.Context) error {
							return cond.Do(ctx, func(ctx context.Context) error {
								if inside.Add(1) != 1 {
									t.Error("two inside")
								}
								inside.Add(-1)
								if i%2 == 0 {
									_, err := anyio.MoveOnAfter(ctx, time.Duration(round), cond.Wait)
									return err
								}
								cond.NotifyAll()
								return anyio.Sleep(ctx, 0)
							})
						})
					})
					if (round+i)%3 == 0 {
						tg.Go(func(ctx context.Context) error {
							h.Cancel("")
							return anyio.Sleep(ctx, 0)
						})
					}
				}
				if round%4 == 0 {
					testkit.Settled(t, ctx)
					tg.Cancel("")
				}
				return nil
			})
			if err != nil || cond.Locked() || limiter.BorrowedTokens() != 0 {
				t.Fatalf("round %d: %v; locked %v, %d tokens", round, err, cond.Locked(), limiter.BorrowedTokens())
			}
		}
	})
}

// Goroutines that are no tasks hold for as long as they like, and a task that has
// ended does not take the blame.
func TestGoroutinesHoldWithoutTasks(t *testing.T) {
	var locks [200]anyio.Lock
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range locks {
			must(t, locks[i].TryAcquire())
		}
	}()
	<-done
	must(t, anyio.WithTaskGroup(context.Background(), func(ctx context.Context, tg *anyio.TaskGroup) error {
		for range 200 {
			tg.Go(func(context.Context) error { return nil })
		}
		return nil
	}))
	for i := range locks {
		testkit.WantErr(t, locks[i].TryAcquire(), anyio.ErrWouldBlock)
		if o := locks[i].Statistics().Owner; o == nil || !strings.HasPrefix(o.Name, "goroutine ") {
			t.Errorf("owner %v", o)
		}
	}
}

// What goroutines that were no tasks have left behind costs those that are nothing.
func TestGoroutinesThatHoldCostTasksNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	var locks [500]anyio.Lock
	for i := range locks {
		done := make(chan struct{})
		go func() {
			defer close(done)
			must(t, locks[i].TryAcquire())
		}()
		<-done
	}
	n := testing.AllocsPerRun(50, func() {
		must(t, anyio.WithTaskGroup(context.Background(), func(_ context.Context, tg *anyio.TaskGroup) error {
			for range 100 {
				tg.Go(func(context.Context) error { return nil })
			}
			return nil
		}))
	})
	if n > hundredTasks {
		t.Errorf("%v allocations for a group of 100 tasks, want %v", n, hundredTasks)
	}
	runtime.KeepAlive(&locks)
}
