package timerq_test

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"weak"

	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/timerq"
)

type item = timerq.Item[int]

// A model is what a Heap must behave like: a slice kept in order by insertion.
type model struct{ items []*item }

// push inserts after all that are due no later, which makes equals a queue.
func (m *model) push(it *item) {
	i, _ := slices.BinarySearchFunc(m.items, it, func(old, it *item) int {
		if old.When <= it.When {
			return -1
		}
		return 1
	})
	m.items = slices.Insert(m.items, i, it)
}

func (m *model) remove(it *item) bool {
	i := slices.Index(m.items, it)
	if i < 0 {
		return false
	}
	m.items = slices.Delete(m.items, i, i+1)
	return true
}

func (m *model) min() *item {
	if len(m.items) == 0 {
		return nil
	}
	return m.items[0]
}

// A pair is a Heap and its model, with the items that are used on both.
type pair struct {
	t     *testing.T
	heap  timerq.Heap[int]
	model model
	pool  []*item
	born  map[*item]uint64 // which push it was
}

func newPair(t *testing.T, items int) *pair {
	p := &pair{t: t, born: map[*item]uint64{}}
	for i := range items {
		p.pool = append(p.pool, &item{Value: i})
	}
	return p
}

// step pushes item i, due at when, or if it is queued, removes it; then it
// compares what can be seen.
func (p *pair) step(i int, when int64) {
	p.t.Helper()
	it := p.pool[i%len(p.pool)]
	if it.Queued() {
		p.remove(it)
	} else {
		it.When = when
		p.heap.Push(it)
		p.model.push(it)
		p.born[it] = p.heap.Pushed()
		if !it.Queued() {
			p.t.Fatal("item is not Queued after Push")
		}
	}
	p.compare()
}

func (p *pair) remove(it *item) {
	p.t.Helper()
	if got, want := p.heap.Remove(it), p.model.remove(it); got != want {
		p.t.Fatalf("Remove of item %d: %t, want %t", it.Value, got, want)
	}
	if it.Queued() {
		p.t.Fatal("item is Queued after Remove")
	}
}

func (p *pair) compare() {
	p.t.Helper()
	if got, want := p.heap.Len(), len(p.model.items); got != want {
		p.t.Fatalf("Len is %d, want %d", got, want)
	}
	if got, want := p.heap.Min(), p.model.min(); got != want {
		p.t.Fatalf("Min is %v, want %v", got, want)
	}
	half := p.heap.Pushed() / 2
	old := func(it *item) bool { return p.born[it] <= half }
	if got, want := p.heap.HasOf(half), slices.ContainsFunc(p.model.items, old); got != want {
		p.t.Fatalf("HasOf(%d) is %t, want %t", half, got, want)
	}
}

// drain takes out all items in order.
func (p *pair) drain() {
	p.t.Helper()
	for p.heap.Len() > 0 {
		p.remove(p.heap.Min())
		p.compare()
	}
}

func TestAgainstSortedSlice(t *testing.T) {
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		p := newPair(t, 1+rnd.IntN(300))
		span := []int64{1, 3, 100, math.MaxInt64}[rnd.IntN(4)] // of 1, all are equal
		for range 2000 {
			if rnd.IntN(4) == 0 && p.heap.Len() > 0 {
				p.remove(p.heap.Min())
				p.compare()
			} else {
				p.step(rnd.IntN(len(p.pool)), rnd.Int64N(span)-span/2)
			}
		}
		p.drain()
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// FuzzAgainstSortedSlice reads two bytes a step: an item, and when it is due.
func FuzzAgainstSortedSlice(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{1, 5, 2, 5, 3, 4, 1, 0, 4, 5})
	f.Add([]byte{0, 9, 1, 8, 2, 7, 3, 6, 4, 5, 5, 4, 6, 3, 7, 2, 8, 1, 9, 0, 4, 0, 2, 0, 4, 9})
	f.Fuzz(func(t *testing.T, steps []byte) {
		p := newPair(t, 64)
		for len(steps) >= 2 {
			p.step(int(steps[0]), int64(int8(steps[1])))
			steps = steps[2:]
		}
		p.drain()
	})
}

