package kernel

import (
	"runtime/debug"

	"github.com/anyio-go/anyio/internal/waitq"
)

// A crew is the goroutines that run a group's tasks on the parallel backend. One whose
// task has ended goes on with the first that has not begun, which costs less than a go
// statement and finds a stack that is warm. So that no task can hold up the others by
// blocking, or computing, there is one goroutine more than has something to do: the relief.
// It is ready to run as long as there are tasks that have not begun, and will take the first.
type crew struct {
	mu     waitq.QuietMutex // guards what follows
	relief bool             // it has been started and has not come yet
	fresh  ReadyQueue       // the tasks that have not begun
}

// turns is how many tasks a goroutine runs. Then it ends, and the relief takes over: what
// the processor has to run besides, as who waits for one of these tasks, comes in between,
// and a big stack that one of them needed is soon given back.
const turns = 32

// StartInTurn makes the crew of its group run t.
//
//go:norace
func (t *Task) StartInTurn() {
	c := &t.parent.group().crew
	c.mu.Lock()
	c.fresh.Push(t)
	relief := c.callLocked()
	c.mu.Unlock()
	if relief != nil {
		go relief()
	}
}

// callLocked is the relief, which the caller must start, nil if none is needed.
//
//go:norace
func (c *crew) callLocked() func() {
	first := c.fresh.head
	if first == nil || c.relief {
		return nil
	}
	c.relief = true
	return first.turnsEntry() // any task leads to the group
}

// takeTurns is the life of a goroutine of the crew. What a task has set for it does not reach
// the next; what nobody can look at is what a task must not leave: that the goroutine is
// locked to a thread.
//
//go:norace
func (g *Group) takeTurns() {
	c := &g.crew
	c.mu.Lock()
	c.relief = false
	for range turns {
		t := c.fresh.Pop()
		if t == nil {
			break
		}
		relief := c.callLocked()
		c.mu.Unlock()
		if relief != nil {
			go relief()
		}
		t.Label()
		t.Run() // if it exits the goroutine, the relief goes on
		debug.SetPanicOnFault(false)
		c.mu.Lock()
	}
	c.mu.Unlock()
}
