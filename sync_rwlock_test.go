package anyio_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
)

const (
	rwHeldAlready = "attempted to acquire an RWLock that this task holds already"
	rwNotHolding  = "the current task is not holding this RWLock in that way"
)

// An rwQueue lets tasks wait for an RWLock one after the other, and tells in which
// order and with how many others they got it.
type rwQueue struct {
	t     *testing.T
	tg    *anyio.TaskGroup
	lock  anyio.RWLock
	turns anyio.Lock
	log   []string // guarded by turns
	leave map[string]*anyio.Event
}

// come starts a task that reads, or writes if its name begins with w, until it is told
// to leave, and waits until it waits or is inside.
func (q *rwQueue) come(ctx context.Context, name string) *anyio.TaskHandle {
	leave := &anyio.Event{}
	q.leave[name] = leave
	do := q.lock.DoRead
	if strings.HasPrefix(name, "w") {
		do = q.lock.Do
	}
	h := q.tg.Go(func(ctx context.Context) error {
		return do(ctx, func(ctx context.Context) error {
			must(q.t, q.turns.Do(ctx, func(context.Context) error { q.log = append(q.log, name); return nil }))
			return leave.Wait(ctx)
		})
	}, anyio.Name(name))
	testkit.Settled(q.t, ctx)
	return h
}

// after ends the names' visits and wants those that come in thereby.
func (q *rwQueue) after(ctx context.Context, names, want string) {
	q.t.Helper()
	for _, name := range strings.Fields(names) {
		q.leave[name].Set()
	}
	q.letIn(ctx, "after "+names, want)
}

// letIn wants those that came in since the last call.
func (q *rwQueue) letIn(ctx context.Context, when, want string) {
	q.t.Helper()
	testkit.Settled(q.t, ctx)
	must(q.t, q.turns.Do(ctx, func(context.Context) error {
		equal(q.t, "let in "+when, strings.Join(slices.Sorted(slices.Values(q.log)), " "), want)
		q.log = nil
		return nil
	}))
}

func withRWQueue(t *testing.T, body func(ctx context.Context, q *rwQueue)) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		q := &rwQueue{t: t, leave: map[string]*anyio.Event{}}
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			q.tg = tg
			body(ctx, q)
		})
		equal(t, "at the end", q.lock.Statistics(), anyio.RWLockStatistics{})
	})
}

func TestRWLockServesReadersTogetherAndInOrder(t *testing.T) {
	withRWQueue(t, func(ctx context.Context, q *rwQueue) {
		q.come(ctx, "r1")
		q.come(ctx, "r2")
		q.letIn(ctx, "first", "r1 r2")
		equal(t, "readers", q.lock.Statistics(), anyio.RWLockStatistics{Readers: 2})
		for _, name := range []string{"w1", "r3", "r4", "w2", "w3", "r5"} { // the readers behind a writer wait
			q.come(ctx, name)
		}
		equal(t, "queue", q.lock.Statistics(), anyio.RWLockStatistics{Readers: 2, TasksWaiting: 6})
		q.after(ctx, "r1", "")
		q.after(ctx, "r2", "w1")
		st := q.lock.Statistics()
		equal(t, "writer", st.Writer.Name, "w1")
		equal(t, "readers", st.Readers, 0)
		q.after(ctx, "w1", "r3 r4")
		q.after(ctx, "r3 r4", "w2")
		q.after(ctx, "w2", "w3")
		q.after(ctx, "w3", "r5")
		q.after(ctx, "r5", "")
	})
}

// A writer that gives up no longer holds up the readers behind it.
func TestRWLockCanceledWriterLetsReadersIn(t *testing.T) {
	withRWQueue(t, func(ctx context.Context, q *rwQueue) {
		q.come(ctx, "r1")
		w1 := q.come(ctx, "w1")
		q.come(ctx, "r2")
		w2 := q.come(ctx, "w2")
		q.come(ctx, "r3")
		q.letIn(ctx, "first", "r1")
		w2.Cancel("")
		q.letIn(ctx, "by the second writer", "")
		w1.Cancel("")
		q.letIn(ctx, "by the first", "r2 r3")
		q.after(ctx, "r1 r2 r3", "")
	})
}

