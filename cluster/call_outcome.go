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

	settled atomic.Bool
	outcome outcome // written before over
	over    kernel.Latch

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

// settle gives the call its outcome. The first one counts.
func (cl *call) settle(o outcome) {
	kernel.Preempt()
	if cl.settled.CompareAndSwap(false, true) {
		cl.outcome = o
		cl.over.Open()
	}
	kernel.PreemptAfter(&cl.over, kernel.Changes)
}

var opCall = kernel.RegisterOp("cluster.Call")

// await waits for the outcome, whatever it is.
func (cl *call) await(ctx context.Context) (outcome, error) {
	if err := cl.over.WaitFor(ctx, opCall, cl); err != nil {
		return outcome{}, err
	}
	return cl.outcome, nil
}

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
