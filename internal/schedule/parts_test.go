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
			return
		}
		<-done
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