func TestRWLockNobodyBargesIn(t *testing.T) {
	withRWQueue(t, func(ctx context.Context, q *rwQueue) {
		q.come(ctx, "r1")
		must(t, q.lock.TryAcquireRead())
		q.lock.ReleaseRead()
		testkit.WantErr(t, q.lock.TryAcquire(), anyio.ErrWouldBlock)
		q.come(ctx, "w1")
		testkit.WantErr(t, q.lock.TryAcquireRead(), anyio.ErrWouldBlock)
		q.leave["r1"].Set()
		testkit.Settled(t, ctx)
		testkit.WantErr(t, q.lock.TryAcquireRead(), anyio.ErrWouldBlock)
		testkit.WantErr(t, q.lock.TryAcquire(), anyio.ErrWouldBlock)
		q.leave["w1"].Set()
		testkit.Settled(t, ctx)
		must(t, q.lock.TryAcquire())
		q.lock.Release()
	})
}

func TestRWLockIsNotReentrantAndKnowsItsOwners(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var lock anyio.RWLock
		wantPanic(t, rwNotHolding, lock.Release)
		wantPanic(t, rwNotHolding, lock.ReleaseRead)
		for _, c := range []struct {
			acquire        func(context.Context) error
			release, other func()
		}{{lock.Acquire, lock.Release, lock.ReleaseRead}, {lock.AcquireRead, lock.ReleaseRead, lock.Release}} {
			must(t, c.acquire(ctx))
			for _, again := range []error{lock.Acquire(ctx), lock.AcquireRead(ctx), lock.TryAcquire(), lock.TryAcquireRead()} {
				wantMisuseText(t, again, rwHeldAlready)
			}
			wantPanic(t, rwNotHolding, c.other)
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				tg.Go(func(context.Context) error {
					wantPanic(t, rwNotHolding, c.release)
					return nil
				})
				tg.Go(lock.Acquire) // also with somebody waiting
				testkit.Settled(t, ctx)
				wantMisuseText(t, lock.AcquireRead(ctx), rwHeldAlready)
				tg.Cancel("done")
			})
			c.release()
			wantPanic(t, rwNotHolding, c.release)
		}
	})
}

func TestRWLockInCanceledScope(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var lock anyio.RWLock
		inCanceledScope(t, ctx, func(ctx context.Context) {
			testkit.WantCanceled(t, "Acquire", lock.Acquire(ctx))
			testkit.WantCanceled(t, "AcquireRead", lock.AcquireRead(ctx))
			testkit.WantCanceled(t, "Do", lock.Do(ctx, nil))
			testkit.WantCanceled(t, "DoRead", lock.DoRead(ctx, nil))
			must(t, lock.TryAcquire())
			lock.Release()
		})
		for _, do := range []func(context.Context, func(context.Context) error) error{lock.Do, lock.DoRead} {
			testkit.WantErr(t, do(ctx, func(context.Context) error { return testkit.ErrBoom }), testkit.ErrBoom)
			func() {
				defer func() { equal(t, "panic", recover(), any("ouch")) }()
				_ = do(ctx, func(context.Context) error { panic("ouch") })
			}()
		}
		equal(t, "at the end", lock.Statistics(), anyio.RWLockStatistics{})
	})
}

func TestRWLockWithoutRunAndWithForeignContexts(t *testing.T) {
	var lock anyio.RWLock
	must(t, lock.Acquire(context.Background()))
	if w := lock.Statistics().Writer; !strings.HasPrefix(w.Name, "goroutine ") || w.ID != 0 {
		t.Errorf("writer is %v, want a goroutine", w)
	}
	ctx, cancel := context.WithCancel(context.Background())
	waits := make(chan error)
	for _, acquire := range []func(context.Context) error{lock.Acquire, lock.AcquireRead} {
		go func() { waits <- acquire(ctx) }()
	}
	for lock.Statistics().TasksWaiting < 2 {
		must(t, anyio.Sleep(context.Background(), 0))
	}
	cancel()
	testkit.WantErr(t, <-waits, context.Canceled)
	testkit.WantErr(t, <-waits, context.Canceled)
	lock.Release()
	equal(t, "at the end", lock.Statistics(), anyio.RWLockStatistics{})
}

