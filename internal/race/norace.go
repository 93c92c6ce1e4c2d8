//go:build !race

// Package race lets the schedulers of this module tell the race detector which
// of their switches are true synchronization, and which are only bookkeeping.
// Without -race every function is an empty one that the compiler removes.
package race

import "unsafe"

const Enabled = false

func Disable()                    {}
func Enable()                     {}
func Acquire(unsafe.Pointer)      {}
func ReleaseMerge(unsafe.Pointer) {}
func Begin()                      {}
func Begun()                      {}
func Isolate(f func())            { f() }

func Apart(_ unsafe.Pointer, f func()) { f() }

func ReadRange([]byte)  {}
func WriteRange([]byte) {}

type Edge struct{}

func NewEdge() Edge     { return Edge{} }
func (e Edge) Acquire() {}
