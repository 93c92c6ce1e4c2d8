package kernel

import "sync/atomic"

// An Intruder acts between the steps of a simulated run.
type Intruder interface {
	// BeforeStep is called before t runs, on the goroutine of whichever task ran
	// last, unseen by the race detector: mark it go:norace. What it returns, if not
	// nil, is run before the step as if by another goroutine: it may cancel a scope.
	BeforeStep(step uint64, t *Task) func()
}

// observer is told of every new run.
var observer atomic.Pointer[func(*Run)]

// ObserveRuns lets f see every run that is made from now on; for leak checks.
func ObserveRuns(f func(*Run)) { observer.Store(&f) }
