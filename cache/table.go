package cache

import (
	"sync"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A table is the cache of one run.
type table[K comparable, V any] struct {
	run  *kernel.Run
	opts Options

	mu           sync.Mutex // guards what follows
	entries      map[K]*entry[K, V]
	ring         entry[K, V] // of all entries, the one that was asked for last comes next
	calls        map[K]*call[K, V]
	loading      int // calls, also forgotten ones
	hits, misses int
}

// An entry is a value that is kept.
type entry[K comparable, V any] struct {
	next, prev *entry[K, V]
	key        K
	value      V
	expires    int64 // an instant of the run
}

func newTable[K comparable, V any](r *kernel.Run, opts Options) *table[K, V] {
	t := &table[K, V]{run: r, opts: opts, entries: map[K]*entry[K, V]{}, calls: map[K]*call[K, V]{}}
	t.ring.next, t.ring.prev = &t.ring, &t.ring
	return t
}

// A role is what who asks for a key has to do with a call.
type role int

const (
	found   role = iota // a value: no call is needed
	first               // to start it
	joined              // to wait for it, as others do
	tooLate             // to wait until it is over, as all who wanted its value have left
)

// find looks for a value or a call, or makes a call.
func (t *table[K, V]) find(key K) (value V, c *call[K, V], r role) {
	kernel.Touch(t, kernel.Changes)
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.entries[key]; e != nil {
		if t.opts.TTL == 0 || t.run.Now() < e.expires {
			t.hits++
			e.unlink()
			t.touch(e)
			return e.value, nil, found
		}
		t.drop(e)
	}
	c, r = t.calls[key], joined
	switch {
	case c == nil:
		c, r = &call[K, V]{table: t, key: key}, first
		t.calls[key] = c
		t.loading++
		t.misses++
	case c.waiting == 0:
		return value, c, tooLate
	default:
		t.hits++
	}
	c.waiting++
	return value, c, r
}

// leave takes one away from those who wait for a call, and reports whether it was the
// last.
func (t *table[K, V]) leave(c *call[K, V]) (last bool) {
	kernel.Touch(t, kernel.Changes)
	t.mu.Lock()
	defer t.mu.Unlock()
	c.waiting--
	return c.waiting == 0
}

// finish ends a call, and keeps its value if it has one.
func (t *table[K, V]) finish(c *call[K, V], value V, ok bool) {
	kernel.Touch(t, kernel.Changes)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.loading--
	if t.calls[c.key] != c {
		return // forgotten
	}
	delete(t.calls, c.key)
	if !ok || t.opts.MaxSize < 0 || t.opts.TTL < 0 {
		return
	}
	e := &entry[K, V]{key: c.key, value: value}
	if t.opts.TTL > 0 {
		e.expires = t.run.After(t.opts.TTL)
	}
	t.entries[c.key] = e
	t.touch(e)
	if t.opts.MaxSize > 0 && len(t.entries) > t.opts.MaxSize {
		t.drop(t.ring.prev)
	}
}

func (t *table[K, V]) forget(key K) {
	kernel.Touch(t, kernel.Changes)
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.calls, key)
	if e := t.entries[key]; e != nil {
		t.drop(e)
	}
}

func (t *table[K, V]) clear() {
	kernel.Touch(t, kernel.Changes)
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.calls)
	clear(t.entries)
	t.ring.next, t.ring.prev = &t.ring, &t.ring
	t.hits, t.misses = 0, 0
}

func (t *table[K, V]) statistics() Statistics {
	kernel.Touch(t, kernel.Changes)
	t.mu.Lock()
	defer t.mu.Unlock()
	return Statistics{Hits: t.hits, Misses: t.misses, Size: len(t.entries), Loading: t.loading}
}

// touch makes an entry, which is in no ring, the one that was asked for last.
func (t *table[K, V]) touch(e *entry[K, V]) {
	e.prev, e.next = &t.ring, t.ring.next
	e.next.prev, t.ring.next = e, e
}

func (t *table[K, V]) drop(e *entry[K, V]) {
	e.unlink()
	delete(t.entries, e.key)
}

func (e *entry[K, V]) unlink() { e.prev.next, e.next.prev = e.next, e.prev }
