package loop

import (
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/anyio-go/anyio/internal/kernel"
)

type job func()

func (j job) RunJob()                   { j() }
func (j job) Own() bool                 { return true }
func (j job) RunWaking() *kernel.Waiter { j(); return nil }

// foreign is a job that may be anybody's code.
type foreign func()

func (j foreign) RunJob()                   { j() }
func (j foreign) Own() bool                 { return false }
func (j foreign) RunWaking() *kernel.Waiter { j(); return nil }

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
func (l *Loop) together(n int) {
	var in, out sync.WaitGroup
	in.Add(n)
	out.Add(n)
	for range n {
		l.assign(work{job: job(func() {
			in.Done()
			in.Wait()
			out.Done()
		})})
	}
	out.Wait()
}

func TestWorkersAreUsedAgainLastIdleFirst(t *testing.T) {
	l := &Loop{}
	ws := &l.workers
	defer ws.close()
	l.together(3)
	if n := ws.idleNow(3); n != 3 {
		t.Fatalf("%d idle workers after 3 jobs at once", n)
	}
	last := ws.idle[2]
	done := make(chan int)
	l.assign(work{job: job(func() {
		ws.mu.Lock()
		defer ws.mu.Unlock()
		done <- len(ws.idle)
	})})
	if n := <-done; n != 2 {
		t.Errorf("%d idle workers during a call", n)
	}
	ws.idleNow(3)
	if ws.idle[2] != last {
		t.Error("not the worker that was idle last was taken")
	}
}

func TestOneWorkerIsUsedAgain(t *testing.T) {
	l := &Loop{}
	ws := &l.workers
	defer ws.close()
	l.together(1)
	ws.idleNow(1)
	done := make(chan int)
	l.assign(work{job: job(func() { done <- len(ws.idle) })})
	if n := <-done; n != 0 {
		t.Errorf("%d idle workers during a call", n)
	}
}

func TestPruneEndsWorkersThatWereIdleAllTheTime(t *testing.T) {
	l := &Loop{}
	ws := &l.workers
	defer ws.close()
	l.together(4)
	ws.idleNow(4)
	ws.prune() // these four were busy since the last time
	if n := len(ws.idle); n != 4 {
		t.Fatalf("%d workers after the first sweep", n)
	}
	l.together(1)
	ws.idleNow(4)
	old := append([]worker(nil), ws.idle[:3]...)
	ws.prune()
	for i, w := range old {
		if !isClosed(w) {
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
	l.together(1) // and they come back
	ws.idleNow(1)
	if ws.sweep == nil {
		t.Error("no sweep is planned")
	}
}

func TestClosedWorkersEndAfterTheirJobs(t *testing.T) {
	l := &Loop{}
	ws := &l.workers
	l.together(1)
	ws.idleNow(1)
	begun, end, ended := make(chan bool), make(chan bool), make(chan bool)
	l.assign(work{job: job(func() { begun <- true; <-end })})
	<-begun
	w := make(worker, 1)
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

// What leaves its goroutine locked to a thread, or exits it, spoils it for nobody.
func TestForeignJobsEndTheirWorkers(t *testing.T) {
	l := &Loop{}
	defer l.workers.close()
	for _, exits := range []bool{false, true, false} {
		done := make(chan bool)
		l.Offload(foreign(func() {
			defer close(done)
			if locked() {
				t.Error("it began on a locked goroutine")
			}
			runtime.LockOSThread()
			if !locked() {
				t.Error("this version of Go does not tell who is locked")
			}
			if exits {
				runtime.Goexit()
			}
		}))
		<-done
	}
	if _, ok := l.do(work{job: foreign(func() {})}); ok {
		t.Error("a worker goes on after a foreign job")
	}
	if _, ok := l.do(work{job: job(func() {})}); !ok {
		t.Error("a worker ends after an own job")
	}
}

func isClosed(w worker) bool {
	select {
	case _, open := <-w:
		return !open
	default:
		return false
	}
}

// locked reports whether the calling goroutine is locked to its thread, as the header of
// its stack tells.
func locked() bool {
	var buf [64]byte
	return strings.Contains(string(buf[:runtime.Stack(buf[:], false)]), ", locked to thread")
}
