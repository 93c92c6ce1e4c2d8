//go:build !race

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
	"sync"
	"sync/atomic"
)

type (
	Mutex   = sync.Mutex
	RWMutex = sync.RWMutex
	Once    = sync.Once
	Bool    = atomic.Bool
	Int32   = atomic.Int32
	Int64   = atomic.Int64
	Uint32  = atomic.Uint32
	Uint64  = atomic.Uint64
	Value   = atomic.Value

	Pointer[T any] = atomic.Pointer[T]
)

// A State is a Uint32 that begins with a value of its own. On amd64 an atomic store
// costs a tenth of what opening a scope does.
type State struct{ v uint32 }

// Begin sets the value while nobody else knows the State.
func (s *State) Begin(v uint32) { s.v = v }

func (s *State) Load() uint32              { return atomic.LoadUint32(&s.v) }
func (s *State) Or(v uint32) (old uint32)  { return atomic.OrUint32(&s.v, v) }
func (s *State) And(v uint32) (old uint32) { return atomic.AndUint32(&s.v, v) }
func (s *State) Add(v uint32) (sum uint32) { return atomic.AddUint32(&s.v, v) }
func (s *State) CompareAndSwap(old, v uint32) (swapped bool) {
	return atomic.CompareAndSwapUint32(&s.v, old, v)
}

// A Pool is a sync.Pool of one type. Under -race nothing is used again: who gets
// what another one has put would be ordered after it.
type Pool[T any] struct{ p sync.Pool }

// NewPool makes a pool that makes its values with newT.
func NewPool[T any](newT func() *T) *Pool[T] {
	return &Pool[T]{sync.Pool{New: func() any { return newT() }}}
}

func (p *Pool[T]) Get() *T  { return p.p.Get().(*T) }
func (p *Pool[T]) Put(v *T) { p.p.Put(v) }
