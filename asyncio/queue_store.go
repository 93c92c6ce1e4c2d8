package asyncio

// A store keeps the items of a queue and says which is next.
type store[T any] interface {
	put(item T)
	get() T // there is one
	size() int
}

// A fifo gives the oldest item. Room that is free at the front is used again before more is
// taken.
type fifo[T any] struct {
	ring []T
	head int
	n    int
}

func (f *fifo[T]) size() int { return f.n }

func (f *fifo[T]) put(item T) {
	if f.n == len(f.ring) {
		ring := make([]T, max(8, 2*f.n))
		copy(ring[copy(ring, f.ring[f.head:]):], f.ring[:f.head])
		f.ring, f.head = ring, 0
	}
	f.ring[(f.head+f.n)%len(f.ring)] = item
	f.n++
}

func (f *fifo[T]) get() (item T) {
	at := &f.ring[f.head]
	item, *at = *at, item
	f.head = (f.head + 1) % len(f.ring)
	f.n--
	return item
}

// A lifo gives the newest item.
type lifo[T any] struct{ all []T }

func (s *lifo[T]) size() int { return len(s.all) }

func (s *lifo[T]) put(item T) { s.all = append(s.all, item) }

func (s *lifo[T]) get() T { return pop(&s.all) }

// pop takes the last item of a list.
func pop[T any](all *[]T) (item T) {
	last := len(*all) - 1
	at := &(*all)[last]
	item, *at = *at, item
	*all = (*all)[:last]
	return item
}

// A heap gives the least item. Equal ones come in the order in which Python's heapq has
// them: the hole at the top sinks to the bottom along the lesser children, and the last
// item rises from there.
type heap[T any] struct {
	all     []T
	compare func(a, b T) int
}

func (h *heap[T]) size() int { return len(h.all) }

func (h *heap[T]) put(item T) {
	h.all = append(h.all, item)
	h.rise(len(h.all) - 1)
}

// rise moves an item up to its place.
func (h *heap[T]) rise(at int) {
	item := h.all[at]
	for at > 0 {
		parent := (at - 1) / 2
		if h.compare(item, h.all[parent]) >= 0 {
			break
		}
		h.all[at], at = h.all[parent], parent
	}
	h.all[at] = item
}

func (h *heap[T]) get() T {
	last := pop(&h.all)
	n := len(h.all)
	if n == 0 {
		return last
	}
	least, at := h.all[0], 0
	for child := 1; child < n; child = 2*at + 1 {
		if right := child + 1; right < n && h.compare(h.all[child], h.all[right]) >= 0 {
			child = right
		}
		h.all[at], at = h.all[child], child
	}
	h.all[at] = last
	h.rise(at)
	return least
}
