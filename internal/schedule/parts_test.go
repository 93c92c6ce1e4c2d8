package schedule_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/anyio-go/anyio/internal/schedule"
)

// walk makes all schedules of a machine, with parts of which some are begun at once on
// goroutines of their own and some when they are needed, as r draws. A trace that fails ends it.
type walk struct {
	m     *machine
	fails func(trace string) bool

	mu     sync.Mutex
	r      *rand.Rand // guarded by mu, as what follows
	traces []string
	vain   int
	given  map[*schedule.Explorer]chan struct{} // nil: not begun
	begun  sync.WaitGroup                       // parts
}

func (w *walk) all(e *schedule.Explorer) {
	for e.Next() {
		var ts schedule.Tasks
		trace := w.m.run(&ts, e.Begin(&ts))
		var found error
		w.mu.Lock()
		if e.Redundant {
			w.vain++
		} else if w.traces = append(w.traces, trace); w.fails(trace) {
			found = errors.New(trace)
		}
		w.mu.Unlock()
		if e.Made(found); found != nil {
			return
		}
	}
}

func (w *walk) divide(e *schedule.Explorer) {
	w.given = map[*schedule.Explorer]chan struct{}{}
	e.Idle = func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.r.IntN(3) == 0
	}
	e.Give = func(p *schedule.Explorer) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.given[p] = nil; w.r.IntN(2) == 0 {
			done := make(chan struct{})
			w.given[p] = done
			w.begun.Go(func() { defer close(done); w.all(p) })
		}
	}
	e.Join = func(p *schedule.Explorer) {
		w.mu.Lock()
		done, given := w.given[p]
		w.mu.Unlock()
		if !given {
			panic("a part that nobody was given is waited for")
		}
		if done == nil {
			w.all(p)
		} else {
			<-done
		}
		if all, different := p.Wanted(); all != different {
			panic("a part notes the same twice")
		}
	}
}

// However a walk is divided, it makes the same runs, and ends with the same one.
func TestPartsAreTheWhole(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	parts := 0
	for n := range 100 {
		m := randomMachine(r)
		if n%2 == 0 {
			m.selecting(r)
		}
		rare := uint64(1 + r.IntN(200))
		kinds := map[string]func(trace string) bool{
			"all pass":  func(string) bool { return false },
			"some fail": func(trace string) bool { return sum(trace)%rare == 0 },
		}
		for name, fails := range kinds {
			for _, e := range []schedule.Explorer{
				{Reduce: true, Preemptions: -1, Delays: -1}, {Preemptions: 1, Delays: -1}, {Preemptions: -1, Delays: 2},
				{Preemptions: -1, Delays: -1, Steps: 5}, {Preemptions: -1, Delays: -1},
			} {
				e.Most = 3000
				if n%3 == 0 {
					e.Most = 1 + r.IntN(40)
				}
				one, many := e, e
				whole := &walk{m: m, fails: fails}
				whole.all(&one)
				divided := &walk{m: m, fails: fails, r: rand.New(rand.NewPCG(uint64(n), 5))}
				divided.divide(&many)
				divided.all(&many)
				divided.begun.Wait()
				parts += len(divided.given)
				if one.Runs != len(whole.traces)+whole.vain || one.Vain != whole.vain {
					t.Fatalf("%v: %d runs are told and %d in vain, there were %d and %d", m.tasks, one.Runs, one.Vain, len(whole.traces)+whole.vain, whole.vain)
				}
				if got, want := outcome(&many), outcome(&one); got != want {
					t.Fatalf("%v, %s, %+v: divided\n%s\nnot divided\n%s", m.tasks, name, e, got, want)
				}
				if one.Stopped() {
					continue
				}
				slices.Sort(whole.traces)
				slices.Sort(divided.traces)
				if !slices.Equal(whole.traces, divided.traces) {
					t.Fatalf("%v, %s: divided there are %d other traces than %d", m.tasks, name, len(divided.traces), len(whole.traces))
				}
			}
		}
	}
	if parts < 1000 {
		t.Errorf("only %d parts were given away", parts)
	}
}

func outcome(e *schedule.Explorer) string {
	if e.Full {
		return fmt.Sprintf("more than %d", e.Runs)
	}
	return fmt.Sprintf("%d runs, %d in vain, %d left out, %d cut, found %v", e.Runs, e.Vain, e.Left, e.Cut, e.Found)
}

// sum is a number that is another one for nearly all texts.
func sum(text string) (n uint64) {
	for _, c := range text {
		n = schedule.Mix(n, uint64(c))
	}
	return n
}

// permute makes one run of n tasks with a step each, which another one starts.
func permute(e *schedule.Explorer, n int) {
	m := machine{}
	for range n {
		m.tasks = append(m.tasks, []operation{{}})
	}
	var ts schedule.Tasks
	m.run(&ts, e.Begin(&ts))
	e.Made(nil)
}

