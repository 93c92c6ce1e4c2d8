package anyio

import (
	"context"
	"unsafe"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/waitq"
)

// An RWLock is a lock that any number of tasks may hold for reading, or one for
// writing. Waiting for it obeys cancellation. It is fair: those who wait are served in
// the order of their coming, readers who come one after the other together, so neither
// readers nor writers starve, and nobody can barge in.
//
// The owner is the task that acquired it, or the goroutine, if that does not run a task.
// It is not reentrant, not even for readers: a reader that came again would wait behind a
// writer that waits for it. The zero value is ready, on every backend and without a run.
// An RWLock must not be copied.
//
// A task that ends as an owner fails with a *MisuseError that says where it acquired
// the lock, as far as that was noted; see Lock. If it was writing, what the lock guards may
// be half done, so the lock is broken: all who wait for it, and all who come, get an error
// that matches ErrBroken, until Reset. If it was reading, the lock is released.
//
// Release synchronizes before the return of every later acquisition, ReleaseRead
// before that of every later Acquire. Readers are not ordered among themselves.
type RWLock struct {
	mu      waitq.QuietMutex // guards what follows
	writer  *rwHold          // nil if nobody writes
	readers [rwBuckets]*rwHold
	reading int // how many readers there are
	waiters claims
	broken  error

	wrote, read byte // of these the race detector is told, which may not see mu
}

const rwBuckets = 16

// An rwHold is one reader or writer.
type rwHold struct {
	kernel.Hold
	lock  *RWLock
	id    int64 // kernel.Caller of it
	run   *kernel.Run
	write bool
	next  *rwHold // of the readers in the same bucket
}

var (
	opRWLock     = kernel.RegisterOp("RWLock.Acquire")
	opRWLockRead = kernel.RegisterOp("RWLock.AcquireRead")
	rwHolds      = quiet.NewPool(func() *rwHold { return &rwHold{} })
)

// Acquire waits until the caller may write: nobody else reads or writes then. An owner
// of either kind that calls it gets a *MisuseError at once. It is a checkpoint also if
// the lock is free. Cancellation: the lock is not acquired, the place in the queue is
// lost, and readers behind it go on.
func (l *RWLock) Acquire(ctx context.Context) error {
	h, t, err := l.acquire(ctx, true)
	if err != nil {
		return err
	}
	h.Take(h, t, h.id)
	kernel.PreemptAfter(l, kernel.Changes)
	return nil
}

// AcquireRead waits until the caller may read: nobody writes then, and no writer came
// before. Otherwise it is like Acquire. Cancellation: the lock is not acquired, the
// place in the queue is lost.
func (l *RWLock) AcquireRead(ctx context.Context) error {
	h, t, err := l.acquire(ctx, false)
	if err != nil {
		return err
	}
	h.Take(h, t, h.id)
	kernel.PreemptAfter(l, kernel.Changes)
	return nil
}

// TryAcquire acquires the lock for writing if that is possible at once, else it
// returns ErrWouldBlock, a *MisuseError if the caller owns it, or why it is broken.
func (l *RWLock) TryAcquire() error {
	h, t, err := l.tryAcquire(true)
	if err == nil {
		h.Take(h, t, h.id)
	}
	kernel.PreemptAfter(l, kernel.Changes)
	return err
}

// TryAcquireRead is like TryAcquire but for reading. It fails also if a writer waits.
func (l *RWLock) TryAcquireRead() error {
	h, t, err := l.tryAcquire(false)
	if err == nil {
		h.Take(h, t, h.id)
	}
	kernel.PreemptAfter(l, kernel.Changes)
	return err
}

// Release ends the writing. It panics with a *MisuseError if the caller is not
// writing, and does nothing if the lock is broken. It never blocks and works in a
// canceled scope.
func (l *RWLock) Release() { l.release(true) }

// ReleaseRead is like Release but ends the reading.
func (l *RWLock) ReleaseRead() { l.release(false) }

// Do runs f while holding the lock for writing, and releases it also if f panics. The
// error is that of Acquire, in which case f did not run, or that of f. Cancellation:
// while waiting, as for Acquire; in f, it is up to f.
func (l *RWLock) Do(ctx context.Context, f func(ctx context.Context) error) error {
	if err := l.Acquire(ctx); err != nil {
		return err
	}
	defer l.Release()
	return f(ctx)
}

// DoRead is like Do but for reading. Cancellation: as for Do.
func (l *RWLock) DoRead(ctx context.Context, f func(ctx context.Context) error) error {
	if err := l.AcquireRead(ctx); err != nil {
		return err
	}
	defer l.ReleaseRead()
	return f(ctx)
}

// Reset makes a lock that is broken free again: call it when what the lock guards has
// been put in order. It does nothing to one that is not broken.
//
//go:norace
func (l *RWLock) Reset() {
	kernel.Preempt()
	l.mu.Lock()
	if l.broken != nil {
		l.broken = nil
		race.ReleaseMerge(unsafe.Pointer(&l.wrote))
	}
	l.mu.Unlock()
	kernel.PreemptAfter(l, kernel.Changes)
}

// RWLockStatistics is a snapshot of an RWLock.
type RWLockStatistics struct {
	Writer       *TaskInfo // nil if nobody writes; else as LockStatistics.Owner
	Readers      int
	TasksWaiting int // of both kinds
}

// Statistics returns who writes, how many read and how many wait. Those to whom Release
// has given the lock own it already, even if they do not run yet.
//
//go:norace
func (l *RWLock) Statistics() RWLockStatistics {
	kernel.Touch(l, kernel.Looks)
	l.mu.Lock()
	st := RWLockStatistics{Readers: l.reading, TasksWaiting: l.waiters.Len()}
	var id int64
	var run *kernel.Run
	if l.writer != nil {
		id, run = l.writer.id, l.writer.run
	}
	l.mu.Unlock()
	if id != 0 {
		st.Writer = taskFinder{}.on(id, run)
	}
	return st
}
