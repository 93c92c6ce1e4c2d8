package timerq

// A front is the items that were added last, in any order. When it is full, all of them go
// into the heap.
type front[T any] struct {
	slots [8]slot[T]
	n     int
	least int // place of the first to be due, if there are any
}

// first is the item that is due first; there must be one.
//
//go:norace
func (f *front[T]) first() *slot[T] { return &f.slots[f.least] }

//go:norace
func (f *front[T]) add(s slot[T]) {
	f.put(s, f.n)
	f.n++
	// It is the youngest, so it goes behind those that are due at the same time.
	if f.n == 1 || s.when < f.slots[f.least].when {
		f.least = f.n - 1
	}
}

//go:norace
func (f *front[T]) remove(it *Item[T]) {
	i := int(-it.pos) - 1
	it.pos = 0
	f.n--
	if i != f.n {
		f.put(f.slots[f.n], i)
	}
	f.slots[f.n] = slot[T]{}
	switch f.least {
	case i:
		f.least = 0
		for c := 1; c < f.n; c++ {
			if f.slots[c].less(&f.slots[f.least]) {
				f.least = c
			}
		}
	case f.n: // was moved
		f.least = i
	}
}

//go:norace
func (f *front[T]) put(s slot[T], i int) {
	f.slots[i] = s
	s.it.pos = -int32(i) - 1
}

// clear empties it after its items have got other places.
//
//go:norace
func (f *front[T]) clear() {
	for i := range f.slots {
		f.slots[i] = slot[T]{}
	}
	f.n = 0
}
