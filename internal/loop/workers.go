package loop

import (
	"sync"
	"time"

	"github.com/anyio-go/anyio/internal/coro"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
)

// workers are the goroutines that run blocking calls for a loop. One that has
// nothing to do is kept for the next call, because a goroutine whose stack has
// grown and whose thread is awake costs less than a new one. The one that became
// idle last is taken first, so that the others grow old and end.
type workers struct {
	mu     sync.Mutex // guards what follows
	idle   []*worker  // the last one became idle last
	low    int        // least number of idle workers since the last sweep
	sweep  *time.Timer
	closed bool
}

type worker struct {
	jobs chan kernel.Job // capacity 1; closed to end the worker
}

// sweepEvery is how often workers are ended that were idle all the time.
const sweepEvery = 10 * time.Second

// Offload starts a job on another goroutine.
func (l *Loop) Offload(j kernel.Job) {
	switch {
	case race.Enabled: // one call after another on a worker would hide races
		go j.RunJob()
	case !l.keep(j):
		l.workers.run(l, j)
	}
}

// run runs a job of a loop on a worker. It never waits.
func (ws *workers) run(l *Loop, j kernel.Job) {
	ws.mu.Lock()
	var w *worker
	if n := len(ws.idle) - 1; n >= 0 {
		w = ws.idle[n]
		ws.idle[n] = nil
		ws.idle = ws.idle[:n]
		ws.low = min(ws.low, n)
	}
	ws.mu.Unlock()
	if w == nil {
		w = &worker{jobs: make(chan kernel.Job, 1)}
		go ws.serve(l, w)
	}
	w.jobs <- j
}

// serve runs jobs. A job that exits its goroutine, or leaves it locked to a thread,
// takes the worker with it.
func (ws *workers) serve(l *Loop, w *worker) {
	for j := range w.jobs {
		for j != nil {
			j = l.runJob(j)
		}
		if !ws.rest(w) {
			return
		}
	}
}

// rest makes w idle; false if it is to end.
func (ws *workers) rest(w *worker) bool {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.closed || spoilt() {
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
		close(w.jobs)
	}
	ws.idle = append([]*worker(nil), ws.idle[ws.low:]...)
	if ws.low = len(ws.idle); ws.low > 0 {
		ws.sweep.Reset(sweepEvery)
	} else {
		ws.sweep = nil
	}
}

// spoilt reports whether the last job has left its goroutine locked to a thread,
// whose state may be anything: the runtime ends the thread with the goroutine.
func spoilt() bool { return coro.Tells && coro.Locked() }

// close ends the idle workers now and the others after their jobs.
func (ws *workers) close() {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.closed = true
	if ws.sweep != nil {
		ws.sweep.Stop()
	}
	for _, w := range ws.idle {
		close(w.jobs)
	}
	ws.idle = nil
}
