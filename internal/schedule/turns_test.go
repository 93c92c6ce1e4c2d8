package schedule_test

import (
	"math"
	"strings"
	"testing"

	"github.com/anyio-go/anyio/internal/schedule"
)

// always are tasks that are ready all the time.
func always(n int) []*schedule.Task {
	var ts schedule.Tasks
	tasks := make([]*schedule.Task, n)
	for i := range tasks {
		tasks[i] = ts.Get(uint64(i + 1))
		ts.Step(tasks[i])
	}
	return tasks
}

// choices are those of a seed among such tasks, by their IDs.
func choices(s schedule.Strategy, seed uint64, tasks, steps int) []uint64 {
	ready := always(tasks)
	c := s.Begin(seed, nil)
	for _, t := range ready {
		c.Ready(t)
	}
	ids := make([]uint64, steps)
	for i := range ids {
		at := c.Choose(ready)
		ids[i] = ready[at].ID
		last := len(ready) - 1
		ready[at], ready[last] = ready[last], ready[at] // as the simulator's bag does
		c.Ready(ready[last])
	}
	return ids
}

// A run's probability that who ran last goes on is one of eleven, each as often as it was
// said; the others have the same probability each.
func TestStickyGoesOnWithTheRunsProbability(t *testing.T) {
	const seeds, steps = 3_000, 2_000
	odds := map[string]int{}
	names := map[string]float64{}
	for _, of := range []float64{1, 2, 4, 8, 16, 32} {
		names["1:"+strings.Repeat("|", int(of))] = 1 / (of + 1)
		names[strings.Repeat("|", int(of))+":1"] = of / (of + 1)
	}
	delete(names, "|:1") // that is 1:|
	others := 0.0
	left := 0
	for seed := range uint64(seeds) {
		ids := choices(schedule.Sticky{}, seed, 3, steps)
		goesOn, next := 0, 0
		for i, id := range ids[1:] {
			switch id {
			case ids[i]:
				goesOn++
			case ids[i]%3 + 1:
				next++
			}
		}
		share := float64(goesOn) / float64(steps-1)
		nearest := ""
		for name, p := range names {
			if nearest == "" || math.Abs(share-p) < math.Abs(share-names[nearest]) {
				nearest = name
			}
		}
		odds[nearest]++
		if p := names[nearest]; math.Abs(share-p) > 6*math.Sqrt(p*(1-p)/steps) {
			t.Fatalf("seed %d: who ran goes on at %.4f of the choices", seed, share)
		}
		others += float64(next)
		left += steps - 1 - goesOn
	}
	if got := others / float64(left); math.Abs(got-0.5) > 0.01 {
		t.Errorf("of the two others one is chosen with the probability %.3f", got)
	}
	for name, p := range names {
		want := seeds / 12.
		if p == 0.5 {
			want *= 2
		}
		if got := float64(odds[name]); math.Abs(got-want) > 6*math.Sqrt(want) {
			t.Errorf("%.4f is drawn %v times, want %.0f", p, got, want)
		}
	}
}

// word tells choices as letters, from a number of them on.
func word(ids []uint64, from int) string {
	var b strings.Builder
	for _, id := range ids[from:] {
		b.WriteByte(byte('a' + id - 1))
	}
	return b.String()
}

// Half of the runs have turns of one step, a quarter of those from the begin to the end, each
// order of tasks as often.
func TestRoundsHaveTasksTakeTurns(t *testing.T) {
	const seeds = 6_000
	orders := map[string]int{}
	strict := 0
	for seed := range uint64(seeds) {
		w := word(choices(schedule.Rounds{}, seed, 3, 30), 0)
		begin := w[:3]
		if strings.Repeat(begin, 10) == w && begin[0] != begin[1] && begin[1] != begin[2] && begin[0] != begin[2] {
			strict++
			orders[begin]++
		}
	}
	evenly(t, orders, 6)
	// In further ones what is drawn fits by chance, the beginning above all.
	if got := float64(strict) / seeds; got < 1./8 || got > 1./4 {
		t.Errorf("tasks take turns strictly in %.3f of the runs", got)
	}
}

