package kernel

import "github.com/anyio-go/anyio/internal/quiet"

// preempting counts the runs with the trait Preempt that are not over.
var preempting quiet.Int32

// Preempt lets others run where on goroutines they might: before and after an
// operation that does not wait and that other tasks can notice. It does so only in a
// run with the trait Preempt. No lock may be held.
//
// It is meant for what users call: who does such an operation inside this module, under
// a lock or as a part of something that is one step, uses a function without it.
//
//go:norace
func Preempt() {
	if preempting.Load() != 0 {
		preempt()
	}
}

//go:norace
func preempt() {
	if t := LoopTask(); t != nil && t.run.Preempt && t.run.unpreemptible == 0 {
		t.run.Yield(true)
	}
}

// Unpreempted calls a user's function inside an operation that is one step: in it
// Preempt does nothing.
//
//go:norace
func Unpreempted(f func()) {
	if preempting.Load() != 0 {
		if t := LoopTask(); t != nil {
			t.run.addUnpreemptible(1)
			defer t.run.addUnpreemptible(-1)
		}
	}
	f()
}

//go:norace
func (r *Run) addUnpreemptible(n int) { r.unpreemptible += n }
