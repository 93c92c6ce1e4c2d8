package kernel

import (
	"time"

	"github.com/anyio-go/anyio/internal/quiet"
)

// A cushion is a task that is in WaitAllBlockedFor. They do not count for each other, as
// each would find that the other has just looked.
type cushion struct {
	task *Task
	next *cushion
}

var (
	cushionsMu quiet.Mutex
	cushions   *cushion
)

//go:norace
func (c *cushion) enter() {
	cushionsMu.Lock()
	c.next, cushions = cushions, c
	cushionsMu.Unlock()
}

//go:norace
func (c *cushion) leave() {
	cushionsMu.Lock()
	defer cushionsMu.Unlock()
	for at := &cushions; *at != nil; at = &(*at).next {
		if *at == c {
			*at = c.next
			return
		}
	}
}

// withoutCushions leaves out tasks that are in WaitAllBlockedFor, the caller's as well.
//
//go:norace
func withoutCushions(views []TaskView) []TaskView {
	cushionsMu.Lock()
	defer cushionsMu.Unlock()
	n := 0
	for _, v := range views {
		c := cushions
		for c != nil && c.task != v.Task {
			c = c.next
		}
		if c == nil {
			views[n] = v
			n++
		}
	}
	return views[:n]
}

// WaitAllBlockedFor returns when every other task of the run has been in one wait for d.
//
//go:norace
func (r *Run) WaitAllBlockedFor(p Place, d time.Duration) error {
	if d <= 0 {
		return r.WaitAllBlocked(p)
	}
	c := &cushion{task: p.Task()}
	c.enter()
	defer c.leave()
	for {
		if err := r.WaitAllBlocked(p); err != nil {
			return err
		}
		first := withoutCushions(r.Tasks())
		if err := p.PauseUntil(r.After(d), opCushion); err != nil {
			return err
		}
		if allWait(first, nil) && sameWaits(first, withoutCushions(r.Tasks()), nil) {
			r.SawAllBlocked()
			return nil
		}
	}
}

var opCushion = RegisterPassiveOp("WaitAllTasksBlockedFor")