func TestEqualsAreAQueue(t *testing.T) {
	var h timerq.Heap[int]
	items := make([]item, 1000)
	for i := range items {
		items[i] = item{When: int64(i % 3), Value: i}
		h.Push(&items[i])
	}
	// Taken out and put in again, an item stands last.
	h.Remove(&items[0])
	items[0].Value = len(items)
	h.Push(&items[0])
	last := map[int64]int{0: -1, 1: -1, 2: -1}
	for h.Len() > 0 {
		it := h.Min()
		h.Remove(it)
		if it.Value < last[it.When] {
			t.Fatalf("item %d of time %d comes after item %d", it.Value, it.When, last[it.When])
		}
		last[it.When] = it.Value
	}
	if last[0] != len(items) {
		t.Errorf("last item of time 0 is %d, want the one pushed again", last[0])
	}
}

func TestExtremeTimes(t *testing.T) {
	var h timerq.Heap[int]
	times := []int64{math.MaxInt64, 0, math.MinInt64, -1, 1, math.MaxInt64 - 1, math.MinInt64 + 1}
	for _, when := range times {
		h.Push(&item{When: when})
	}
	slices.Sort(times)
	for _, want := range times {
		it := h.Min()
		if it.When != want {
			t.Errorf("due at %d, want %d", it.When, want)
		}
		h.Remove(it)
	}
}

func TestEmpty(t *testing.T) {
	var h timerq.Heap[int]
	var it item
	if h.Len() != 0 || h.Min() != nil || it.Queued() || h.Remove(&it) {
		t.Error("the zero Heap is not empty")
	}
	h.Push(&it)
	if !h.Remove(&it) || h.Remove(&it) {
		t.Error("Remove is not true once and then false")
	}
	if h.Len() != 0 || h.Min() != nil {
		t.Error("the Heap is not empty after its item was removed")
	}
}

// A removed item must be free for the garbage collector, though the heap keeps
// its room.
func TestRemovedItemsAreFreed(t *testing.T) {
	var h timerq.Heap[int]
	var freed []weak.Pointer[item]
	for i := range 100 {
		it := &item{When: int64(i * 7 % 13)}
		freed = append(freed, weak.Make(it))
		h.Push(it)
	}
	for h.Len() > 10 {
		h.Remove(h.Min())
	}
	runtime.GC()
	left := 0
	for _, w := range freed {
		if w.Value() != nil {
			left++
		}
	}
	if left != h.Len() {
		t.Errorf("%d items are left in memory, %d in the heap", left, h.Len())
	}
	runtime.KeepAlive(&h)
}

func TestAllocs(t *testing.T) {
	var h timerq.Heap[int]
	items := make([]item, 16)
	if n := testing.AllocsPerRun(100, func() {
		for i := range items {
			items[i].When = int64(i * 5 % 7)
			h.Push(&items[i])
		}
		for h.Len() > 0 {
			h.Remove(h.Min())
		}
	}); n != 0 {
		t.Errorf("%v allocations a run, want 0", n)
	}
}

// The goroutines of a loop take turns without the race detector's knowing. What
// they do to one heap must not be reported.
func TestTurnsAreNotReported(t *testing.T) {
	var h timerq.Heap[int]
	items := make([]item, 100)
	for i := range items {
		race.Isolate(func() {
			items[i].When = int64(i * 37 % 50)
			h.Push(&items[i])
		})
	}
	for h.Len() > 0 {
		race.Isolate(func() { h.Remove(h.Min()) })
		if it := h.Min(); it != nil && !it.Queued() {
			t.Fatal("Min is not Queued")
		}
	}
}

func BenchmarkPushRemove(b *testing.B) {
	for name, n := range map[string]int{"n=10": 10, "n=1000": 1000, "n=1000000": 1_000_000} {
		b.Run(name, func(b *testing.B) {
			var h timerq.Heap[int]
			items := make([]item, n)
			for i := range items {
				items[i].When = rand.Int64N(int64(n))
				h.Push(&items[i])
			}
			var it item
			when := int64(0)
			for b.Loop() {
				when = (when*6364136223846793005 + 1442695040888963407) & math.MaxInt64
				it.When = when % int64(n)
				h.Push(&it)
				h.Remove(&it)
			}
		})
	}
}