// A reader that ends harms nobody: it is named, and the lock passes on.
func TestReaderThatEndsIsNamedAndTheLockPassesOn(t *testing.T) {
	here := regexp.MustCompile(`^anyio: task "forgetful" ended without releasing an RWLock that it was reading under, acquired at [^ ]*rwlock_test.go:\d+: release it in the same task, as DoRead does$`)
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var lock anyio.RWLock
		for _, acquire := range []func(context.Context) error{
			func(ctx context.Context) error { return lock.AcquireRead(ctx) },
			func(context.Context) error { return lock.TryAcquireRead() },
		} {
			var wrote bool
			group(t, ctx, func(ctx context.Context, waiters *anyio.TaskGroup) {
				var end anyio.Event
				err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error { return errors.Join(acquire(ctx), end.Wait(ctx)) }, anyio.Name("forgetful"))
					testkit.Settled(t, ctx)
					waiters.Go(func(ctx context.Context) error {
						return lock.Do(ctx, func(context.Context) error { wrote = true; return nil })
					})
					testkit.Settled(t, ctx)
					end.Set()
					return nil
				})
				m, _ := errors.AsType[*anyio.MisuseError](err)
				if m == nil || !here.MatchString(m.Error()) {
					t.Errorf("group: %v", err)
				}
			})
			equal(t, "the writer wrote", wrote, true)
			equal(t, "at the end", lock.Statistics(), anyio.RWLockStatistics{})
		}
	})
}

// More readers than there are places to look for them, which leave in another order.
func TestRWLockManyReaders(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		const n = 100
		var lock anyio.RWLock
		var leave [n]anyio.Event
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for i := range leave {
				tg.Go(func(ctx context.Context) error { return lock.DoRead(ctx, leave[i].Wait) })
			}
			testkit.Settled(t, ctx)
			equal(t, "readers", lock.Statistics().Readers, n)
			for i := range leave {
				leave[i*37%n].Set()
				testkit.Settled(t, ctx)
				equal(t, "readers", lock.Statistics().Readers, n-1-i)
			}
		})
	})
}

func TestRWLockGrantAgainstCancel(t *testing.T) {
	underChaos(t, func(t *testing.T, ctx context.Context, c *chaos) {
		var lock anyio.RWLock
		var readers, writers atomic.Int64
		c.run(t, ctx, func(ctx context.Context, i int, rng *rand.Rand) {
			for c.more() {
				acquire, release, mine, most := lock.AcquireRead, lock.ReleaseRead, &readers, int64(1<<20)
				if rng.IntN(3) == 0 {
					acquire, release, mine, most = lock.Acquire, lock.Release, &writers, 1
				}
				if !c.try(t, ctx, i, rng, acquire) {
					continue
				}
				if n := mine.Add(1); n > most || readers.Load() > 0 && writers.Load() > 0 {
					t.Errorf("%d readers and %d writers at once", readers.Load(), writers.Load())
				}
				dawdle(ctx, rng)
				mine.Add(-1)
				release()
			}
		})
		equal(t, "at the end", lock.Statistics(), anyio.RWLockStatistics{})
	})
}

func ExampleRWLock() {
	ctx := context.Background()
	var mu anyio.RWLock
	prices := map[string]int{"tea": 3}
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for range 3 { // at the same time
			tg.Go(func(ctx context.Context) error {
				return mu.DoRead(ctx, func(ctx context.Context) error {
					_ = prices["tea"]
					return nil
				})
			})
		}
		return nil
	})
	if err == nil {
		err = mu.Do(ctx, func(ctx context.Context) error {
			prices["tea"]++
			return nil
		})
	}
	fmt.Println(prices, err)
	// Output: map[tea:4] <nil>
}
