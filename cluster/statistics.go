package cluster

import (
	"errors"
	"math"
	"sync"
	"sync/atomic"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/remote"
	"github.com/anyio-go/anyio/process"
)

// Statistics are numbers of a member since it was opened.
type Statistics struct {
	// The calls that it has begun are over by now, or go on. They are done if the function
	// has returned a value, and failed if it has returned an error, or panicked; they are
	// broken if that is unknown. A call that was not made was refused: there was no worker,
	// or no room, or the function had other types.
	Begun, Done, Failed, Broken, Canceled, Refused int64
	Waited                                         int64 // calls that had to wait for room

	Served int64 // calls that its workers have taken
	Busy   int64 // calls that they have refused, as they had no room

	Submitted    int64 // jobs that it has stored
	JobsTaken    int64 // attempts of jobs that its workers have begun
	JobsDone     int64 // that have ended with a result
	JobsRetried  int64 // that have led to another attempt
	JobsReturned int64 // jobs that were handed back, as the worker ended or had no room
	JobsDead     int64 // jobs that have become dead letters

	Running  int64 // calls and jobs that its workers run now
	Capacity int64 // how many they have room for
}

// Statistics returns the numbers of this member. Those of all members of a process are
// published by package inspect/vars and by module otelanyio.
func (c *Conn) Statistics() Statistics {
	c.mu.Lock()
	capacity := capacityOf(c.workers)
	c.mu.Unlock()
	n := &c.counts
	return Statistics{
		Begun: n[callsBegun].Load(), Done: n[callsDone].Load(), Failed: n[callsFailed].Load(), Broken: n[callsBroken].Load(),
		Canceled: n[callsCanceled].Load(), Refused: n[callsRefused].Load(), Waited: n[callsWaited].Load(),
		Served: n[callsServed].Load(), Busy: n[callsBusy].Load(),
		Submitted: n[jobsSubmitted].Load(), JobsTaken: n[jobsTaken].Load(), JobsDone: n[jobsDone].Load(),
		JobsRetried: n[jobsRetried].Load(), JobsReturned: n[jobsReturned].Load(), JobsDead: n[jobsDead].Load(),
		Running: n[runningNow].Load(), Capacity: capacity,
	}
}

// counted is what is counted.
type counted int

const (
	callsBegun counted = iota
	callsWaited
	callsDone
	callsFailed
	callsBroken
	callsCanceled
	callsRefused
	callsServed
	callsBusy
	runningNow
	jobsSubmitted
	jobsTaken
	jobsDone
	jobsRetried
	jobsReturned
	jobsDead
	countedKinds
)

// names are those for inspect.ClusterNumbers.
var names = [countedKinds][2]string{
	{"calls", "begun"}, {"calls", "waited"}, {"calls", "done"}, {"calls", "failed"}, {"calls", "broken"}, {"calls", "canceled"}, {"calls", "refused"},
	{"workers", "served"}, {"workers", "busy"}, {"workers", "running"},
	{"jobs", "submitted"}, {"jobs", "taken"}, {"jobs", "done"}, {"jobs", "retried"}, {"jobs", "returned"}, {"jobs", "dead"},
}

type counts [countedKinds]atomic.Int64

// all is of all members of this process.
var all struct {
	counts
	mu      sync.Mutex
	workers []*worker
}

func (c *Conn) count(what counted, n int64) {
	c.counts[what].Add(n)
	all.counts[what].Add(n)
}

func init() {
	remote.Numbers = func() map[string]map[string]int64 {
		n := map[string]map[string]int64{"calls": {}, "workers": {}, "jobs": {}}
		for i := countedKinds - 1; i >= 0; i-- { // so that no more have ended than have begun
			n[names[i][0]][names[i][1]] = all.counts[i].Load()
		}
		all.mu.Lock()
		defer all.mu.Unlock()
		n["workers"]["capacity"] = capacityOf(all.workers)
		return n
	}
}

// capacityOf is how much room there is in all. Workers may share a limiter.
func capacityOf(workers []*worker) (n int64) {
	seen := map[*anyio.CapacityLimiter]bool{}
	for _, w := range workers {
		if !seen[w.limiter] {
			seen[w.limiter] = true
			n += min(int64(w.limiter.TotalTokens()), math.MaxInt64-n)
		}
	}
	return n
}

// countEnd counts a call that is over.
func (c *Conn) countEnd(err error) {
	what := callsDone
	if err != nil {
		_, broken := errors.AsType[*process.BrokenWorkerError](err)
		_, failed := errors.AsType[*process.RemoteError](err)
		switch {
		case anyio.IsCancellation(err):
			what = callsCanceled
		case broken:
			what = callsBroken
		case failed:
			what = callsFailed
		default:
			what = callsRefused
		}
	}
	c.count(what, 1)
}

// acquire takes room for a call or a job, if there is some.
func (s *worker) acquire(by any) bool {
	if s.limiter.TryAcquireOnBehalfOf(by) != nil {
		return false
	}
	s.c.count(runningNow, 1)
	return true
}

func (s *worker) release(by any) {
	s.c.count(runningNow, -1)
	s.limiter.ReleaseOnBehalfOf(by)
}
