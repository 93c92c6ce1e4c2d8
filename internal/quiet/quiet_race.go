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

// A Mutex is a sync.Mutex.
type Mutex struct{ m sync.Mutex }

func (m *Mutex) Lock() {
	runtime.RaceDisable()
	m.m.Lock()
	runtime.RaceEnable()
}

func (m *Mutex) Unlock() {
	runtime.RaceDisable()
	m.m.Unlock()
	runtime.RaceEnable()
}

// An RWMutex is a sync.RWMutex.
type RWMutex struct{ m sync.RWMutex }

func (m *RWMutex) Lock() {
	runtime.RaceDisable()
	m.m.Lock()
	runtime.RaceEnable()
}

func (m *RWMutex) Unlock() {
	runtime.RaceDisable()
	m.m.Unlock()
	runtime.RaceEnable()
}

func (m *RWMutex) RLock() {
	runtime.RaceDisable()
	m.m.RLock()
	runtime.RaceEnable()
}

func (m *RWMutex) RUnlock() {
	runtime.RaceDisable()
	m.m.RUnlock()
	runtime.RaceEnable()
}

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

// An Int32 is an atomic.Int32.
type Int32 struct{ v atomic.Int32 }

func (x *Int32) Load() int32 {
	runtime.RaceDisable()
	v := x.v.Load()
	runtime.RaceEnable()
	return v
}

func (x *Int32) Store(n int32) {
	runtime.RaceDisable()
	x.v.Store(n)
	runtime.RaceEnable()
}

func (x *Int32) Add(n int32) int32 {
	runtime.RaceDisable()
	v := x.v.Add(n)
	runtime.RaceEnable()
	return v
}

func (x *Int32) And(n int32) int32 {
	runtime.RaceDisable()
	v := x.v.And(n)
	runtime.RaceEnable()
	return v
}

func (x *Int32) Or(n int32) int32 {
	runtime.RaceDisable()
	v := x.v.Or(n)
	runtime.RaceEnable()
	return v
}

func (x *Int32) Swap(n int32) int32 {
	runtime.RaceDisable()
	v := x.v.Swap(n)
	runtime.RaceEnable()
	return v
}

func (x *Int32) CompareAndSwap(old, n int32) bool {
	runtime.RaceDisable()
	v := x.v.CompareAndSwap(old, n)
	runtime.RaceEnable()
	return v
}

// An Int64 is an atomic.Int64.
type Int64 struct{ v atomic.Int64 }

func (x *Int64) Load() int64 {
	runtime.RaceDisable()
	v := x.v.Load()
	runtime.RaceEnable()
	return v
}

func (x *Int64) Store(n int64) {
	runtime.RaceDisable()
	x.v.Store(n)
	runtime.RaceEnable()
}

func (x *Int64) Add(n int64) int64 {
	runtime.RaceDisable()
	v := x.v.Add(n)
	runtime.RaceEnable()
	return v
}

func (x *Int64) And(n int64) int64 {
	runtime.RaceDisable()
	v := x.v.And(n)
	runtime.RaceEnable()
	return v
}

func (x *Int64) Or(n int64) int64 {
	runtime.RaceDisable()
	v := x.v.Or(n)
	runtime.RaceEnable()
	return v
}

func (x *Int64) Swap(n int64) int64 {
	runtime.RaceDisable()
	v := x.v.Swap(n)
	runtime.RaceEnable()
	return v
}

func (x *Int64) CompareAndSwap(old, n int64) bool {
	runtime.RaceDisable()
	v := x.v.CompareAndSwap(old, n)
	runtime.RaceEnable()
	return v
}

// A Uint32 is an atomic.Uint32.
type Uint32 struct{ v atomic.Uint32 }

func (x *Uint32) Load() uint32 {
	runtime.RaceDisable()
	v := x.v.Load()
	runtime.RaceEnable()
	return v
}

func (x *Uint32) Store(n uint32) {
	runtime.RaceDisable()
	x.v.Store(n)
	runtime.RaceEnable()
}

func (x *Uint32) Add(n uint32) uint32 {
	runtime.RaceDisable()
	v := x.v.Add(n)
	runtime.RaceEnable()
	return v
}

func (x *Uint32) And(n uint32) uint32 {
	runtime.RaceDisable()
	v := x.v.And(n)
	runtime.RaceEnable()
	return v
}

