package cache

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// Options are what a cache keeps, and how long. The zero value means all, forever.
type Options struct {
	// MaxSize is how many values are kept; the one that was not asked for for the
	// longest time makes room. 0 means no limit. With a negative size none is kept: then
	// only calls at the same time share one.
	MaxSize int
	// TTL is how long a value is kept, by the clock of the run, from the moment it was
	// there. 0 means forever, less that none is kept.
	TTL time.Duration
}

// A Cache calls a function and keeps its values. It may be used from any task and
// goroutine at the same time.
//
// What a call of the function did synchronizes before the return of every Get that gets
// its value.
type Cache[K comparable, V any] struct {
	load func(ctx context.Context, key K) (V, error)
	opts Options

	recent atomic.Pointer[table[K, V]] // of the run that asked last
	mu     sync.Mutex                  // guards tables
	tables []*table[K, V]              // one for each run
}

// New makes a cache for a function of one key; several arguments are a struct.
func New[K comparable, V any](load func(ctx context.Context, key K) (V, error), opts Options) *Cache[K, V] {
	if load == nil {
		panic(misuse("the function is nil"))
	}
	return &Cache[K, V]{load: load, opts: opts}
}

// Options returns what was given to New.
func (c *Cache[K, V]) Options() Options { return c.opts }

// Get returns the value of a key. If there is none, the function is called, in a task of
// its own that has the values of ctx; who asks for the key meanwhile waits for the same
// call. Its error goes to all of them and is not kept, and a panic is raised in all of
// them. A function that asks for the key that it is called for gets a *MisuseError. It is
// a checkpoint also if there is a value.
//
// Cancellation: the caller waits no longer, and the call goes on for the others. If there
// are none, it is canceled and waited for; a value it returns nevertheless is kept and
// returned.
func (c *Cache[K, V]) Get(ctx context.Context, key K) (V, error) {
	var zero V
	if c.load == nil {
		return zero, misuse("a Cache that New has not made has no function")
	}
	for {
		p, err := kernel.Enter(ctx)
		if err != nil {
			return zero, err
		}
		t := c.tableOf(p.Run())
		value, shared, role := t.find(key)
		switch role {
		case found:
			return value, nil
		case first:
			shared.start(ctx, c)
		case joined, tooLate:
			if within(ctx, shared) {
				if role == joined {
					t.leave(shared)
				}
				return zero, misuse("the function asks for the value of the key that it is called for, and would wait for itself")
			}
		}
		if role != tooLate {
			return shared.await(ctx)
		}
		// All have left that call. It is over soon, and another one begins.
		if err := shared.done.Wait(ctx, opGet); err != nil {
			return zero, err
		}
	}
}

// Forget drops the value of a key from the cache of ctx's run. If the function is being
// called for it, those who wait get what that returns, but it is not kept, and who comes
// later begins another call.
func (c *Cache[K, V]) Forget(ctx context.Context, key K) {
	kernel.Preempt()
	c.tableOf(kernel.Locate(ctx).Run()).forget(key)
	kernel.Preempt()
}

// Clear drops all values from the cache of ctx's run, as Forget does, and counts from 0
// again.
func (c *Cache[K, V]) Clear(ctx context.Context) {
	kernel.Preempt()
	c.tableOf(kernel.Locate(ctx).Run()).clear()
	kernel.Preempt()
}

// Statistics are those of the cache of one run.
type Statistics struct {
	Hits    int // of calls of Get that found a value or a call
	Misses  int // that began a call
	Size    int // of values, also those whose time is over and that nobody asked for since
	Loading int // of calls that go on
}

// Statistics returns those of the cache of ctx's run.
func (c *Cache[K, V]) Statistics(ctx context.Context) Statistics {
	return c.tableOf(kernel.Locate(ctx).Run()).statistics()
}

// tableOf finds the table of a run, or makes it. Those of runs that are over are dropped
// when another one begins.
func (c *Cache[K, V]) tableOf(r *kernel.Run) *table[K, V] {
	r = r.Whole()
	if t := c.recent.Load(); t != nil && t.run == r {
		return t
	}
	kernel.Touch(c, kernel.Changes)
	c.mu.Lock()
	defer c.mu.Unlock()
	var t *table[K, V]
	kept := c.tables[:0]
	for _, other := range c.tables {
		if other.run == r {
			t = other
		}
		if other.run == r || !other.run.Ended() {
			kept = append(kept, other)
		}
	}
	clear(c.tables[len(kept):])
	c.tables = kept
	if t == nil {
		t = newTable[K, V](r, c.opts)
		c.tables = append(c.tables, t)
	}
	c.recent.Store(t)
	return t
}

func misuse(text string) error { return &anyio.MisuseError{Text: "cache: " + text} }
