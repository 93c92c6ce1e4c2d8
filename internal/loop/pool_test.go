//go:build !race

package loop

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A wakeup makes a task ready.
type wakeup struct {
	l *Loop
	t *kernel.Task
}

func (w wakeup) Fire() { w.l.Unpark(w.t) }

// sleep parks the current task.
func sleep(l *Loop, c *workClock, d time.Duration) {
	t := l.Current()
	timer := &kernel.Timer{When: c.now + int64(d)}
	timer.Value = wakeup{l, t}
	l.Arm(timer)
	l.Park(t)
}

// burst are n tasks that are all there at the same time, for d.
func burst(n int, d time.Duration) (fs []func(l *Loop, c *workClock)) {
	for range n {
		fs = append(fs, func(l *Loop, c *workClock) { sleep(l, c, d) })
	}
	return fs
}

func TestCoroutinesAreGivenBackAfterABurst(t *testing.T) {
	const n = 1000
	for name, later := range map[string]func(l *Loop, c *workClock){
		"idle": func(l *Loop, c *workClock) { sleep(l, c, time.Hour) },
		"some work": func(l *Loop, c *workClock) {
			for range 20 {
				sleep(l, c, 100*time.Millisecond)
			}
		},
		"busy": func(l *Loop, c *workClock) {
			for range 20_000 {
				c.work(100 * time.Microsecond)
				l.Yield(true)
			}
		},
	} {
		before := runtime.NumGoroutine()
		last := func(l *Loop, c *workClock) {
			sleep(l, c, 2*time.Millisecond)
			if l.pool.n < n {
				t.Errorf("%s: %d coroutines are idle after the burst", name, l.pool.n)
			}
			later(l, c)
			if l.pool.n > spareCoros {
				t.Errorf("%s: %d coroutines are still idle", name, l.pool.n)
			}
			if left := runtime.NumGoroutine() - before; left >= n/2 {
				t.Errorf("%s: %d goroutines are left", name, left)
			}
		}
		runLoop(t, Params{Budget: 128, Stride: 16, Trims: true}, append(burst(n, time.Millisecond), last)...)
	}
}

// Nothing but the wish to give coroutines back ends the wait of a loop that has no timers,
// and it does so as often as that needs.
func TestIdleLoopWithoutTimersGivesCoroutinesBack(t *testing.T) {
	const n = 100
	last := func(l *Loop, c *workClock) {
		sleep(l, c, 2*time.Millisecond)
		self, waits := l.Current(), 0
		c.idle = func(_ int64, ok bool) {
			if waits++; !ok || waits > 10 {
				l.Unpark(self)
			}
		}
		l.Park(self)
		if l.pool.n != spareCoros || waits > 3 {
			t.Errorf("%d coroutines are idle after %d waits", l.pool.n, waits)
		}
	}
	runLoop(t, Params{Budget: 128, Stride: 16, Trims: true}, append(burst(n, time.Millisecond), last)...)
}

func TestSteadyLoadKeepsItsCoroutines(t *testing.T) {
	const n = 100
	runLoop(t, Params{Budget: 128, Stride: 16, Trims: true}, func(l *Loop, c *workClock) {
		for range 50 {
			g := &kernel.Group{}
			g.Init(&l.Current().Scope, kernel.NoDeadline, false)
			g.Open(plainRunner{})
			for range n { // all are needed, for a moment
				task := &kernel.Task{}
				task.Prepare(func(context.Context) error { sleep(l, c, time.Millisecond); return nil }, 0, nil)
				g.Spawn(task)
			}
			g.Join()
			g.Leave()
			sleep(l, c, 100*time.Millisecond)
			if l.pool.n != n {
				t.Errorf("%d of %d coroutines are left between two rounds", l.pool.n, n)
			}
		}
	})
}
