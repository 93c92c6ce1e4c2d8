// Package parallel is the backend that runs tasks on goroutines, on all cores.
// It needs no Run: it is what stands behind foreign contexts.
package parallel

import (
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/anyio-go/anyio/internal/bubble"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/realtime"
	"github.com/anyio-go/anyio/internal/realworld"
)

// Backend implements kernel.Backend.
type Backend struct {
	realtime.Clock
	realworld.World
	timers  timers
	bubbled bubbled
}

// New makes a backend. One serves any number of runs.
func New() *Backend {
	b := &Backend{}
	b.timers.init()
	return b
}

func (b *Backend) Name() string { return "parallel" }

// Main runs the root task right here.
func (b *Backend) Main(t *kernel.Task) error {
	t.RunFirst()
	return nil
}

// Start gives the task a goroutine of the group's crew. It gets one of its own in debug
// runs, which look what a task leaves behind, in a bubble of synctest, since the group may
// be one of goroutines outside, and under the race detector, for which the tasks of one
// goroutine are in order.
func (b *Backend) Start(t *kernel.Task) {
	if race.Enabled || t.Scope.Run().Debug || bubble.In() {
		go t.Entry()()
	} else {
		t.StartInTurn()
	}
}

// Current is nil: a task is told by its context.
func (b *Backend) Current() *kernel.Task { return nil }

// Move and Stepping are for loops.
func (b *Backend) Move(*kernel.Task, int64) {}
func (b *Backend) Stepping() int64          { return 0 }

// Park and Unpark are never called, as a waiter without a loop task parks its
// goroutine itself.
func (b *Backend) Park(*kernel.Task) { panic("anyio: internal error: Park on the parallel backend") }
func (b *Backend) Unpark(*kernel.Task) {
	panic("anyio: internal error: Unpark on the parallel backend")
}

// Yield gives up the processor if forced; the runtime preempts anyway.
func (b *Backend) Yield(forced bool) {
	if forced {
		runtime.Gosched()
	}
}

// InPlace is true for who is going to wait anyway.
func (b *Backend) InPlace(detach bool) bool { return !detach }

// Offload gives a job that its caller may leave a goroutine.
func (b *Backend) Offload(j kernel.Job) { go j.RunJob() }

func (b *Backend) Rand(n int) int { return rand.IntN(n) }

// WaitAllBlocked looks until two looks agree, less and less often.
func (b *Backend) WaitAllBlocked(p kernel.Place) error {
	r := p.Run()
	for pause := 2 * time.Microsecond; ; pause = min(2*pause, time.Millisecond) {
		if err := p.Check(); err != nil {
			return err
		}
		runtime.Gosched()
		if r.AllBlocked(p.Task()) {
			r.SawAllBlocked()
			return nil
		}
		// A wait, so that two who look at once see each other blocked.
		if err := p.Pause(pause); err != nil {
			return err
		}
	}
}
