package anyio

import (
	"fmt"
	"strconv"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/waitq"
)

// taskFinder tells which task kernel.Caller identifies. It looks at the tasks of each
// run once.
type taskFinder map[*kernel.Run]map[int64]TaskInfo

// on is the task of run, which may be nil, that id identifies. A goroutine that is no
// task of the run is described by the name "goroutine 12" and the ID 0.
func (f taskFinder) on(id int64, run *kernel.Run) *TaskInfo {
	tasks, looked := f[run]
	if !looked && run != nil {
		tasks = make(map[int64]TaskInfo)
		for _, v := range run.Tasks() {
			if !v.Task.Finished() {
				tasks[v.Task.HolderID()] = describeView(v, nil)
			}
		}
		f[run] = tasks
	}
	info, ok := tasks[id]
	if !ok {
		info = TaskInfo{Name: "goroutine " + strconv.FormatInt(id, 10), State: TaskReady}
	}
	return &info
}

// A claimant is one wait for something that is granted to a holder by name.
type claimant struct {
	kernel.Waiter
	id       int64         // who waits, see kernel.Caller
	run      *kernel.Run   // in which
	key      borrowerKey   // of a CapacityLimiter
	seat     *blockingSeat // of a CapacityLimiter, in place of key
	rw       *rwHold       // of an RWLock
	notified notice        // of a Condition
	err      error         // of what broke while it was waited for, by whom woke it
	node     waitq.Node[*claimant]
}

var claimants = quiet.NewPool(func() *claimant {
	c := &claimant{}
	c.node.Value = c
	return c
})

// putClaimant gives back a claimant that waits no more and stands in no queue.
func putClaimant(c *claimant) {
	c.run, c.key, c.seat, c.rw, c.notified, c.err = nil, borrowerKey{}, nil, nil, notNotified, nil
	c.Forget()
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

// breakAll ends the waits of all with an error, to be unparked after the mutex is
// released.
func (q *claims) breakAll(err error, woken *kernel.Woken) {
	for c := q.wakeFirst(); c != nil; c = q.wakeFirst() {
		c.err = err
		woken.Add(&c.Waiter)
	}
}

// wait waits until the claim of a primitive is granted. If it was canceled, it may still be
// queued.
func (c *claimant) wait(p kernel.Place, of any) (granted bool, err error) {
	err = c.Wait(p)
	kernel.Touch(of, kernel.Looks)
	if err != nil {
		return false, err
	}
	return c.err == nil, c.err
}

// abandoned is the error about what, which somebody has taken to his end and which is
// broken by that.
func abandoned(who, what, place string) error {
	return notReleased(who, what, place, "as Do does; until Reset, Acquire fails with ErrBroken")
}

func notReleased(who, what, place, consequence string) error {
	if place != "" {
		what += ", acquired at " + place
	}
	return misuse(fmt.Sprintf("%s ended without releasing %s: release it in the same task, %s", who, what, consequence))
}
