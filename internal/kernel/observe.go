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

// idle ends the goroutines that a backend keeps for runs to come.
var idle []func()

// RegisterIdle adds to what EndIdle does. Call it while packages are initialized.
//
//go:norace
func RegisterIdle(end func()) { idle = append(idle, end) }

// EndIdle ends the goroutines that are kept for runs to come; for leak checks.
//
//go:norace
func EndIdle() {
	for _, end := range idle {
		end()
	}
}
