package inspect

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// waits is a task that waits for others.
func waits(id uint64, anyOf bool, owners ...uint64) Task {
	t := Task{ID: id, Name: fmt.Sprint("t", id), Wants: &Want{What: "Lock", Any: anyOf}}
	for _, o := range owners {
		t.Wants.Owners = append(t.Wants.Owners, Owner{Ref: Ref{1, o}})
	}
	return t
}

// gone is what will not go on, by looking at all again and again.
func gone(tasks []Task) map[uint64]bool {
	dead := make(map[uint64]bool)
	for _, t := range tasks {
		dead[t.ID] = t.Wants != nil && t.Deadline == nil
	}
	for changed := true; changed; {
		changed = false
		for _, t := range tasks {
			if !dead[t.ID] {
				continue
			}
			live := 0
			for _, o := range t.Wants.Owners {
				if !dead[o.Task] {
					live++
				}
			}
			if live == len(t.Wants.Owners) || t.Wants.Any && live > 0 {
				dead[t.ID], changed = false, true
			}
		}
	}
	return dead
}

// check compares what is found with what is gone.
func check(t *testing.T, tasks []Task) (circles int) {
	t.Helper()
	dead, seen := gone(tasks), make(map[uint64]bool)
	at := make(map[uint64]Task)
	for _, task := range tasks {
		at[task.ID] = task
	}
	waitsFor := func(id, owner uint64) bool {
		for _, o := range at[id].Wants.Owners {
			if o.Task == owner {
				return true
			}
		}
		return false
	}
	found := deadlocks([]Run{{ID: 1, Tasks: tasks}})
	for _, d := range found {
		inside := make(map[uint64]bool)
		note := func(id uint64) {
			if seen[id] || !dead[id] {
				t.Errorf("task %d: told before %v, will not go on %v", id, seen[id], dead[id])
			}
			seen[id], inside[id] = true, true
		}
		for i, l := range d.Circle {
			note(l.Ref.Task)
			if next := d.Circle[(i+1)%len(d.Circle)].Ref.Task; !waitsFor(l.Ref.Task, next) {
				t.Errorf("%d does not wait for %d", l.Ref.Task, next)
			}
		}
		for _, b := range d.Behind {
			leads := false
			for id := range inside {
				leads = leads || waitsFor(b.Task, id)
			}
			if note(b.Task); !leads {
				t.Errorf("%d is behind nobody", b.Task)
			}
		}
	}
	for id, is := range dead {
		if is && !seen[id] {
			t.Errorf("task %d will not go on, and is not told", id)
		}
	}
	if t.Failed() {
		t.Fatalf("of %+v: %+v", tasks, found)
	}
	return len(found)
}

func TestDeadlocksOfRandomWaits(t *testing.T) {
	total := 0
	for seed := range uint64(5000) {
		r := rand.New(rand.NewPCG(seed, 0))
		var tasks []Task
		n := uint64(1 + r.IntN(9))
		for id := uint64(1); id <= n; id++ {
			task := Task{ID: id}
			if r.IntN(5) > 0 {
				var owners []uint64
				for range 1 + r.IntN(2) {
					owners = append(owners, 1+r.Uint64N(n+1)) // the last is no task
				}
				task = waits(id, r.IntN(3) == 0, owners...)
				if r.IntN(8) == 0 {
					task.Deadline = new(time.Duration)
				}
			}
			tasks = append(tasks, task)
		}
		total += check(t, tasks)
	}
	if total < 1000 {
		t.Errorf("only %d deadlocks: the test shows little", total)
	}
}

// As many tasks as there may be do not overflow the stack.
func TestDeadlockOfManyTasks(t *testing.T) {
	const n = 100_000
	var tasks []Task
	for id := uint64(1); id <= n; id++ {
		tasks = append(tasks, waits(id, false, id%n+1))
	}
	if found := deadlocks([]Run{{ID: 1, Tasks: tasks}}); len(found) != 1 || len(found[0].Circle) != n {
		t.Errorf("found %d", len(found))
	}
}
