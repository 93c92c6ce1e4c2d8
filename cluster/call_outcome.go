package cluster

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
)

// A call is one that a worker makes for this member.
type call struct {
	n     uint64
	c     *Conn
	place *place
	sent  time.Time
	settlement

	// Under Conn.mu.
	worker     string // the member that has accepted it, "" if nobody has said so
	workerName string
	ending     byte // what the worker was asked: endStop, endCancel
	deadline   time.Time
}

// An outcome is what has become of a call.
type outcome struct {
	kind byte
	data []byte
	err  error // of kindBroken

	deadline time.Time // that was sent with the call
}

// A settlement is the outcome of what is waited for.
type settlement struct {
	settled atomic.Bool
	outcome outcome // written before over
	over    kernel.Latch
}

// settle sets the outcome. The first one counts.
func (s *settlement) settle(o outcome) {
	kernel.Preempt()
	if s.settled.CompareAndSwap(false, true) {
		s.outcome = o
		s.over.Open()
	}
	kernel.PreemptAfter(&s.over, kernel.Changes)
}

// waitFor waits for the outcome, which of knows to come.
func (s *settlement) waitFor(ctx context.Context, op kernel.Op, of kernel.Source) (outcome, error) {
	if err := s.over.WaitFor(ctx, op, of); err != nil {
		return outcome{}, err
	}
	return s.outcome, nil
}

var opCall = kernel.RegisterOp("cluster.Call")

// await waits for the outcome, whatever it is.
func (cl *call) await(ctx context.Context) (outcome, error) { return cl.waitFor(ctx, opCall, cl) }

// Owners says, to who looks from outside, where the call runs.
//
//go:norace
func (cl *call) Owners() kernel.Owners {
	race.Disable()
	defer race.Enable()
	cl.c.mu.Lock()
	worker := cl.workerName
	cl.c.mu.Unlock()
	if worker == "" {
		return kernel.Owners{}
	}
	return kernel.Owners{Who: []kernel.Owner{{Name: cl.place.function + " on " + worker}}}
}
