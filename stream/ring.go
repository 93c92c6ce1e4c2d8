package stream

// A ring is a FIFO buffer that grows up to what its owner puts into it.
type ring[T any] struct {
	slots   []T
	head, n int
}

const (
	firstSlots = 8
	keepSlots  = 4096 // an empty ring of more slots gives its memory back
)

// push appends an item. It grows the ring to at most limit slots.
func (r *ring[T]) push(item T, limit int) {
	if r.n == len(r.slots) {
		r.grow(limit)
	}
	at := r.head + r.n
	if at >= len(r.slots) {
		at -= len(r.slots)
	}
	r.slots[at] = item
	r.n++
}

// pop takes out the oldest item; the ring must not be empty.
func (r *ring[T]) pop() T {
	slot := &r.slots[r.head]
	item := *slot
	var zero T
	*slot = zero // what was received is not kept alive
	r.head++
	if r.head == len(r.slots) {
		r.head = 0
	}
	r.n--
	if r.n == 0 && len(r.slots) > keepSlots {
		r.clear()
	}
	return item
}

func (r *ring[T]) clear() { *r = ring[T]{} }

func (r *ring[T]) grow(limit int) {
	bigger := make([]T, min(limit, max(firstSlots, 2*len(r.slots))))
	k := copy(bigger, r.slots[r.head:])
	copy(bigger[k:], r.slots[:r.head])
	r.slots, r.head = bigger, 0
}
