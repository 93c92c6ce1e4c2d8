package eventloop

import (
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/loop"
)

// A member is the backend of one loop of a run on several: it runs the tasks that belong
// to the loop. The first one runs the main task and ends the others.
type member struct {
	*Backend
	others []*kernel.Run // of the other loops, if it is the first
}

// NewTeam makes a run on n loops, of a backend with that name.
//
//go:norace
func NewTeam(ctx context.Context, name string, n int, cfg kernel.Config) (*kernel.Run, error) {
	members := make([]*member, n)
	for i := range members {
		b, err := New()
		if err != nil {
			for _, m := range members[:i] {
				_ = m.clock.Close()
			}
			return nil, err
		}
		b.Params.Name = name
		members[i] = &member{Backend: b}
		b.network.join(members[0].network)
	}
	runs := make([]*kernel.Run, n)
	for i, m := range members {
		if runs[i] = kernel.NewRun(m, kernel.Traits{Loop: true}, ctx, cfg); i == 0 {
			ctx, cfg.Name = context.Background(), ""
		}
	}
	members[0].others = runs[1:]
	kernel.NewTeam(runs)
	return runs[0], nil
}

// An ending is how one of the loops has ended.
type ending struct {
	loop.Ending
	first bool
}

// Main runs all loops, each on a goroutine of its own, until t has ended, and no task is
// left on any. The first loop ends first, as every other task belongs to a group of one
// of its tasks; what goroutines outside have started is ended with its loop.
func (m *member) Main(t *kernel.Task) error {
	ended := make(chan ending, 1+len(m.others))
	run := func(b *Backend, t *kernel.Task, first bool) {
		end := loop.Apart("the event loop", func() error { return b.Loop.Main(t) })
		go func() { ended <- ending{<-end, first} }()
	}
	var over kernel.Latch
	for _, r := range m.others {
		run(r.Backend.(*member).Backend, newResident(r, &over), false)
	}
	run(m.Backend, t, true)
	e := <-ended
	if !e.first || e.Panicked() { // something is wrong with the loop itself
		return e.Result()
	}
	over.Open()
	for range m.others {
		if other := <-ended; other.Panicked() {
			return other.Result()
		}
	}
	for _, r := range m.others {
		r.Finish()
	}
	return e.Result()
}

// A resident is the first task of a loop that is not the first one: it keeps the loop
// going. Nobody sees it, as it is no part of the tree of tasks.
type resident struct{ over *kernel.Latch }

func newResident(r *kernel.Run, over *kernel.Latch) *kernel.Task {
	t := &kernel.Task{}
	t.Prepare(nil, 0, &kernel.TaskMeta{Name: "resident", HasName: true, Runner: &resident{over}})
	t.OpenMain(r)
	return t
}

var opResident = kernel.RegisterPassiveOp("the end of the run")

// RunTask implements kernel.Runner.
func (r *resident) RunTask(t *kernel.Task) {
	r.over.WaitShieldedAt(kernel.Place{S: &t.Scope}, opResident)
	t.Settle(kernel.Finished, nil)
	t.Exit()
}

var errNoTask = errors.New("anyio: WaitAllTasksBlocked was called by a goroutine that does not run a task of the run")

// WaitAllBlocked looks until two looks agree, less and less often, as no loop knows what
// the others do.
func (m *member) WaitAllBlocked(p kernel.Place) error {
	t := m.Current()
	if t == nil {
		if t = p.RunningTask(); t == nil {
			return errNoTask
		}
	}
	r := t.Scope.Run()
	for pause := 2 * time.Microsecond; ; pause = min(2*pause, time.Millisecond) {
		if err := p.Check(); err != nil {
			return err
		}
		r.Yield(true)
		runtime.Gosched()
		if !interrupting(r) && r.AllBlocked(t) {
			r.SawAllBlocked()
			return nil
		}
		// A wait, so that two who look at once see each other blocked.
		if err := p.Pause(pause); err != nil {
			return err
		}
	}
}

// interrupting reports whether somebody waits for the end of a call that it has
// interrupted: he is as good as ready.
func interrupting(r *kernel.Run) bool {
	for _, other := range r.Loops() {
		if other.Interrupting() {
			return true
		}
	}
	return false
}

var _ kernel.Backend = (*member)(nil)
