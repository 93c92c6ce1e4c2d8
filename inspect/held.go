package inspect

import (
	"fmt"
	"slices"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/tasktree"
)

// stillHeld leaves the loops of before that the same holds after a look. What was over by
// then is nobody's fault, and what is not of before may be the fault of the look, which
// takes time.
func stillHeld(before, after []kernel.HeldLoop) []kernel.HeldLoop {
	return slices.DeleteFunc(before, func(h kernel.HeldLoop) bool { return !slices.Contains(after, h) })
}

// hold tells of the loops that are held, and finds the tasks that hold them.
func (r *Run) hold(held []kernel.HeldLoop, tasks []kernel.Standing, now time.Time) {
	for _, h := range held {
		hold := HeldLoop{Loop: h.Loop, For: now.Sub(h.Since)}
		for _, t := range tasks {
			if !t.Waiting && t.Task.Scope.Run().Index() == h.Loop && t.Task.GoroutineID() == h.Goroutine {
				if t := r.task(t.Task.ID()); t != nil {
					hold.Task, t.State = t.ID, anyio.TaskRunning
				}
			}
		}
		r.Held = append(r.Held, hold)
	}
}

// holder is the task that keeps t, which is ready, from its turn; nil if none is known to.
func (r *Run) holder(t *Task) *Task {
	if t.State != anyio.TaskReady {
		return nil
	}
	for _, h := range r.Held {
		if h.Loop == t.Loop && h.Task != 0 && h.Task != t.ID {
			return r.task(h.Task)
		}
	}
	return nil
}

// heldText tells of a held loop in a line.
func (r *Run) heldText(h HeldLoop) string {
	text := "its event loop"
	if r.Loops > 1 {
		text = fmt.Sprintf("its event loop %d", h.Loop)
	}
	text += " is held up for " + tasktree.Rounded(h.For) + " by "
	if t := r.task(h.Task); t != nil {
		return text + t.line("")
	}
	return text + "a callback\n"
}

func (r *Run) task(id uint64) *Task {
	if n := slices.IndexFunc(r.Tasks, func(t Task) bool { return t.ID == id }); n >= 0 {
		return &r.Tasks[n]
	}
	return nil
}
