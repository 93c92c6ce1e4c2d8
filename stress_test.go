package anyio_test

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
)

// storm is what many goroutines do at once to the scopes of one another. Nothing
// may get lost: every function left with AfterFunc is called or stopped, every
// Done channel is closed in the end, and every group ends when it is canceled.
type storm struct {
	begin   time.Time
	slots   [16]atomic.Pointer[stormScope]
	ops     atomic.Int64
	after   atomic.Int64 // functions left
	called  atomic.Int64 // or stopped
	mu      sync.Mutex
	dones   []<-chan struct{}
	started atomic.Int64 // tasks, in groups that may just end
	ran     atomic.Int64
}

type stormScope struct {
	ctx context.Context
	s   *anyio.CancelScope
	tg  *anyio.TaskGroup
	ev  *anyio.Event
}

// meddle does one random thing to somebody's scope.
func (st *storm) meddle(t *testing.T, r *rand.Rand, stranger bool) {
	x := st.slots[r.IntN(len(st.slots))].Load()
	if x == nil {
		return
	}
	st.ops.Add(1)
	switch r.IntN(16) {
	case 0:
		x.s.Cancel("storm")
	case 1:
		x.tg.Cancel("storm")
	case 2, 3:
		x.s.SetShield(r.IntN(2) == 0)
	case 4:
		x.tg.SetShield(r.IntN(2) == 0)
	case 5:
		x.s.SetDeadline(time.Now().Add(time.Duration(r.IntN(200)) * time.Microsecond))
	case 6:
		x.s.SetDeadline(time.Now().Add(time.Hour))
	case 7:
		x.s.SetDeadline(time.Time{})
	case 8, 9:
		st.after.Add(1)
		stop := x.ctx.(interface{ AfterFunc(func()) func() bool }).AfterFunc(func() { st.called.Add(1) })
		if r.IntN(2) == 0 && stop() {
			st.called.Add(1)
		}
	case 10:
		done := x.ctx.Done()
		if r.IntN(8) == 0 {
			st.mu.Lock()
			st.dones = append(st.dones, done)
			st.mu.Unlock()
		}
	case 11:
		ctx, cancel := context.WithCancel(x.ctx)
		_ = anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			_ = ctx.Done()
			if r.IntN(2) == 0 {
				cancel()
			}
			return anyio.Sleep(ctx, 0)
		})
		cancel()
	case 12:
		x.ev.Set()
	case 13:
		// A goroutine that is no task waits in the scope of one. Two tasks would
		// wait for each other.
		if !stranger {
			return
		}
		if err := x.ev.Wait(x.ctx); err == nil && !x.ev.IsSet() {
			t.Error("a wait was granted that nobody granted")
		}
	case 14:
		if st.started.Load()-st.ran.Load() > 100 {
			return // a loop must not drown in the tasks of strangers
		}
		_ = testkit.Recovered(func() {
			x.tg.Go(func(ctx context.Context) error { st.ran.Add(1); return x.ev.Wait(ctx) })
			st.started.Add(1)
		})
	case 15:
		canceled := x.tg.CancelCalled() // for good
		switch d, ok := anyio.EffectiveDeadline(x.ctx); {
		case canceled && !(ok && d.IsZero()):
			t.Errorf("the effective deadline of a canceled group is %v, %t", d, ok)
		case !d.IsZero() && (!ok || d.Before(st.begin) || d.After(time.Now().Add(time.Hour))):
			t.Errorf("the effective deadline is %v, %t, which nobody has set", d, ok)
		}
	}
}

// grow opens scopes and groups, shows them to the others, and lets them end.
func (st *storm) grow(ctx context.Context, t *testing.T, r *rand.Rand) error {
	slot := &st.slots[r.IntN(len(st.slots))]
	return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			x := &stormScope{ctx, s, tg, &anyio.Event{}}
			slot.Store(x)
			for range r.IntN(4) {
				seed := r.Uint64()
				tg.Go(func(ctx context.Context) error {
					r := rand.New(rand.NewPCG(seed, 1))
					st.ops.Add(1)
					_, err := anyio.MoveOnAfter(ctx, time.Duration(r.IntN(300))*time.Microsecond, func(ctx context.Context) error {
						if r.IntN(2) == 0 {
							return anyio.Sleep(ctx, time.Duration(r.IntN(300))*time.Microsecond)
						}
						err := x.ev.Wait(ctx)
						if err == nil && !x.ev.IsSet() {
							t.Error("a wait was granted that nobody granted")
						}
						return err
					})
					return err
				})
			}
			for range r.IntN(20) {
				st.meddle(t, r, false)
			}
			_ = anyio.Sleep(ctx, time.Duration(r.IntN(100))*time.Microsecond)
			x.ev.Set()
			tg.Cancel("over")
			return nil
		})
	})
}

func stressOps() int64 {
	switch {
	case testing.Short():
		return 20_000
	case race.Enabled:
		return 100_000
	}
	return 1_000_000
}

func TestStormLosesNothingOnParallel(t *testing.T) { testStorm(t, anyio.Parallel(), stressOps()) }

// On the event loop the meddlers are strangers.
func TestStormLosesNothingOnTheEventLoop(t *testing.T) {
	testStorm(t, anyio.EventLoop(), stressOps()/5)
}

func testStorm(t *testing.T, b anyio.Backend, ops int64) {
	before := runtime.NumGoroutine()
	st := &storm{begin: time.Now()}
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		stop := make(chan struct{})
		var strangers sync.WaitGroup
		for i := range 4 {
			strangers.Go(func() {
				r := rand.New(rand.NewPCG(uint64(i), 2))
				for {
					select {
					case <-stop:
						return
					default:
						st.meddle(t, r, true)
					}
				}
			})
		}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i := range 8 {
				tg.Go(func(ctx context.Context) error {
					r := rand.New(rand.NewPCG(uint64(i), 3))
					for st.ops.Load() < ops {
						if err := st.grow(ctx, t, r); err != nil {
							return err
						}
					}
					return nil
				})
			}
			return nil
		})
		close(stop)
		strangers.Wait()
		if tasks := kernel.Locate(ctx).Run().Tasks(); len(tasks) != 1 {
			t.Errorf("%d tasks are left beside main: %v", len(tasks)-1, tasks)
		}
		return err
	}, anyio.On(b))
	testkit.WantNil(t, "run", err)
	// In a canceled scope the function runs on a goroutine of its own, soon.
	soon(func() bool { return st.after.Load() == st.called.Load() })
	if a, c := st.after.Load(), st.called.Load(); a != c {
		t.Errorf("%d functions were left with AfterFunc, %d were called or stopped", a, c)
	}
	if a, b := st.started.Load(), st.ran.Load(); a != b {
		t.Errorf("%d tasks were started, %d ran", a, b)
	}
	for _, done := range st.dones {
		select {
		case <-done:
		default:
			t.Fatal("Done of a scope that was left is open")
		}
	}
	if after := idleGoroutines(before); after > before {
		t.Errorf("%d goroutines before, %d after", before, after)
	}
	t.Logf("%d operations, %d functions, %d channels", st.ops.Load(), st.after.Load(), len(st.dones))
}
