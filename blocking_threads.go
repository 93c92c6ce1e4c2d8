package anyio

import (
	"context"
	"runtime"
	"sync"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/offload"
)

// OSThreads are threads of the operating system for C libraries that keep state in
// the thread, such as graphics or some database clients: each function that
// RunBlocking is given together with OnThreads runs locked to one of them
// (runtime.LockOSThread), alone on it. With one thread it is always the same.
//
// The threads are started when they are needed and kept until Close. It may be
// used from any goroutine and any run.
type OSThreads struct {
	limiter *CapacityLimiter
	jobs    chan func()
	quit    chan struct{} // closed by Close

	mu      sync.Mutex // guards what follows
	running int        // threads
	closed  bool
	over    Event // closed, and no thread is left
}

// NewOSThreads makes a pool of at most n threads; n below 1 panics with a
// *MisuseError.
func NewOSThreads(n int) *OSThreads {
	if n < 1 {
		panic(misuse("NewOSThreads: the number of threads must be at least 1"))
	}
	return &OSThreads{limiter: NewCapacityLimiter(n), jobs: make(chan func()), quit: make(chan struct{})}
}

// OnThreads makes RunBlocking run the function on a thread of the pool. It waits
// in FIFO order for one that is free; the run's limit of blocking calls does not
// count, and a Limiter beside it is a *MisuseError. If the function calls
// runtime.Goexit, its thread ends and another takes its place. The error is
// ErrClosed if the pool was closed.
//
// A simulation stands still while the function runs on its thread, so there the
// function must not wait for a task; what it calls in the run is refused.
func OnThreads(t *OSThreads) BlockingOption {
	return func(o *blockingOptions) { o.threads = t }
}

// Close ends the threads, those that are busy after their function, and waits for
// that. Further calls do nothing. In a simulation, where no task can be at work while a
// function runs on a thread, it does not wait. Cancellation: the threads end by themselves.
func (t *OSThreads) Close(ctx context.Context) error {
	t.mu.Lock()
	if !t.closed {
		t.closed = true
		close(t.quit)
	}
	if t.running == 0 {
		t.over.latch.Open()
	}
	t.mu.Unlock()
	if kernel.Locate(ctx).Run().InPlace(true) {
		return nil // the run waits for its functions as they are called: none is left
	}
	return t.over.Wait(ctx)
}

// do runs f on a thread, for a task or nil, and waits. The error is ErrClosed, or about
// what f has not released.
func (t *OSThreads) do(task *kernel.Task, f func()) (err error) {
	done := make(chan struct{})
	job := func() {
		defer close(done)
		defer func() { err = leftBy(task) }()
		f()
	}
	if !t.hand(job) {
		return ErrClosed
	}
	<-done
	return err
}

// hand gives the job to a thread, waiting for one; false if the pool is closed.
func (t *OSThreads) hand(job func()) bool {
	if t.isClosed() { // a thread that has not noticed yet gets nothing more
		return false
	}
	select {
	case t.jobs <- job: // a thread is idle
		return true
	default:
	}
	t.grow()
	select {
	case t.jobs <- job:
		return true
	case <-t.quit:
		return false
	}
}

func (t *OSThreads) isClosed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.closed
}

// grow starts a thread unless there are enough.
func (t *OSThreads) grow() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed && t.running < int(t.limiter.TotalTokens()) {
		t.running++
		go t.serve()
	}
}

// serve is the life of a thread. The goroutine exits while it is locked, so that
// the thread, whose state nobody knows, ends with it.
func (t *OSThreads) serve() {
	runtime.LockOSThread()
	defer func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if !t.closed { // a job has exited the goroutine; others may wait
			go t.serve()
			return
		}
		if t.running--; t.running == 0 {
			t.over.latch.Open()
		}
	}()
	for {
		select {
		case job := <-t.jobs:
			job()
		case <-t.quit:
			return
		}
	}
}

// onThread is f of a task or nil, to be called anywhere, as a function that runs
// on a thread.
func onThread[T any](t *OSThreads, task *kernel.Task, f func() (T, error)) func() (T, error) {
	return func() (T, error) {
		var r offload.Result[T]
		failed := t.do(task, func() { r.Of(f, seatBorrower{task}.name) })
		switch {
		case r.Panic != nil:
			panic(r.Panic)
		case r.Exited:
			runtime.Goexit()
		}
		return r.Value, withMisuse(r.Err, failed)
	}
}
