//go:build race

// Package quiet has the locks and atomics of bookkeeping: what is done under or
// through them is no synchronization for the race detector. Two tasks that share a
// list, a counter, or a state word of the library are not ordered by that, and what
// is a race between them must be reported.
//
// The memory that such locks guard is touched without an edge, too, and so only by
// functions that are marked go:norace. The edges that are promised are made by hand,
// with package race. Without -race these are the types of package sync.
package quiet

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// quietly calls f, whose synchronization the detector does not see.
func quietly(f func()) {
	runtime.RaceDisable()
	f()
	runtime.RaceEnable()
}

// A Mutex is a sync.Mutex.
type Mutex struct{ m sync.Mutex }

func (m *Mutex) Lock()   { quietly(m.m.Lock) }
func (m *Mutex) Unlock() { quietly(m.m.Unlock) }

// An RWMutex is a sync.RWMutex.
type RWMutex struct{ m sync.RWMutex }

func (m *RWMutex) Lock()    { quietly(m.m.Lock) }
func (m *RWMutex) Unlock()  { quietly(m.m.Unlock) }
func (m *RWMutex) RLock()   { quietly(m.m.RLock) }
func (m *RWMutex) RUnlock() { quietly(m.m.RUnlock) }

// A Once is a sync.Once. What f does is seen by the detector as done by whoever was
// first, and by the others as not done.
type Once struct {
	m    Mutex
	done Bool
}

func (o *Once) Do(f func()) {
	if o.done.Load() {
		return
	}
	o.m.Lock()
	defer o.m.Unlock()
	if !o.done.Load() {
		defer o.done.Store(true)
		f()
	}
}

type (
	Bool   = word[bool, atomic.Bool, *atomic.Bool]
	Int32  = number[int32, atomic.Int32, *atomic.Int32]
	Int64  = number[int64, atomic.Int64, *atomic.Int64]
	Uint32 = number[uint32, atomic.Uint32, *atomic.Uint32]
	Uint64 = number[uint64, atomic.Uint64, *atomic.Uint64]
	Value  = word[any, atomic.Value, *atomic.Value]

	Pointer[T any] = word[*T, atomic.Pointer[T], *atomic.Pointer[T]]
)

// A word is an A of package sync/atomic, which holds a V.
type word[V, A any, P atom[V, A]] struct{ a A }

type atom[V, A any] interface {
	*A
	Load() V
	Store(V)
	Swap(V) V
	CompareAndSwap(old, v V) bool
}

func (x *word[V, A, P]) Load() (v V) {
	quietly(func() { v = P(&x.a).Load() })
	return v
}

func (x *word[V, A, P]) Store(v V) {
	quietly(func() { P(&x.a).Store(v) })
}

func (x *word[V, A, P]) Swap(v V) (old V) {
	quietly(func() { old = P(&x.a).Swap(v) })
	return old
}

func (x *word[V, A, P]) CompareAndSwap(old, v V) (swapped bool) {
	quietly(func() { swapped = P(&x.a).CompareAndSwap(old, v) })
	return swapped
}

// A number is a word to count and to keep bits in.
type number[V, A any, P interface {
	atom[V, A]
	Add(V) V
	And(V) V
	Or(V) V
}] struct{ word[V, A, P] }

func (x *number[V, A, P]) Add(v V) (sum V) {
	quietly(func() { sum = P(&x.a).Add(v) })
	return sum
}

func (x *number[V, A, P]) And(v V) (old V) {
	quietly(func() { old = P(&x.a).And(v) })
	return old
}

func (x *number[V, A, P]) Or(v V) (old V) {
	quietly(func() { old = P(&x.a).Or(v) })
	return old
}

// A State is a Uint32 that begins with a value of its own.
type State struct{ Uint32 }

// Begin sets the value while nobody else knows the State.
func (s *State) Begin(v uint32) { s.Store(v) }

// A Pool makes a value for each Get: who gets what another one has put would be
// ordered after it.
type Pool[T any] struct{ newT func() *T }

// NewPool makes a pool that makes its values with newT.
func NewPool[T any](newT func() *T) *Pool[T] { return &Pool[T]{newT} }

func (p *Pool[T]) Get() *T { return p.newT() }
func (p *Pool[T]) Put(*T)  {}
