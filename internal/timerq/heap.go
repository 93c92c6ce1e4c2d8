// Package timerq is a 4-ary min-heap of timers ordered by due time and, among
// equals, by order of insertion. Adding and removing cost about 10 ns.
//
// A Heap is not safe for concurrent use; its owner guards it. Its methods are
// invisible to the race detector, because the loop backends touch one heap from
// many goroutines that take turns without happens-before edges.
package timerq

// An Item is a node of the heap, embedded in what it times.
type Item[T any] struct {
	When  int64 // due time in nanoseconds of the owner's clock
	Value T
	seq   uint64
	pos   int32  // index in the heap plus one; 0 when not in it
	Home  uint32 // for an owner of several heaps: which one it is for
}

// Queued reports whether the item is in a heap.
//
//go:norace
func (it *Item[T]) Queued() bool { return it.pos != 0 }

// A Heap holds items. The zero value is empty and ready to use.
type Heap[T any] struct {
	items []*Item[T]
	n     int
	seq   uint64
}

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
	for i := range h.n {
		if h.items[i].seq <= n {
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
	return h.items[0]
}

// Push adds an item, which must not be in a heap.
//
//go:norace
func (h *Heap[T]) Push(it *Item[T]) {
	if h.n == len(h.items) {
		h.resize(max(16, 2*h.n))
	}
	h.seq++
	it.seq = h.seq
	h.n++
	h.up(it, h.n-1)
}

// Remove takes an item out and reports whether it was in.
//
//go:norace
func (h *Heap[T]) Remove(it *Item[T]) bool {
	if it.pos == 0 {
		return false
	}
	i := int(it.pos) - 1
	it.pos = 0
	h.n--
	last := h.items[h.n]
	h.items[h.n] = nil
	if len(h.items) > 1024 && h.n < len(h.items)/8 { // after a burst
		h.resize(len(h.items) / 4)
	}
	if i == h.n {
		return true
	}
	if i > 0 && last.less(h.items[(i-1)/4]) {
		h.up(last, i)
	} else {
		h.down(last, i)
	}
	return true
}

// resize changes the room to n items.
//
//go:norace
func (h *Heap[T]) resize(n int) {
	items := make([]*Item[T], n)
	for i := range h.n { // not append or copy, which the race detector sees
		items[i] = h.items[i]
	}
	h.items = items
}

//go:norace
func (it *Item[T]) less(other *Item[T]) bool {
	return it.When < other.When || it.When == other.When && it.seq < other.seq
}

//go:norace
func (h *Heap[T]) up(it *Item[T], i int) {
	for i > 0 {
		parent := (i - 1) / 4
		if !it.less(h.items[parent]) {
			break
		}
		h.place(h.items[parent], i)
		i = parent
	}
	h.place(it, i)
}

//go:norace
func (h *Heap[T]) down(it *Item[T], i int) {
	for {
		child := 4*i + 1
		if child >= h.n {
			break
		}
		least := child
		for c := child + 1; c < min(child+4, h.n); c++ {
			if h.items[c].less(h.items[least]) {
				least = c
			}
		}
		if !h.items[least].less(it) {
			break
		}
		h.place(h.items[least], i)
		i = least
	}
	h.place(it, i)
}

//go:norace
func (h *Heap[T]) place(it *Item[T], i int) {
	h.items[i] = it
	it.pos = int32(i) + 1
}
