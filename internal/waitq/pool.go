package waitq

import "sync"

// A Pool is a sync.Pool of one type.
type Pool[T any] struct{ p sync.Pool }

// NewPool makes a pool that makes its values with newT.
func NewPool[T any](newT func() *T) *Pool[T] {
	return &Pool[T]{sync.Pool{New: func() any { return newT() }}}
}

func (p *Pool[T]) Get() *T  { return p.p.Get().(*T) }
func (p *Pool[T]) Put(v *T) { p.p.Put(v) }
