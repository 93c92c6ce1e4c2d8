package anyiotest

import (
	"context"
	"fmt"
	"unsafe"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
)

// An injector counts the schedule points of a scope's body and cancels the scope
// at one of them. The tasks of a simulated run call it in turns, so it is hidden
// from the race detector, which would lose sight of races between them otherwise.
type injector struct {
	at     int           // the point: 0 before the body, k before the k-th step, -1 never
	scope  *kernel.Scope // nil before and after the body
	points int           // steps so far
	fired  bool
	before *kernel.Task // who was to run when it fired
}

// around runs the body and counts.
func (in *injector) around(ctx context.Context, body func(ctx context.Context) error) error {
	in.begin(kernel.Locate(ctx).S)
	defer in.end()
	return body(ctx)
}

// begin starts the count. It is called by the body's task.
//
//go:norace
func (in *injector) begin(s *kernel.Scope) {
	race.ReleaseMerge(unsafe.Pointer(in)) // s is handed over
	in.scope = s
	if in.at == 0 {
		in.fired = true
		in.cancel(s)
	}
}

// end stops the count.
//
//go:norace
func (in *injector) end() { in.scope = nil }

// BeforeStep is called by the simulator.
//
//go:norace
func (in *injector) BeforeStep(_ uint64, t *kernel.Task) func() {
	s := in.scope
	if s == nil {
		return nil
	}
	in.points++
	if in.points != in.at {
		return nil
	}
	in.fired, in.before = true, t
	return func() { in.cancel(s) }
}

func (in *injector) cancel(s *kernel.Scope) {
	race.Acquire(unsafe.Pointer(in))
	s.Cancel(&kernel.Cause{Reason: "canceled by anyiotest.CancelEverywhere"})
}

// String says where it canceled. It is for the time after the run.
func (in *injector) String() string {
	switch {
	case !in.fired:
		return "not canceled"
	case in.before == nil:
		return "canceled before the scenario began"
	}
	return fmt.Sprintf("canceled at schedule point %d, when task %q was to run", in.at, in.before.Name())
}

// intruded is a backend whose runs have somebody between their steps.
type intruded struct {
	anyio.Backend
	in kernel.Intruder
}

// NewRun makes a run; it is called by anyio.Run.
func (b intruded) NewRun(ctx context.Context, cfg kernel.Config) (*kernel.Run, error) {
	r, err := kernel.MakerOf(b.Backend).NewRun(ctx, cfg)
	if err == nil {
		r.Intruder = b.in
	}
	return r, err
}
