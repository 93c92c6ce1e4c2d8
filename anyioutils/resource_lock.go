package anyioutils

import (
	"context"
	"sync"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/inside"
)

// A ResourceLock is a lock for each of many resources, known by their keys: it excludes
// those who use the same resource, and only them. It keeps nothing of resources that
// nobody uses or waits for. The zero value is ready. It must not be copied.
//
// The lock of a key is an anyio.Lock: it belongs to a task, or to a goroutine that runs
// none, is not reentrant, and serves those who wait in the order of their coming.
type ResourceLock[K comparable] struct {
	mu    sync.Mutex // guards locks, and users of each
	locks map[K]*countedLock
}

// A countedLock is forgotten when it has no users any more: who holds it and who waits.
// Python's anyioutils forgets it when it is released, and gives the next who comes another
// one, beside those who wait.
type countedLock struct {
	anyio.Lock
	users int
}

// Do acquires the lock of a key, calls f, and releases it. Cancellation: while waiting, f
// is not called; in f, it is up to f.
func (r *ResourceLock[K]) Do(ctx context.Context, key K, f func(ctx context.Context) error) error {
	l := r.enter(key)
	defer r.leave(key, l)
	return l.Do(ctx, f)
}

// Locked reports whether somebody owns the lock of a key.
func (r *ResourceLock[K]) Locked(key K) bool {
	inside.Touch(r)
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.locks[key]
	return l != nil && l.Locked()
}

// enter makes the caller a user of a key's lock.
func (r *ResourceLock[K]) enter(key K) *countedLock {
	inside.Touch(r)
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.locks[key]
	if l == nil {
		if r.locks == nil {
			r.locks = make(map[K]*countedLock)
		}
		l = &countedLock{}
		r.locks[key] = l
	}
	l.users++
	return l
}

// leave ends what enter began.
func (r *ResourceLock[K]) leave(key K, l *countedLock) {
	inside.Touch(r)
	r.mu.Lock()
	defer r.mu.Unlock()
	if l.users--; l.users == 0 {
		delete(r.locks, key)
	}
}
