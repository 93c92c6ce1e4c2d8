package kernel

import "github.com/anyio-go/anyio/internal/quiet"

// An Intruder acts between the steps of a simulated run.
type Intruder interface {
	// BeforeStep is called before t runs, on the goroutine of whichever task ran
	// last, unseen by the race detector: mark it go:norace. What it returns, if not
	// nil, is run before the step as if by another goroutine: it may cancel a scope.
	BeforeStep(step uint64, t *Task) func()
}

// observer is told of every new run.
var observer quiet.Pointer[func(*Run)]

// ObserveRuns lets f see every run that is made from now on; for leak checks.
//
//go:norace
func ObserveRuns(f func(*Run)) { observer.Store(&f) }
