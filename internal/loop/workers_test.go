package loop

import (
	"runtime"
	"sync"
	"testing"

	"github.com/anyio-go/anyio/internal/kernel"
)

type job func()

func (j job) RunJob() { j() }

// idleNow is how many workers are idle, waiting until all n have come to rest.
func (ws *workers) idleNow(n int) int {
	for {
		ws.mu.Lock()
		got := len(ws.idle)
		ws.mu.Unlock()
		if got >= n {
			return got
		}
		runtime.Gosched()
	}
}

// together runs n jobs that are under way at the same time.
func (ws *workers) together(n int) {
	var in, out sync.WaitGroup
	in.Add(n)
	out.Add(n)
	for range n {
		ws.run(&Loop{}, job(func() {
			in.Done()
			in.Wait()
			out.Done()
		}))
	}
	out.Wait()
}

func TestWorkersAreUsedAgainLastIdleFirst(t *testing.T) {
	ws := &workers{}
	defer ws.close()
	ws.together(3)
	if n := ws.idleNow(3); n != 3 {
		t.Fatalf("%d idle workers after 3 jobs at once", n)
	}
	last := ws.idle[2]
	done := make(chan int)
	ws.run(&Loop{}, job(func() {
		ws.mu.Lock()
		defer ws.mu.Unlock()
		done <- len(ws.idle)
	}))
	if n := <-done; n != 2 {
		t.Errorf("%d idle workers during a call", n)
	}
	ws.idleNow(3)
	if ws.idle[2] != last {
		t.Error("not the worker that was idle last was taken")
	}
}

func TestPruneEndsWorkersThatWereIdleAllTheTime(t *testing.T) {
	ws := &workers{}
	defer ws.close()
	ws.together(4)
	ws.idleNow(4)
	ws.prune() // these four were busy since the last time
	if n := len(ws.idle); n != 4 {
		t.Fatalf("%d workers after the first sweep", n)
	}
	ws.together(1)
	ws.idleNow(4)
	old := append([]*worker(nil), ws.idle[:3]...)
	ws.prune()
	for i, w := range old {
		if !isClosed(w.jobs) {
			t.Errorf("worker %d was let go, and waits for jobs", i)
		}
	}
	if n := len(ws.idle); n != 1 {
		t.Fatalf("%d workers after a sweep in which one had been used", n)
	}
	ws.prune()
	if len(ws.idle) != 0 || ws.sweep != nil {
		t.Errorf("%d workers at the end, timer %v", len(ws.idle), ws.sweep)
	}
	ws.together(1) // and they come back
	ws.idleNow(1)
	if ws.sweep == nil {
		t.Error("no sweep is planned")
	}
}

func TestClosedWorkersEndAfterTheirJobs(t *testing.T) {
	ws := &workers{}
	ws.together(1)
	ws.idleNow(1)
	begun, end, ended := make(chan bool), make(chan bool), make(chan bool)
	ws.run(&Loop{}, job(func() { begun <- true; <-end }))
	<-begun
	w := &worker{}
	ws.close()
	ws.prune() // a timer that was under way
	if ws.rest(w) {
		t.Error("a worker came to rest after close")
	}
	go func() { end <- true; close(ended) }()
	<-ended
	if len(ws.idle) != 0 {
		t.Error("idle workers after close")
	}
}

func TestJobThatExitsItsGoroutineTakesTheWorkerWithIt(t *testing.T) {
	ws := &workers{}
	defer ws.close()
	gone := make(chan bool)
	ws.run(&Loop{}, job(func() {
		defer close(gone)
		runtime.Goexit()
	}))
	<-gone
	ws.together(1)
	if n := ws.idleNow(1); n != 1 {
		t.Errorf("%d idle workers", n)
	}
}

func isClosed(jobs chan kernel.Job) bool {
	select {
	case _, open := <-jobs:
		return !open
	default:
		return false
	}
}