// The next choice is the walker's own, and of all others parts are given away as long as
// somebody takes them, which do the same.
func TestPartsAreGivenAway(t *testing.T) {
	const tasks = 5
	var given []*schedule.Explorer
	asked, idle := 0, false
	e := &schedule.Explorer{Preemptions: -1, Delays: -1}
	e.Idle = func() bool { asked++; return idle }
	e.Give = func(p *schedule.Explorer) { given = append(given, p) }
	for e.Next(); asked == 0; e.Next() {
		permute(e, tasks)
	}
	if asked != 1 || len(given) != 0 {
		t.Errorf("nobody is idle: asked %d times, %d parts are given away", asked, len(given))
	}
	idle = true
	permute(e, tasks) // three tasks are left before the last choice, and others before that
	if e.Next(); len(given) != 2 {
		t.Fatalf("%d parts are given away, want 2", len(given))
	}
	p := given[0] // of three tasks that are left: the last but one is its own
	p.Next()
	permute(p, tasks)
	if p.Next(); len(given) != 3 {
		t.Errorf("a part has given %d parts away, want 1", len(given)-2)
	}
}

// A part makes no more runs than may count: here it has fourteen, and what comes before it two.
func TestPartsKnowWhenItIsEnough(t *testing.T) {
	takes := func(times int, objects ...uint64) operation { return operation{selects: objects, times: times} }
	m := machine{tasks: [][]operation{{takes(1, 1, 2), takes(6, 1, 2), takes(1, 3, 4)}}, has: [10]int{0, 1, 9, 1, 1}}
	const most = 4
	w := &walk{m: &m, fails: func(string) bool { return false }}
	largest := 0
	e := &schedule.Explorer{Preemptions: -1, Delays: -1}
	e.Most = most
	e.Idle = func() bool { return true }
	e.Give = func(*schedule.Explorer) {}
	e.Join = func(p *schedule.Explorer) {
		w.all(p)
		largest = max(largest, p.Runs)
	}
	if w.all(e); !e.Full || e.Runs != most || largest != most {
		t.Errorf("%d runs count, full: %t, a part makes %d", e.Runs, e.Full, largest)
	}
}

// Of as many runs as may count, or any number, nothing is left out; of one less the last is.
func TestPartsAreAllThatMayCount(t *testing.T) {
	m := machine{tasks: [][]operation{{{}}, {{}}, {{}}, {{}}}}
	const all = 24
	for most, want := range map[int]string{0: "24 false", all + 1: "24 false", all: "24 false", all - 1: "23 true", 1: "1 true"} {
		w := &walk{m: &m, fails: func(string) bool { return false }}
		e := &schedule.Explorer{Preemptions: -1, Delays: -1}
		e.Most = most
		parts := 0
		e.Idle = func() bool { return true }
		e.Give = func(*schedule.Explorer) { parts++ }
		e.Join = w.all
		w.all(e)
		if got := fmt.Sprint(e.Runs, " ", e.Full); got != want || most != 1 && parts == 0 {
			t.Errorf("at most %d: %s, %d parts, want %s", most, got, parts, want)
		}
	}
}

// A part that is given what comes after some choices notices that the program makes more of
// them, and so does who takes it back.
func TestPartsNoticeOtherDraws(t *testing.T) {
	m := machine{tasks: [][]operation{{{selects: []uint64{1, 2}, times: 1}}, {{}}, {{}}, {{}}}, has: [10]int{0, 3, 3}}
	var given []*schedule.Explorer
	e := &schedule.Explorer{Preemptions: -1, Delays: -1}
	e.Idle = func() bool { return true }
	e.Give = func(p *schedule.Explorer) { given = append(given, p) }
	e.Join = func(*schedule.Explorer) {}
	run := func(e *schedule.Explorer) {
		var ts schedule.Tasks
		m.run(&ts, e.Begin(&ts))
		e.Made(nil)
	}
	e.Next()
	run(e)
	e.Next()
	p := given[0] // of three tasks that are left two begin with it
	p.Next()
	m.tasks[0][0].times = 2
	if run(p); p.Next() || !p.Diverged {
		t.Errorf("of %d parts the first one goes on, diverged: %t", len(given), p.Diverged)
	}
	m.tasks[0][0].times = 1
	for run(e); e.Next(); run(e) {
	}
	if e.Runs != 3 || !e.Diverged || !e.Stopped() {
		t.Errorf("all ends with %d runs, diverged: %t, want three", e.Runs, e.Diverged)
	}
}

// A part may want several tasks in place of one that was chosen above it. In this program
// what it wants is not made up for by others: without all of it runs are missing.
func TestPartsWantSeveralTasks(t *testing.T) {
	m := machine{has: [10]int{0, 1}, tasks: [][]operation{
		{{object: 2, how: schedule.Changes}, {object: 1, how: schedule.Changes}},
		{{object: 1, starts: 3}, {object: 1, how: schedule.Changes}},
		{{object: 2, how: schedule.Adds}, {object: 2, how: schedule.Changes}},
		{{selects: []uint64{3, 2, 1}, times: 1}},
	}}
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 6))
		w := &walk{m: &m, fails: func(string) bool { return false }}
		e := &schedule.Explorer{Reduce: true, Preemptions: -1, Delays: -1}
		e.Idle = func() bool { return seed > 0 && r.IntN(2) == 0 }
		e.Give = func(*schedule.Explorer) {}
		e.Join = w.all
		if w.all(e); e.Runs != 117 || e.Vain != 0 {
			t.Errorf("division %d: %d runs, %d in vain; in one piece there are 117", seed, e.Runs, e.Vain)
		}
	}
}
