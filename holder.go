package anyio

import (
	"strconv"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/waitq"
)

// taskNames finds the names of the tasks that run on goroutines. It looks at the
// tasks of each run once.
type taskNames map[*kernel.Run]map[int64]string

// of is the name of the task that run has on a goroutine, or "goroutine 12" if
// there is none. run may be nil.
func (n taskNames) of(goid int64, run *kernel.Run) string {
	byID, known := n[run]
	if !known && run != nil {
		byID = make(map[int64]string)
		for _, v := range run.Tasks() {
			byID[v.Task.GoroutineID()] = v.Task.Name()
		}
		n[run] = byID
	}
	if name, ok := byID[goid]; ok {
		return name
	}
	return "goroutine " + strconv.FormatInt(goid, 10)
}

// A claimant is one wait for something that is granted to a holder by name.
type claimant struct {
	kernel.Waiter
	goid     int64       // who waits
	run      *kernel.Run // in which
	key      borrowerKey // of a CapacityLimiter
	notified notice      // of a Condition
	node     waitq.Node[*claimant]
}

var claimants = waitq.NewPool(func() *claimant {
	c := &claimant{}
	c.node.Value = c
	return c
})

// putClaimant gives back a claimant that waits no more and stands in no queue.
func putClaimant(c *claimant) {
	c.run, c.key, c.notified = nil, borrowerKey{}, notNotified
	claimants.Put(c)
}

// claims is a FIFO queue of claimants, guarded by the primitive's mutex.
type claims struct{ waitq.Queue[*claimant] }

// wakeFirst ends the wait of the first claimant that still waits and returns it,
// to be unparked after the mutex is released; nil if there is none.
func (q *claims) wakeFirst() *claimant {
	for n := q.Pop(); n != nil; n = q.Pop() {
		if n.Value.Wake() {
			return n.Value
		}
	}
	return nil
}