func (x *Uint32) Or(n uint32) uint32 {
	runtime.RaceDisable()
	v := x.v.Or(n)
	runtime.RaceEnable()
	return v
}

func (x *Uint32) Swap(n uint32) uint32 {
	runtime.RaceDisable()
	v := x.v.Swap(n)
	runtime.RaceEnable()
	return v
}

func (x *Uint32) CompareAndSwap(old, n uint32) bool {
	runtime.RaceDisable()
	v := x.v.CompareAndSwap(old, n)
	runtime.RaceEnable()
	return v
}

// A Uint64 is an atomic.Uint64.
type Uint64 struct{ v atomic.Uint64 }

func (x *Uint64) Load() uint64 {
	runtime.RaceDisable()
	v := x.v.Load()
	runtime.RaceEnable()
	return v
}

func (x *Uint64) Store(n uint64) {
	runtime.RaceDisable()
	x.v.Store(n)
	runtime.RaceEnable()
}

func (x *Uint64) Add(n uint64) uint64 {
	runtime.RaceDisable()
	v := x.v.Add(n)
	runtime.RaceEnable()
	return v
}

func (x *Uint64) And(n uint64) uint64 {
	runtime.RaceDisable()
	v := x.v.And(n)
	runtime.RaceEnable()
	return v
}

func (x *Uint64) Or(n uint64) uint64 {
	runtime.RaceDisable()
	v := x.v.Or(n)
	runtime.RaceEnable()
	return v
}

func (x *Uint64) Swap(n uint64) uint64 {
	runtime.RaceDisable()
	v := x.v.Swap(n)
	runtime.RaceEnable()
	return v
}

func (x *Uint64) CompareAndSwap(old, n uint64) bool {
	runtime.RaceDisable()
	v := x.v.CompareAndSwap(old, n)
	runtime.RaceEnable()
	return v
}

// A Bool is an atomic.Bool.
type Bool struct{ v atomic.Bool }

func (x *Bool) Load() bool {
	runtime.RaceDisable()
	v := x.v.Load()
	runtime.RaceEnable()
	return v
}

func (x *Bool) Store(b bool) {
	runtime.RaceDisable()
	x.v.Store(b)
	runtime.RaceEnable()
}

func (x *Bool) Swap(b bool) bool {
	runtime.RaceDisable()
	v := x.v.Swap(b)
	runtime.RaceEnable()
	return v
}

func (x *Bool) CompareAndSwap(old, b bool) bool {
	runtime.RaceDisable()
	v := x.v.CompareAndSwap(old, b)
	runtime.RaceEnable()
	return v
}

// A Pointer is an atomic.Pointer.
type Pointer[T any] struct{ v atomic.Pointer[T] }

func (x *Pointer[T]) Load() *T {
	runtime.RaceDisable()
	v := x.v.Load()
	runtime.RaceEnable()
	return v
}

func (x *Pointer[T]) Store(p *T) {
	runtime.RaceDisable()
	x.v.Store(p)
	runtime.RaceEnable()
}

func (x *Pointer[T]) Swap(p *T) *T {
	runtime.RaceDisable()
	v := x.v.Swap(p)
	runtime.RaceEnable()
	return v
}

func (x *Pointer[T]) CompareAndSwap(old, p *T) bool {
	runtime.RaceDisable()
	v := x.v.CompareAndSwap(old, p)
	runtime.RaceEnable()
	return v
}

// A Value is an atomic.Value.
type Value struct{ v atomic.Value }

func (x *Value) Load() any {
	runtime.RaceDisable()
	v := x.v.Load()
	runtime.RaceEnable()
	return v
}

func (x *Value) CompareAndSwap(old, v any) bool {
	runtime.RaceDisable()
	ok := x.v.CompareAndSwap(old, v)
	runtime.RaceEnable()
	return ok
}

// A Pool makes a value for each Get: who gets what another one has put would be
// ordered after it.
type Pool[T any] struct{ newT func() *T }

// NewPool makes a pool that makes its values with newT.
func NewPool[T any](newT func() *T) *Pool[T] { return &Pool[T]{newT} }

func (p *Pool[T]) Get() *T { return p.newT() }
func (p *Pool[T]) Put(*T)  {}
