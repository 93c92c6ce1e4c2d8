package vars

import (
	"cmp"
	"expvar"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/inspect"
	"github.com/anyio-go/anyio/internal/kernel"
)

// Publish publishes the variable "anyio". Further calls do nothing.
func Publish() { publish() }

var publish = sync.OnceFunc(func() {
	c := &counts{}
	inspect.Hook(inspect.Hooks{
		TaskBegan:  func(inspect.TaskEvent) { c.began.Add(1) },
		TaskEnded:  c.ended,
		LoopTurned: c.turned,
	})
	expvar.Publish("anyio", expvar.Func(func() any { return c.numbers() }))
})

// counts is what is counted as it happens.
type counts struct {
	began, finished, canceled, failed atomic.Int64
	loops                             sync.Map // of loopID to *lateness: a loop writes to its own alone
}

type loopID struct {
	run   uint64
	index int
}

type lateness struct{ times, sum, max atomic.Int64 }

func (c *counts) ended(_ inspect.TaskEvent, outcome anyio.Status, _ error) {
	switch outcome {
	case anyio.Finished:
		c.finished.Add(1)
	case anyio.Canceled:
		c.canceled.Add(1)
	case anyio.Failed:
		c.failed.Add(1)
	}
}

func (c *counts) turned(turn inspect.TurnEvent) {
	if turn.Behind <= 0 {
		return
	}
	id := loopID{turn.ID, turn.Loop}
	v, ok := c.loops.Load(id)
	if !ok {
		v, _ = c.loops.LoadOrStore(id, &lateness{})
	}
	l := v.(*lateness)
	l.times.Add(1)
	l.sum.Add(int64(turn.Behind))
	l.max.Store(max(l.max.Load(), int64(turn.Behind)))
}

// numbers is the variable.
type numbers struct {
	Runs   map[string]int   `json:"runs"`
	Tasks  map[string]int64 `json:"tasks"`
	Waits  map[string]int   `json:"waits"`
	Longer map[string]int   `json:"longer"`
	Loops  []loopNumbers    `json:"loops"`
	// Cluster is what inspect.ClusterNumbers returns.
	Cluster map[string]map[string]int64 `json:"cluster,omitempty"`
}

type loopNumbers struct {
	Run   uint64      `json:"run"`
	Index int         `json:"loop"`
	Late  lateNumbers `json:"late"`
}

type lateNumbers struct {
	Times int64 `json:"times"`
	Sum   int64 `json:"sumNs"`
	Max   int64 `json:"maxNs"`
}

// bounds are those of Longer.
var bounds = []struct {
	name string
	d    time.Duration
}{{"1s", time.Second}, {"10s", 10 * time.Second}, {"1m", time.Minute}, {"10m", 10 * time.Minute}}

// numbers makes the variable.
func (c *counts) numbers() *numbers {
	n := &numbers{
		Cluster: inspect.ClusterNumbers(),
		Runs:    map[string]int{}, Waits: map[string]int{}, Longer: map[string]int{}, Loops: []loopNumbers{},
		Tasks: map[string]int64{
			"ready": 0, "waiting": 0,
			// What has ended is read first: no more of it is told than has begun.
			"finished": c.finished.Load(), "canceled": c.canceled.Load(), "failed": c.failed.Load(),
		},
	}
	n.Tasks["began"] = c.began.Load()
	for _, b := range bounds {
		n.Longer[b.name] = 0
	}
	live := map[uint64]bool{}
	for _, r := range kernel.LiveRuns() {
		live[r.Birth().Number] = true
		n.Runs[r.Backend.Name()]++
		n.look(r)
	}
	n.look(kernel.Ambient()) // groups that were opened outside of all runs
	c.loops.Range(func(key, value any) bool {
		id, l := key.(loopID), value.(*lateness)
		if !live[id.run] {
			c.loops.Delete(id)
			return true
		}
		n.Loops = append(n.Loops, loopNumbers{id.run, id.index, lateNumbers{l.times.Load(), l.sum.Load(), l.max.Load()}})
		return true
	})
	slices.SortFunc(n.Loops, func(a, b loopNumbers) int { return cmp.Or(cmp.Compare(a.Run, b.Run), cmp.Compare(a.Index, b.Index)) })
	return n
}

// look adds the tasks of a run.
func (n *numbers) look(r *kernel.Run) {
	views, now := r.Tasks(), r.Today()
	for _, v := range views {
		if !v.Waiting {
			n.Tasks["ready"]++
			continue
		}
		n.Tasks["waiting"]++
		n.Waits[v.Op.String()]++
		if v.Since.IsZero() {
			continue
		}
		for _, b := range bounds {
			if now.Sub(v.Since) > b.d {
				n.Longer[b.name]++
			}
		}
	}
}
