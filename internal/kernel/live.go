package kernel

import (
	"time"

	"github.com/anyio-go/anyio/internal/quiet"
)

// live are the runs that have not finished, of those that began after KeepRuns.
var live struct {
	on   quiet.Bool
	mu   quiet.Mutex
	runs []*Run // in the order of their begin; guarded by mu
	last uint64 // number given; guarded by mu
}

// A Birth is what is noted of a run that is kept.
type Birth struct {
	Number uint64 // in the process, from 1
	At     time.Time
}

// KeepRuns lets LiveRuns know of all runs that begin from now on, which note when their
// tasks begin to wait. It costs each run and each wait a look at the clock.
//
//go:norace
func KeepRuns() {
	live.on.Store(true)
	if a := Ambient(); a != nil {
		a.timed = true
	}
}

// keep notes that the run begins.
//
//go:norace
func (r *Run) keep() {
	live.mu.Lock()
	defer live.mu.Unlock()
	live.last++
	r.birth = Birth{live.last, time.Now()}
	live.runs = append(live.runs, r)
}

// forget notes that the run is over. It is one of the last, most of the time.
//
//go:norace
func (r *Run) forget() {
	live.mu.Lock()
	defer live.mu.Unlock()
	last := len(live.runs) - 1
	at := last
	for at >= 0 && live.runs[at] != r {
		at--
	}
	if at < 0 {
		return
	}
	for ; at < last; at++ { // package slices would tell the race detector
		live.runs[at] = live.runs[at+1]
	}
	live.runs[last] = nil
	live.runs = live.runs[:last]
}

// LiveRuns are the runs that go on, in the order of their begin. Those of a team are told
// as the one that stands for all. See KeepRuns.
//
//go:norace
func LiveRuns() []*Run {
	live.mu.Lock()
	defer live.mu.Unlock()
	var runs []*Run
	for _, r := range live.runs {
		if r.Whole() == r {
			runs = append(runs, r)
		}
	}
	return runs
}

// Birth tells of the begin of a run that is kept; it is zero for others.
//
//go:norace
func (r *Run) Birth() Birth { return r.birth }