// In some runs one task has two steps for each of the other's, for ever; in some a pattern
// is repeated; in some there is luck in between.
func TestRoundsRepeat(t *testing.T) {
	const seeds = 6_000
	count := func(match func(w string) bool) float64 {
		n := 0
		for seed := range uint64(seeds) {
			if match(word(choices(schedule.Rounds{}, seed, 2, 100), 10)) {
				n++
			}
		}
		return float64(n) / seeds
	}
	repeats := func(pattern string) func(w string) bool {
		return func(w string) bool { return strings.Contains(strings.Repeat(pattern, 100), w) }
	}
	for pattern, want := range map[string]float64{
		// Half of the runs are without luck. Of those half have turns of one step; of two
		// and of three, all alike, 1 in 24 each; of one and two, by task, 1 in 36.
		"ab": 1. / 4, "aabb": 1. / 48, "aab": 1. / 72, "abb": 1. / 72,
		"aababb": 0, "aabbaabab": 0,
	} {
		if got := count(repeats(pattern)); got < want/2 || want == 0 && got > 0.01 {
			t.Errorf("%s is repeated in %.4f of the runs, want %.4f", pattern, got, want)
		}
	}
	// A pattern of choices has one task in a row as often as that is drawn.
	if got := count(repeats("a")); got < 0.002 || got > 0.03 {
		t.Errorf("one task has all steps in %.4f of the runs", got)
	}
}

// However long a run is, no task is kept waiting for ever, and for long only by a pattern that
// leaves it out.
func TestRoundsAreFair(t *testing.T) {
	kept := 0
	for seed := range uint64(2_000) {
		w := word(choices(schedule.Rounds{}, seed, 3, 200), 20)
		for _, task := range "abc" {
			if !strings.ContainsRune(w, task) {
				kept++
				break
			}
		}
	}
	if kept > 2_000/8 {
		t.Errorf("a task is kept waiting in %d of 2000 runs, want an eighth at most", kept)
	}
	for seed := range uint64(2_000) {
		w := word(choices(schedule.Rounds{}, seed, 3, 4_000), 20)
		for _, task := range "abc" {
			if !strings.ContainsRune(w, task) {
				t.Fatalf("seed %d: task %c never runs", seed, task)
			}
		}
	}
}

// Where there are no bytes a task goes on, but not for ever.
func TestBytesAreFair(t *testing.T) {
	var ts schedule.Tasks
	ready := []*schedule.Task{ts.Get(1), ts.Get(2), ts.Get(3)}
	c := schedule.Bytes{}.Begin(1, nil)
	ran := map[uint64]int{}
	for n := range 3_000 {
		next := ready[c.Choose(ready)]
		ts.Step(next)
		if ran[next.ID]++; n < 900 && next.ID != 1 {
			t.Fatalf("choice %d is of task %d", n, next.ID)
		}
	}
	if len(ran) != 3 {
		t.Errorf("so many choices are of each task: %v", ran)
	}
}

// Each kind has the same probability, and each task of it.
func TestKindsHaveTheSameProbability(t *testing.T) {
	const seeds = 20_000
	for _, kinds := range [][]uint64{{7, 7, 7, 7, 7, 9}, {1, 2, 2}, {3, 4, 5}, {6, 6}} {
		of := map[uint64]int{}
		for _, k := range kinds {
			of[k]++
		}
		counts := make([]float64, len(kinds))
		for seed := range uint64(seeds) {
			ready := always(len(kinds))
			for i, k := range kinds {
				ready[i].Kind = k
			}
			c := schedule.Kinds{}.Begin(seed, nil)
			for _, task := range ready {
				c.Ready(task)
			}
			counts[c.Choose(ready)]++
		}
		for i, k := range kinds {
			want := 1 / float64(len(of)*of[k])
			if got := counts[i] / seeds; math.Abs(got-want) > 0.02 {
				t.Errorf("%v: the task %d has the probability %.3f, want %.3f", kinds, i, got, want)
			}
		}
	}
}

// In a sixteenth of the runs one of two kinds comes before the other, however many tasks and
// steps it has; each at times, and never for ever.
func TestKindsHavePriorities(t *testing.T) {
	const seeds, workers, steps = 4_000, 5, 6
	first := map[uint64]float64{}
	for seed := range uint64(seeds) {
		ready := always(workers + 1)
		for i := range workers {
			ready[i].Kind = 1
		}
		ready[workers].Kind = 2
		c := schedule.Kinds{}.Begin(seed, nil)
		for _, task := range ready {
			c.Ready(task)
		}
		made := map[uint64]int{}
		for range steps * workers {
			made[ready[c.Choose(ready)].Kind]++
		}
		for kind, n := range made {
			if n == steps*workers {
				first[kind]++
			}
		}
		for range 1000 {
			made[ready[c.Choose(ready)].Kind]++
		}
		if len(made) != 2 {
			t.Fatalf("seed %d: after 1030 choices one kind has had all", seed)
		}
	}
	for kind := range uint64(2) {
		if got := first[kind+1] / seeds; got < 1./48 || got > 1./16 {
			t.Errorf("kind %d comes first in %.4f of the runs", kind+1, got)
		}
	}
}
