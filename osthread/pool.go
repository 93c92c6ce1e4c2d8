// Package osthread has threads of the operating system for C libraries that keep state in
// the thread, such as graphics or some database clients.
//
// # Limitations
//
// A simulation stands still while a function runs on a thread, so there the function must
// not wait for a task; what it calls in the run is refused.
package osthread

import (
	"context"
	"runtime"
	"sync"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/inside"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A Pool is threads of the operating system: each function that anyio.RunBlocking is
// given together with On runs locked to one of them (runtime.LockOSThread), alone on it.
// With one thread it is always the same.
//
// The threads are started when they are needed and kept until Close. It may be
// used from any goroutine and any run.
type Pool struct {
	size    int
	limiter *anyio.CapacityLimiter
	jobs    chan func()
	quit    chan struct{} // closed by Close

	mu      sync.Mutex // guards what follows
	running int        // threads
	closed  bool
	over    kernel.Latch // closed, and no thread is left
}

// NewPool makes a pool of at most n threads; n below 1 panics with an
// *anyio.MisuseError.
func NewPool(n int) *Pool {
	if n < 1 {
		panic(&anyio.MisuseError{Text: "osthread.NewPool: the number of threads must be at least 1"})
	}
	return &Pool{size: n, limiter: anyio.NewCapacityLimiter(n), jobs: make(chan func()), quit: make(chan struct{})}
}

var onThread = inside.OnThread.(func(*anyio.CapacityLimiter, func(func()) bool) anyio.BlockingOption)

// On makes RunBlocking run the function on a thread of the pool. It waits
// in FIFO order for one that is free; the run's limit of blocking calls does not
// count, and a Limiter beside it is an *anyio.MisuseError. If the function calls
// runtime.Goexit, its thread ends and another takes its place. The error is
// ErrClosed if the pool was closed.
func On(p *Pool) anyio.BlockingOption { return onThread(p.limiter, p.do) }

var opClose = kernel.RegisterOp("osthread.Pool.Close")

// Close ends the threads, those that are busy after their function, and waits for
// that. Further calls do nothing. In a simulation, where no task can be at work while a
// function runs on a thread, it does not wait. Cancellation: the threads end by themselves.
func (p *Pool) Close(ctx context.Context) error {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.quit)
	}
	if p.running == 0 {
		p.over.Open()
	}
	p.mu.Unlock()
	if kernel.Locate(ctx).Run().InPlace(true) {
		return nil // the run waits for its functions as they are called: none is left
	}
	return p.over.Wait(ctx, opClose)
}

// do runs f on a thread and waits; false if the pool is closed.
func (p *Pool) do(f func()) bool {
	done := make(chan struct{})
	if !p.hand(func() { defer close(done); f() }) {
		return false
	}
	<-done
	return true
}

// hand gives the job to a thread, waiting for one; false if the pool is closed.
func (p *Pool) hand(job func()) bool {
	if p.isClosed() { // a thread that has not noticed yet gets nothing more
		return false
	}
	select {
	case p.jobs <- job: // a thread is idle
		return true
	default:
	}
	p.grow()
	select {
	case p.jobs <- job:
		return true
	case <-p.quit:
		return false
	}
}

func (p *Pool) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// grow starts a thread unless there are enough.
func (p *Pool) grow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed && p.running < p.size {
		p.running++
		go p.serve()
	}
}

// serve is the life of a thread. The goroutine exits while it is locked, so that
// the thread, whose state nobody knows, ends with it.
func (p *Pool) serve() {
	runtime.LockOSThread()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if !p.closed { // a job has exited the goroutine; others may wait
			go p.serve()
			return
		}
		if p.running--; p.running == 0 {
			p.over.Open()
		}
	}()
	for {
		select {
		case job := <-p.jobs:
			job()
		case <-p.quit:
			return
		}
	}
}
