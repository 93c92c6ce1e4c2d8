//go:build !race

package loop

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/anyio-go/anyio/internal/goid"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A lendClock is a clock that can be lent, and counts what that is to spare.
type lendClock struct {
	workClock
	mu    sync.Mutex // guards what follows
	idle  bool
	lent  bool
	woken bool
	waits int // how often Idle was called
	wakes int
	end   chan struct{} // of Idle
}

func newLendClock() *lendClock { return &lendClock{end: make(chan struct{}, 1)} }

func (c *lendClock) Idle(int64, bool) error {
	c.mu.Lock()
	c.waits++
	woken := c.woken
	c.idle, c.woken = !woken, false
	c.mu.Unlock()
	if !woken {
		<-c.end
	}
	return nil
}

func (c *lendClock) leave() {
	c.idle = false
	c.end <- struct{}{}
}

func (c *lendClock) Wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wakes++
	if c.woken = !c.idle || c.lent; !c.woken {
		c.leave()
	}
}

func (c *lendClock) Borrow() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.idle && !c.lent && !c.woken {
		c.lent = true
		return true
	}
	return false
}

func (c *lendClock) Return() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.woken {
		return false
	}
	c.lent = false
	return true
}

func (c *lendClock) Heed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.woken = false
	return true
}

func (c *lendClock) HandOver() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lent, c.woken = false, false
	c.leave()
}

func (c *lendClock) waiting() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.idle && !c.lent
}

// A slowJob ends when its loop waits, and lets w go on.
type slowJob struct {
	c   *lendClock
	w   *kernel.Waiter
	did func()
}

func (j *slowJob) RunJob()   { panic("not reached") }
func (j *slowJob) Own() bool { return true }
func (j *slowJob) RunWaking() *kernel.Waiter {
	for !j.c.waiting() {
		runtime.Gosched()
	}
	j.did()
	j.w.Wake()
	return j.w
}

var opTest = kernel.RegisterOp("test")

// offload lets the current task wait for a job.
func offload(l *Loop, c *lendClock, did func()) {
	p := kernel.Place{S: &l.Current().Scope}
	w := kernel.GetWaiter()
	w.Prepare(p, opTest)
	l.Offload(&slowJob{c, w, did})
	_ = w.Wait(p)
	kernel.PutWaiter(w)
}

// A task that calls again and again stays on one worker, with the loop, and nobody is
// woken.
func TestLoopIsLentToTheWorkerThatGoesOn(t *testing.T) {
	const calls = 20
	c, on := newLendClock(), map[int64]int{}
	cfg := kernel.Config{HoldLimit: time.Hour, OnHog: func(kernel.Hog) {}}
	runConfigured(t, Params{Budget: 128, Stride: 16, Clock: c}, cfg, func(l *Loop, _ *workClock) {
		for range calls {
			offload(l, c, func() {
				on[goid.Get()]++
				if l.watch.state.Load()&1 != 0 {
					t.Error("the watchdog sees a loop run that waits")
				}
			})
			if l.watch.state.Load()&1 == 0 {
				t.Error("the watchdog sees a loop wait that runs")
			}
		}
	})
	if len(on) != 1 || c.waits != 1 || c.wakes != 0 {
		t.Errorf("%d workers, %d waits of the loop, %d wakes; calls by worker: %v", len(on), c.waits, c.wakes, on)
	}
}

// Who wakes a loop that was lent wakes the borrower.
func TestLoopThatIsLentHeedsWakes(t *testing.T) {
	c := newLendClock()
	var other *kernel.Task
	rounds := 0
	runConfigured(t, Params{Budget: 128, Stride: 16, Clock: c}, kernel.Config{}, func(l *Loop, _ *workClock) {
		other = l.Current()
		for range 5 {
			l.Park(other)
			rounds++
		}
	}, func(l *Loop, _ *workClock) {
		for i := range 5 {
			offload(l, c, func() {})
			if !l.lent {
				t.Errorf("round %d: the loop is not lent", i)
			}
			apart(func() { l.Unpark(other) })
		}
	})
	if rounds != 5 || c.waits != 1 || c.wakes != 5 {
		t.Errorf("%d rounds, %d waits of the loop, %d wakes", rounds, c.waits, c.wakes)
	}
}
