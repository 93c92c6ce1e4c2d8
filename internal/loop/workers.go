package loop

import (
	"sync"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
)

// workers are the goroutines that run blocking calls for a loop. One that has
// nothing to do is kept for the next call, because a goroutine whose stack has
// grown and whose thread is awake costs less than a new one. The one that became
// idle last is taken first, so that the others grow old and end.
type workers struct {
	mu     sync.Mutex // guards what follows
	idle   []worker   // the last one became idle last
	low    int        // least number of idle workers since the last sweep
	sweep  *time.Timer
	closed bool
}

// A worker is a goroutine that waits for work. It is closed to end it.
type worker chan work

// A work is what a worker is to do: to run a job, or, in a loop that was borrowed, to wake
// a task and see what it does.
type work struct {
	job  kernel.WakingJob
	wake *kernel.Waiter
}

// sweepEvery is how often workers are ended that were idle all the time.
const sweepEvery = 10 * time.Second

// Offload starts a job on another goroutine.
func (l *Loop) Offload(j kernel.Job) {
	wj, ok := j.(kernel.WakingJob)
	switch {
	case !ok || race.Enabled: // one call after another on a worker would hide races
		go j.RunJob()
	case !l.keep(wj):
		l.assign(work{job: wj})
	}
}

// assign gives work to a worker. It never waits. What ends a worker is not for one that
// others could use.
func (l *Loop) assign(next work) {
	if next.job == nil || next.job.Own() {
		if w := l.workers.take(); w != nil {
			w <- next
			return
		}
	}
	go l.serve(next)
}

// take takes the last worker that became idle, nil if there is none.
func (ws *workers) take() (w worker) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if n := len(ws.idle) - 1; n >= 0 {
		w, ws.idle[n] = ws.idle[n], nil
		ws.idle = ws.idle[:n]
		ws.low = min(ws.low, n)
	}
	return w
}

// serve is the life of a worker. A job that exits its goroutine takes it with it.
func (l *Loop) serve(next work) {
	var self worker
	for {
		j, ok := l.do(next)
		if !ok {
			return
		}
		if next = (work{job: j}); j != nil {
			continue
		}
		if self == nil {
			self = make(worker, 1)
		}
		if !l.workers.rest(self) {
			return
		}
		if next, ok = <-self; !ok {
			return
		}
	}
}

// do does a work and what follows of it. It returns the job that the worker is to run
// next, nil if there is none; ok is false if it is to end, as the job may have left the
// goroutine locked to a thread, whose state may be anything then.
func (l *Loop) do(next work) (j kernel.WakingJob, ok bool) {
	wake := next.wake
	if wake == nil {
		own := next.job.Own() // afterwards it is its caller's
		switch wake = next.job.RunWaking(); {
		case wake == nil:
			return nil, own
		case !wake.IsTaskOf(l.run) || !l.borrow():
			wake.Unpark()
			return nil, own
		case !own:
			l.assign(work{wake: wake})
			return nil, false
		}
	}
	l.takeOver()
	wake.Unpark()
	return l.driveLent(), true
}

// rest makes w idle; false if it is to end.
func (ws *workers) rest(w worker) bool {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.closed {
		return false
	}
	ws.idle = append(ws.idle, w)
	if ws.sweep == nil {
		ws.low = 0
		ws.sweep = time.AfterFunc(sweepEvery, ws.prune)
	}
	return true
}

// prune ends the workers that had nothing to do since the last time.
func (ws *workers) prune() {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.closed {
		return
	}
	old := ws.idle[:ws.low]
	for _, w := range old {
		close(w)
	}
	ws.idle = append([]worker(nil), ws.idle[ws.low:]...)
	if ws.low = len(ws.idle); ws.low > 0 {
		ws.sweep.Reset(sweepEvery)
	} else {
		ws.sweep = nil
	}
}

// close ends the idle workers now and the others after their jobs.
func (ws *workers) close() {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.closed = true
	if ws.sweep != nil {
		ws.sweep.Stop()
	}
	for _, w := range ws.idle {
		close(w)
	}
	ws.idle = nil
}
