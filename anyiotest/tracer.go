package anyiotest

import (
	"fmt"
	"strings"
	"time"
	"unsafe"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/sim"
)

// A tracer notes the steps of a simulated run, to find the first that another run of the
// same schedule has not, and at one of them what its tasks were about to do.
type tracer struct {
	sim   *sim.Sim
	at    int // the step at which to look, from 0; negative: none
	steps []tracedStep
	tasks []kernel.StalledTask // before that step
	who   string               // stack of the task that makes that step, "" if it is new
}

// A tracedStep is a step, with all before it in a hash.
type tracedStep struct {
	hash uint64
	id   uint64
	now  time.Time
	name string
}

// maxTraced is how many steps are noted.
const maxTraced = 1 << 18

// BeforeStep is called by the simulator, by whichever task ran last, unseen by the race
// detector.
//
//go:norace
func (tr *tracer) BeforeStep(_ uint64, t *kernel.Task) func() {
	race.Isolate(func() {
		race.Acquire(unsafe.Pointer(tr))
		tr.note(t)
		race.ReleaseMerge(unsafe.Pointer(tr))
	})
	return nil
}

func (tr *tracer) note(t *kernel.Task) {
	if len(tr.steps) == maxTraced {
		return
	}
	r := t.Scope.Run()
	if len(tr.steps) == tr.at {
		tr.tasks = r.Stalled("step").Tasks
		tr.who = usersStack(kernel.Stacks()[t.GoroutineID()])
	}
	tr.steps = append(tr.steps, tracedStep{tr.sim.Hash(), t.ID(), r.Today(), t.Name()})
}

// usersStack is what of a task's stack users see of it elsewhere: no calls inside of this
// module, nor what began the task.
func usersStack(stack string) string {
	const module = "github.com/anyio-go/anyio/"
	var b strings.Builder
	lines := strings.Split(strings.TrimSpace(stack), "\n")
	for i := 1; i+1 < len(lines); i += 2 {
		function := lines[i]
		if strings.HasPrefix(function, module+"internal/kernel.(*Task).Run(") {
			break
		}
		if inside := ours(function) && !strings.HasPrefix(function, "github.com/anyio-go/anyio."); !inside {
			b.WriteString(function + "\n" + lines[i+1] + "\n")
		}
	}
	return strings.TrimSpace(b.String())
}

// seen makes what was noted visible after the run.
func (tr *tracer) seen() *tracer {
	race.Acquire(unsafe.Pointer(tr))
	return tr
}

// difference is the first step in which two runs differ, negative if there is none.
func difference(a, b *tracer) int {
	for i, s := range a.steps {
		if i == len(b.steps) || s.hash != b.steps[i].hash {
			return i
		}
	}
	if len(a.steps) < len(b.steps) {
		return len(a.steps)
	}
	return -1
}

// describe tells of a step of the run, which may have ended before.
func (tr *tracer) describe(i int) string {
	if i >= len(tr.steps) {
		return "the run is over"
	}
	s := tr.steps[i]
	return fmt.Sprintf("%s task %d %q%s", s.now.Format("15:04:05.000000000"), s.id, s.name, tr.stands(i, s.id))
}

// stands tells what a task waited for before a step, and where, if that was looked at.
func (tr *tracer) stands(i int, id uint64) string {
	if i != tr.at {
		return ""
	}
	for _, t := range tr.tasks {
		if t.ID != id {
			continue
		}
		what := ", in " + t.Op
		if t.Op == "" {
			what = ""
		}
		return what + kernel.PlacesText(t.Places)
	}
	return ""
}
