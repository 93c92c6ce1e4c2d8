package simtrace

import (
	"slices"
	"strconv"
	"sync"

	"github.com/anyio-go/anyio/internal/race"
)

// MaxStack is how many calls are kept of a stack.
const MaxStack = 32

// Calls are the program counters of a stack, the innermost first; 0 behind the last.
type Calls [MaxStack]uintptr

// DefaultLimit is how many steps are kept where nothing else is said, and how many
// messages, and a third of the events.
const DefaultLimit = 500_000

// A Recorder records one run. The tasks of the run share it, and what they tell does not
// order them: each call is made where it is unseen by the race detector.
type Recorder struct {
	mu      sync.Mutex // guards all
	limit   int
	open    bool
	rec     Record
	tasks   map[uint64]int32
	stacks  map[Calls]int32
	calls   []Calls // of the stacks
	ops     map[string]int32
	going   bool // the last step has not ended
	arrives *Message
	resolve func(pcs []uintptr) Stack
}

// apart runs f with the lock, if a run is recorded.
func (r *Recorder) apart(f func()) {
	race.Isolate(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.open {
			f()
		}
	})
}

// Begin begins the record of a run. What resolve tells of calls is asked at its end.
func (r *Recorder) Begin(seed uint64, limit int, resolve func(pcs []uintptr) Stack) {
	race.Isolate(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if limit <= 0 {
			limit = DefaultLimit
		}
		r.limit, r.open, r.going, r.arrives, r.resolve = limit, true, false, nil, resolve
		r.rec = Record{Seed: seed, Ops: []string{""}}
		r.tasks, r.stacks, r.ops, r.calls = map[uint64]int32{}, map[Calls]int32{}, map[string]int32{"": 0}, nil
	})
}

// Finish ends the record; nothing is added from now on.
func (r *Recorder) Finish() { r.apart(r.finish) }

func (r *Recorder) finish() {
	r.open = false
	for _, c := range r.calls {
		n := slices.Index(c[:], 0)
		if n < 0 {
			n = len(c)
		}
		r.rec.Stacks = append(r.rec.Stacks, r.resolve(c[:n]))
	}
	r.calls, r.stacks = nil, nil
}

// Record is what was recorded, to be read after the run.
func (r *Recorder) Record() *Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.rec
	if r.open { // the run goes on
		c.Steps, c.Events, c.Sent, c.Tasks = slices.Clone(c.Steps), slices.Clone(c.Events), slices.Clone(c.Sent), slices.Clone(c.Tasks)
		for i := range c.Steps {
			c.Steps[i].Stack = Nowhere
		}
	}
	return &c
}

// LeaveOut has the text of the record leave out tasks, by their IDs.
func (r *Recorder) LeaveOut(ids []uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rec.Out = make(map[uint64]bool)
	for _, id := range ids {
		r.rec.Out[id] = true
	}
}

// A Teller tells of a task that was not seen before.
type Teller func() (name, host string)

// task is the place of a task.
func (r *Recorder) task(id uint64, tell Teller) int32 {
	if id == 0 {
		return Nobody
	}
	at, ok := r.tasks[id]
	if !ok {
		t := Task{ID: id}
		if tell != nil {
			t.Name, t.Host = tell()
		}
		at = int32(len(r.rec.Tasks))
		r.rec.Tasks, r.tasks[id] = append(r.rec.Tasks, t), at
	}
	return at
}

func (r *Recorder) op(name string) int32 {
	at, ok := r.ops[name]
	if !ok {
		at = int32(len(r.rec.Ops))
		r.rec.Ops, r.ops[name] = append(r.rec.Ops, name), at
	}
	return at
}

// Step tells that a task has its turn; with the ID 0 it is a function of the loop.
func (r *Recorder) Step(n uint64, now int64, id uint64, tell Teller) {
	r.apart(func() {
		r.rec.Steps = append(r.rec.Steps, Step{N: n, Now: now, Task: r.task(id, tell), Stack: Nowhere})
		r.going = true
		if len(r.rec.Steps) > r.limit {
			r.cut()
		}
	})
}

// cut leaves out what happened before the newer half.
func (r *Recorder) cut() {
	rec := &r.rec
	first := r.limit / 4
	rec.Kept, rec.Missing = first, rec.Missing+first
	rec.Steps = slices.Delete(rec.Steps, first, 2*first)
	from, to := rec.Steps[first-1].N, rec.Steps[first].N
	rec.Events = slices.DeleteFunc(rec.Events, func(e Event) bool { return e.Step > from && e.Step < to })
	rec.Sent = slices.DeleteFunc(rec.Sent, func(m *Message) bool { return m.Step > from && m.Step < to })
}

