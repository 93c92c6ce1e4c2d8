// Package timerq is a 4-ary min-heap of timers ordered by due time and, among
// equals, by order of insertion. Adding and removing cost about 10 ns; among a million
// timers, some cache misses more. The heap keeps due times beside its pointers, four
// brothers in one cache line, so that only items that move are touched. Items that are due
// at the same time and were pushed in a row are one entry, a ring: a thousand tasks of a
// simulation that sleep alike cost no more than one.
//
// A Heap is not safe for concurrent use; its owner guards it. Its methods are
// invisible to the race detector, because the loop backends touch one heap from
// many goroutines that take turns without happens-before edges.
package timerq

// An Item is a node of the heap, embedded in what it times.
type Item[T any] struct {
	When       int64 // due time in nanoseconds of the owner's clock; fixed while it is in
	Value      T
	seq        uint64
	next, prev *Item[T] // in the ring of those due at the same time; nil if alone
	pos        int32    // index in the heap; 0 when not in it, inRing when behind another item
	Home       uint32   // for an owner of several heaps: which one it is for
}

// inRing is the pos of all items of a ring but the first, which stands in the heap.
const inRing = -1

// Queued reports whether the item is in a heap.
//
//go:norace
func (it *Item[T]) Queued() bool { return it.pos != 0 }

// A Heap holds items. The zero value is empty and ready to use.
type Heap[T any] struct {
	entries []entry[T] // from root to end; the others are empty
	end     int        // 0: there never was any
	n       int
	seq     uint64
	newest  *Item[T] // the first of the ring of the last item pushed, nil if it may be gone
}

// An entry is the first item of a ring, and when that is due.
type entry[T any] struct {
	when int64
	it   *Item[T]
}

// root is the index of the first entry. The children of i are those from 4*(i-2) on, so
// brothers share a cache line.
const root = 3

// Len is the number of items.
//
//go:norace
func (h *Heap[T]) Len() int { return h.n }

// Pushed is how many items were pushed so far.
//
//go:norace
func (h *Heap[T]) Pushed() uint64 { return h.seq }

// HasOf reports whether one of the first n items that were pushed is still in.
//
//go:norace
func (h *Heap[T]) HasOf(n uint64) bool {
	for i := root; i < h.end; i++ {
		if h.entries[i].it.seq <= n { // the first of a ring is the oldest
			return true
		}
	}
	return false
}

// Min is the item that is due first, nil if there is none.
//
//go:norace
func (h *Heap[T]) Min() *Item[T] {
	if h.n == 0 {
		return nil
	}
	return h.entries[root].it
}

// Push adds an item, which must not be in a heap.
//
//go:norace
func (h *Heap[T]) Push(it *Item[T]) {
	h.seq++
	it.seq = h.seq
	h.n++
	if first := h.newest; first != nil && first.When == it.When {
		first.append(it)
		return
	}
	if h.end == len(h.entries) {
		h.resize(max(16, 2*h.end))
	}
	h.end = max(h.end, root) + 1
	h.up(entry[T]{it.When, it}, h.end-1)
	h.newest = it
}

// append puts it behind the last of the ring that begins with first.
//
//go:norace
func (first *Item[T]) append(it *Item[T]) {
	last := first.prev
	if last == nil {
		last = first
	}
	it.prev, it.next, it.pos = last, first, inRing
	last.next, first.prev = it, it
}

// leave takes it out of its ring, and returns the next one of that, nil if it was alone.
//
//go:norace
func (it *Item[T]) leave() (next *Item[T]) {
	next, prev := it.next, it.prev
	it.next, it.prev = nil, nil
	switch next {
	case nil:
	case prev: // which is alone now
		next.next, next.prev = nil, nil
	default:
		next.prev, prev.next = prev, next
	}
	return next
}

// Remove takes an item out and reports whether it was in.
//
//go:norace
func (h *Heap[T]) Remove(it *Item[T]) bool {
	i := int(it.pos)
	if i == 0 {
		return false
	}
	it.pos = 0
	h.n--
	next := it.leave()
	if i == inRing {
		return true
	}
	if h.newest == it {
		h.newest = next
	}
	if next != nil {
		h.place(entry[T]{next.When, next}, i)
		return true
	}
	h.end--
	last := h.entries[h.end]
	h.entries[h.end] = entry[T]{}
	if len(h.entries) > 1024 && h.end < len(h.entries)/8 { // after a burst
		h.resize(len(h.entries) / 4)
	}
	if i == h.end {
		return true
	}
	if i > root && last.less(&h.entries[i/4+2]) {
		h.up(last, i)
	} else {
		h.down(last, i)
	}
	return true
}

// resize changes the room to n entries.
//
//go:norace
func (h *Heap[T]) resize(n int) {
	entries := make([]entry[T], n)
	for i := root; i < h.end; i++ { // not append or copy, which the race detector sees
		entries[i] = h.entries[i]
	}
	h.entries = entries
}

//go:norace
func (e *entry[T]) less(other *entry[T]) bool {
	return e.when < other.when || e.when == other.when && e.it.seq < other.it.seq
}

//go:norace
func (h *Heap[T]) up(e entry[T], i int) {
	for i > root {
		parent := i/4 + 2
		if !e.less(&h.entries[parent]) {
			break
		}
		h.place(h.entries[parent], i)
		i = parent
	}
	h.place(e, i)
}

//go:norace
func (h *Heap[T]) down(e entry[T], i int) {
	for {
		child := 4 * (i - 2)
		if child >= h.end {
			break
		}
		least := child
		for c := child + 1; c < min(child+4, h.end); c++ {
			if h.entries[c].less(&h.entries[least]) {
				least = c
			}
		}
		if !h.entries[least].less(&e) {
			break
		}
		h.place(h.entries[least], i)
		i = least
	}
	h.place(e, i)
}

//go:norace
func (h *Heap[T]) place(e entry[T], i int) {
	h.entries[i] = e
	e.it.pos = int32(i)
}
