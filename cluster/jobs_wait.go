package cluster

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A jobWait is a wait of a task for the end of a job.
type jobWait struct {
	n            uint64
	id, function string // of the job
	task         *kernel.Task
	since        time.Time
	deadline     time.Time // zero if it has none

	mu    sync.Mutex
	told  *outcome    // nil until it is over
	round *settlement // what the task waits for now
}

var opJob = kernel.RegisterOp("Job.Await")

// Owners says, to who looks from outside, what is waited for. Where that runs only other
// members know.
//
//go:norace
func (w *jobWait) Owners() kernel.Owners {
	return kernel.Owners{Who: []kernel.Owner{{Name: "job " + w.id}}}
}

// begin makes a wait known.
func (st *jobStore) begin(ctx context.Context, id, function string) (*jobWait, error) {
	w := &jobWait{id: id, function: function, task: kernel.Locate(ctx).Task(), since: st.c.bus.now()}
	w.deadline, _ = anyio.EffectiveDeadline(ctx)
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.closed {
		return nil, errClosed("the connection")
	}
	st.last++
	w.n = st.last
	st.waits[w.n] = w
	return w, nil
}

// tell ends the wait. The first one who does counts.
func (w *jobWait) tell(o outcome) {
	w.mu.Lock()
	if w.told == nil {
		w.told = &o
	}
	round := w.round
	w.mu.Unlock()
	if round != nil {
		round.settle(o)
	}
}

// wait waits until that, or for a time. That is no deadline of the task, which people would
// take for its own.
func (st *jobStore) wait(ctx context.Context, w *jobWait, most time.Duration) (told outcome, late bool, err error) {
	round := &settlement{}
	w.mu.Lock()
	w.round = round
	already := w.told
	w.mu.Unlock()
	if already != nil {
		return *already, false, nil
	}
	stop := st.c.bus.after(most, func() { round.settle(outcome{kind: kindNobody}) })
	defer stop()
	told, err = round.waitFor(ctx, opJob, w)
	return told, told.kind == kindNobody, err
}

func (st *jobStore) end(w *jobWait) {
	st.mu.Lock()
	defer st.mu.Unlock()
	delete(st.waits, w.n)
}

// close ends all waits.
func (st *jobStore) close() {
	st.mu.Lock()
	st.closed = true
	waits := inOrder(st.waits, cmp.Compare)
	st.mu.Unlock()
	for _, w := range waits {
		w.tell(outcome{err: errClosed("the connection")})
	}
}

// waiting are the oldest waits for jobs, and how many more there are.
func (st *jobStore) waiting() (list []CallInfo, more int) {
	now := st.c.bus.now()
	st.mu.Lock()
	defer st.mu.Unlock()
	numbers := slices.Sorted(maps.Keys(st.waits))
	more = max(len(numbers)-mostTold, 0)
	for _, n := range numbers[:len(numbers)-more] {
		w := st.waits[n]
		list = append(list, CallInfo{
			Function: w.function, Caller: st.c.id, Job: w.id,
			Task: refOf(w.task), For: now.Sub(w.since), Deadline: left(w.deadline, now),
		})
	}
	return list, more
}
