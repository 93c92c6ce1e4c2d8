// Package timerq is a priority queue of timers, ordered by due time and, among equals, by
// order of insertion: a 4-ary min-heap, with a few places before it for those that were
// added last. Most timers are deadlines that are taken out soon, and cost about 5 ns there,
// however many others there are. Otherwise adding and removing cost about 10 ns.
//
// A Heap is not safe for concurrent use; its owner guards it. Its methods are
// invisible to the race detector, because the loop backends touch one heap from
// many goroutines that take turns without happens-before edges.
package timerq

// An Item is a node of the heap, embedded in what it times.
type Item[T any] struct {
	When  int64 // due time in nanoseconds of the owner's clock; not to be changed in a heap
	Value T
	pos   int32  // place in the heap plus one, place in front negative; 0 when not in it
	Home  uint32 // for an owner of several heaps: which one it is for
}

// Queued reports whether the item is in a heap.
//
//go:norace
func (it *Item[T]) Queued() bool { return it.pos != 0 }

// A slot is an item with what it is ordered by, so that items are compared without a look
// at them: where many are due at once, that would be a look at each.
type slot[T any] struct {
	when int64
	seq  uint64
	it   *Item[T]
}

//go:norace
func (s *slot[T]) less(other *slot[T]) bool {
	return s.when < other.when || s.when == other.when && s.seq < other.seq
}

// A Heap holds items. The zero value is empty and ready to use.
type Heap[T any] struct {
	slots []slot[T]
	n     int
	seq   uint64
	front front[T]
}

// Len is the number of items.
//
//go:norace
func (h *Heap[T]) Len() int { return h.n + h.front.n }

// Pushed is how many items were pushed so far.
//
//go:norace
func (h *Heap[T]) Pushed() uint64 { return h.seq }

// HasOf reports whether one of the first n items that were pushed is still in.
//
//go:norace
func (h *Heap[T]) HasOf(n uint64) bool {
	for i := range h.n {
		if h.slots[i].seq <= n {
			return true
		}
	}
	for i := range h.front.n {
		if h.front.slots[i].seq <= n {
			return true
		}
	}
	return false
}

// Min is the item that is due first, nil if there is none.
//
//go:norace
func (h *Heap[T]) Min() *Item[T] {
	switch {
	case h.front.n == 0 && h.n == 0:
		return nil
	case h.front.n == 0 || h.n > 0 && h.slots[0].less(h.front.first()):
		return h.slots[0].it
	}
	return h.front.first().it
}

// Push adds an item, which must not be in a heap.
//
//go:norace
func (h *Heap[T]) Push(it *Item[T]) {
	h.seq++
	if h.front.n == len(h.front.slots) {
		for i := range h.front.slots {
			h.add(h.front.slots[i])
		}
		h.front.clear()
	}
	h.front.add(slot[T]{it.When, h.seq, it})
}

// add puts an item into the heap proper.
//
//go:norace
func (h *Heap[T]) add(s slot[T]) {
	if h.n == len(h.slots) {
		h.resize(max(16, 2*h.n))
	}
	h.n++
	h.up(s, h.n-1)
}

// Remove takes an item out and reports whether it was in.
//
//go:norace
func (h *Heap[T]) Remove(it *Item[T]) bool {
	switch {
	case it.pos == 0:
		return false
	case it.pos < 0:
		h.front.remove(it)
		return true
	}
	i := int(it.pos) - 1
	it.pos = 0
	h.n--
	last := h.slots[h.n]
	h.slots[h.n] = slot[T]{}
	if len(h.slots) > 1024 && h.n < len(h.slots)/8 { // after a burst
		h.resize(len(h.slots) / 4)
	}
	if i == h.n {
		return true
	}
	if i > 0 && last.less(&h.slots[(i-1)/4]) {
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
	slots := make([]slot[T], n)
	for i := range h.n { // not append or copy, which the race detector sees
		slots[i] = h.slots[i]
	}
	h.slots = slots
}

//go:norace
func (h *Heap[T]) up(s slot[T], i int) {
	for i > 0 {
		parent := (i - 1) / 4
		if !s.less(&h.slots[parent]) {
			break
		}
		h.place(h.slots[parent], i)
		i = parent
	}
	h.place(s, i)
}

//go:norace
func (h *Heap[T]) down(s slot[T], i int) {
	all := h.slots[:h.n]
	for {
		child := 4*i + 1
		if child >= len(all) {
			break
		}
		at := child
		if child+4 <= len(all) {
			at += leastOf((*[4]slot[T])(all[child:]))
		} else {
			for c := child + 1; c < len(all); c++ {
				if all[c].less(&all[at]) {
					at = c
				}
			}
		}
		if !all[at].less(&s) {
			break
		}
		h.place(all[at], i)
		i = at
	}
	h.place(s, i)
}

// leastOf is the place of the first to be due.
//
//go:norace
func leastOf[T any](s *[4]slot[T]) int {
	a, left := 0, &s[0]
	if s[1].less(left) {
		a, left = 1, &s[1]
	}
	b, right := 2, &s[2]
	if s[3].less(right) {
		b, right = 3, &s[3]
	}
	if right.less(left) {
		return b
	}
	return a
}

//go:norace
func (h *Heap[T]) place(s slot[T], i int) {
	h.slots[i] = s
	s.it.pos = int32(i) + 1
}