// last is the step that goes on, nil if it has ended or is that of another task.
func (r *Recorder) last(id uint64) *Step {
	if !r.going || len(r.rec.Steps) == 0 {
		return nil
	}
	s := &r.rec.Steps[len(r.rec.Steps)-1]
	if s.Task == Nobody || r.rec.Tasks[s.Task].ID != id {
		return nil
	}
	return s
}

// Stop tells where the step of a task ends, and what it waits for, "" if it gives way.
func (r *Recorder) Stop(id uint64, op string, at *Calls) {
	r.apart(func() {
		s := r.last(id)
		if s == nil {
			return
		}
		s.End, s.Op = Yields, r.op(op)
		if op != "" {
			s.End = Waits
		}
		place, ok := r.stacks[*at]
		if !ok {
			place = int32(len(r.calls))
			r.calls, r.stacks[*at] = append(r.calls, *at), place
		}
		s.Stack = place
	})
}

// Ended asks, before the next step, whether the last step's task has ended, and with which
// error if it failed.
func (r *Recorder) Ended(id uint64, how func() (End, string)) {
	r.apart(func() {
		s := r.last(id)
		if s == nil {
			return
		}
		r.going = false
		end, text := how()
		if end == Unknown { // it has not
			return
		}
		if s.End = end; end != Failed {
			return
		}
		r.event(Event{Kind: Fail, Who: s.Task, Task: s.Task, Now: s.Now, Text: text})
		if id == 1 {
			r.rec.Err = text
		}
	})
}

// event adds one, which belongs to the last step.
func (r *Recorder) event(e Event) {
	if n := len(r.rec.Steps); n > 0 {
		e.Step = r.rec.Steps[n-1].N
	}
	if len(r.rec.Events) < 3*r.limit {
		r.rec.Events = append(r.rec.Events, e)
	}
}

// A Doer is who does something.
type Doer struct {
	By  By
	ID  uint64 // of the task
	Now int64
}

// who is the task that does it, and by is how it is told.
func (r *Recorder) who(d Doer) (who int32, by By) {
	if d.By == ByTimer && r.arrives != nil {
		return Nobody, ByMessage
	}
	if d.By != ByTask {
		return Nobody, d.By
	}
	return r.task(d.ID, nil), ByTask
}

// Do tells what is done to a task: Start or Wake.
func (r *Recorder) Do(kind Kind, d Doer, id uint64, tell Teller) { r.do(kind, d, id, tell, "") }

// Cancel tells that a task that waits is canceled, and why; "" if its time is over or nobody
// has said.
func (r *Recorder) Cancel(d Doer, id uint64, tell Teller, why string) { r.do(Cancel, d, id, tell, why) }

func (r *Recorder) do(kind Kind, d Doer, id uint64, tell Teller, text string) {
	r.apart(func() {
		e := Event{Kind: kind, Now: d.Now, Task: r.task(id, tell), Text: text}
		e.Who, e.By = r.who(d)
		if e.By == ByMessage {
			e.Sent = r.arrives
			r.sits(e.Task, e.Sent.To)
			if e.Sent.For == Nobody {
				e.Sent.For = e.Task
			}
		}
		r.event(e)
	})
}

// Say tells of a Fault or a Note.
func (r *Recorder) Say(kind Kind, d Doer, text string) {
	r.apart(func() {
		e := Event{Kind: kind, Now: d.Now, Task: Nobody, Text: text}
		e.Who, e.By = r.who(d)
		r.event(e)
	})
}

// Note is Say of a note by whoever runs.
func (r *Recorder) Note(text string) {
	r.apart(func() {
		e := Event{Kind: Note, By: ByOther, Who: Nobody, Task: Nobody, Text: text}
		if n := len(r.rec.Steps); n > 0 {
			s := r.rec.Steps[n-1]
			e.Now = s.Now
			if s.Task != Nobody {
				e.By, e.Who = ByTask, s.Task
			}
		}
		r.event(e)
	})
}

// name is the task as it is shown.
func (rec *Record) name(task int32) string {
	t := rec.Tasks[task]
	return strconv.FormatUint(t.ID, 10) + " " + short(t.Name)
}
