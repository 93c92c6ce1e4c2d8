package kernel

import (
	"github.com/anyio-go/anyio/internal/quiet"
)

// attentive counts the runs with the trait Preempt or a Watcher that are not over.
var attentive quiet.Int32

// Preempt lets others run where on goroutines they might: before and after an
// operation that does not wait and that other tasks can notice. It does so only in a
// run with the trait Preempt. No lock may be held.
//
// It is meant for what users call: who does such an operation inside this module, under
// a lock or as a part of something that is one step, uses a function without it.
//
//go:norace
func Preempt() {
	if attentive.Load() != 0 {
		preempt(true)
	}
}

// PreemptAfter is Preempt after an operation, and tells what that has touched.
//
//go:norace
func PreemptAfter(object any, a Access) {
	if attentive.Load() != 0 {
		preemptAfter(object, a)
	}
}

//go:norace
func preemptAfter(object any, a Access) {
	touch(object, a)
	preempt(false)
}

// PreemptEnd is PreemptAfter for an operation that has told by Touch what it touches.
//
//go:norace
func PreemptEnd() {
	if attentive.Load() != 0 {
		preempt(false)
	}
}

//go:norace
func preempt(begins bool) {
	t := LoopTask()
	if t == nil {
		return
	}
	if t.run.Preempt && t.run.unpreemptible == 0 {
		t.run.Yield(true)
	}
	if begins && t.run.Watcher != nil {
		t.run.Watcher.Begin()
	}
}

// Unpreempted calls a user's function inside an operation that is one step: in it
// Preempt does nothing.
//
//go:norace
func Unpreempted(f func()) {
	if attentive.Load() != 0 {
		if t := LoopTask(); t != nil {
			t.run.addUnpreemptible(1)
			defer t.run.addUnpreemptible(-1)
		}
	}
	f()
}

//go:norace
func (r *Run) addUnpreemptible(n int) { r.unpreemptible += n }
