package schedule_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/anyio-go/anyio/internal/schedule"
)

// A run that follows another one for some choices has its order until then, whatever
// strategy it goes on by.
func TestFollowMakesTheFirstChoices(t *testing.T) {
	p := &program{steps: []int{4, 5, 6, 3}, starts: map[event]int{{0, 0}: 1, {0, 2}: 2, {2, 1}: 3},
		blocks: map[event]event{{1, 2}: {2, 1}, {0, 3}: {3, 2}}}
	others := map[string]bool{}
	for seed := range uint64(300) {
		var first, again schedule.Tasks
		rec := schedule.Record(schedule.Random{}.Begin(seed, nil), &first)
		want := p.run(t, &first, rec)
		for _, s := range []schedule.Strategy{schedule.Random{}, schedule.PCT{Depth: 2}, schedule.URW{}, schedule.Rounds{}} {
			again = schedule.Tasks{}
			n := int(seed) % (len(want) + 1)
			got := p.run(t, &again, schedule.Follow(rec.Switches(), n, &again, s.Begin(seed+1, p.profile(t))))
			if got[:n] != want[:n] {
				t.Fatalf("%v: %d choices of %s are to be made, the run is %s", s, n, want, got)
			}
			if n == 5 {
				others[got] = true
			}
		}
	}
	if len(others) < 20 {
		t.Errorf("after five choices there are %d runs", len(others))
	}
}

// A chain is a program of two tasks, of which one is right at each step. It shows how far a
// run has come as the place where tasks stop.
type chain struct {
	right string // letters of the tasks
	p     *program
}

func newChain(right string) *chain {
	n := len(right) + 1
	p := two(n, n)
	p.blocks[event{1, 1}], p.blocks[event{2, 1}] = event{2, 0}, event{1, 0}
	return &chain{right: right, p: p}
}

// try makes a run, and returns how many choices were right.
func (c *chain) try(t *testing.T, pool *schedule.Pool, seed uint64) (right int) {
	t.Helper()
	watch, plan, choices := pool.Draw(schedule.Mix(seed, 2))
	var ts schedule.Tasks
	chooser := schedule.Random{}.Begin(seed, nil)
	if plan != nil {
		chooser = schedule.Follow(plan.Switches, choices, &ts, chooser)
	}
	steps := &counted{Chooser: chooser, right: c.right}
	w := schedule.Watch(steps, &ts, func() uint64 { return uint64(steps.good) })
	rec := schedule.Record(w, &ts)
	c.p.run(t, &ts, rec)
	if watch {
		pool.Learn(w, func() *schedule.Plan { return &schedule.Plan{Switches: slices.Clone(rec.Switches())} })
	}
	return steps.good
}

// counted counts right choices from where both tasks have begun on, until one is wrong.
type counted struct {
	schedule.Chooser
	right string
	good  int
	over  bool
}

func (c *counted) Choose(ready []*schedule.Task) int {
	i := c.Chooser.Choose(ready)
	if next := ready[i]; next.ID > 1 && next.Steps > 0 && !c.over && c.good < len(c.right) {
		if c.over = c.right[c.good] != byte('a'+next.ID-1); !c.over {
			c.good++
		}
	}
	return i
}

// Of sixteen choices each of which shows if it is right all are found, in less than one run in
// a hundred that luck would take; the same runs are made each time.
func TestPoolFindsAChain(t *testing.T) {
	for _, right := range []string{"bcbbccbcccbbcbcb", "bbbbbbbbbbbbbbbc", "ccbbccbbccbbccbb"} {
		needed := func() int {
			c, pool := newChain(right), &schedule.Pool{}
			for n := range uint64(2_000) {
				if c.try(t, pool, n) == len(right) {
					return int(n)
				}
			}
			return -1
		}
		n := needed()
		if n < 0 || n > 600 {
			t.Errorf("%s is found by the run %d", right, n)
		}
		if again := needed(); again != n {
			t.Errorf("%s is found by the run %d, then by the run %d", right, n, again)
		}
	}
}

// What a Scout marks once it marks in each run that is alike, and another number of rounds
// is another mark, up to some.
func TestPoolLearnsWhatIsNew(t *testing.T) {
	var pool schedule.Pool
	run := func(rounds int, place uint64) bool {
		p := &program{steps: []int{rounds}}
		var ts schedule.Tasks
		w := schedule.Watch(schedule.Random{}.Begin(1, nil), &ts, func() uint64 { return place })
		p.run(t, &ts, w)
		return pool.Learn(w, func() *schedule.Plan { return &schedule.Plan{} })
	}
	for i, c := range []struct {
		rounds int
		place  uint64
		news   bool
	}{{5, 1, true}, {5, 1, false}, {4, 1, false}, {6, 1, true}, {6, 2, true}, {6, 1, false}, {33, 1, true}, {60, 1, false}, {65, 1, true}, {100, 1, false}} {
		if news := run(c.rounds, c.place); news != c.news {
			t.Errorf("%d: %d rounds at %d are new: %v", i, c.rounds, c.place, news)
		}
	}
}

// That one task follows another one is news, too.
func TestPoolLearnsWhoFollowsWhom(t *testing.T) {
	var pool schedule.Pool
	news := 0
	for seed := range uint64(50) {
		p := begun(1, 1)
		var ts schedule.Tasks
		w := schedule.Watch(schedule.Random{}.Begin(seed, nil), &ts, func() uint64 { return ts.Last().Key })
		p.run(t, &ts, w)
		if pool.Learn(w, func() *schedule.Plan { return &schedule.Plan{} }) {
			news++
		}
	}
	if news < 2 || news > 10 {
		t.Errorf("%d of 50 runs of a program that has a few orders are new", news)
	}
}

// Where nothing is new for long, few runs are watched, and what is kept is bounded.
func TestPoolTiresOfWhatIsDull(t *testing.T) {
	var pool schedule.Pool
	place := uint64(0)
	learn := func(news bool) {
		var ts schedule.Tasks
		if news {
			place++
		}
		w := schedule.Watch(schedule.Random{}.Begin(1, nil), &ts, func() uint64 { return place })
		begun(1, 1).run(t, &ts, w)
		if got := pool.Learn(w, func() *schedule.Plan { return &schedule.Plan{Seed: place} }); got != news {
			t.Fatalf("place %d is new: %v", place, got)
		}
	}
	count := func() (watched, bases int) {
		plans := map[uint64]bool{}
		for n := range uint64(4_000) {
			watch, plan, _ := pool.Draw(n)
			if watch {
				watched++
			}
			if plan != nil {
				plans[plan.Seed] = true
			}
		}
		return watched, len(plans)
	}
	for range 2_000 {
		learn(true)
	}
	if watched, bases := count(); watched != 4_000 || bases < 100 || bases > 512 {
		t.Errorf("of 4000 runs %d are watched, and begin as %d others", watched, bases)
	}
	of := 0 // watched runs without news
	for _, step := range []struct{ of, least, most int }{{200, 4_000, 4_000}, {201, 400, 600}, {300, 270, 420}, {5_000, 200, 320}} {
		for ; of < step.of; of++ {
			learn(false)
		}
		if watched, _ := count(); watched < step.least || watched > step.most {
			t.Errorf("after %d watched runs without news, of 4000 runs %d are watched, want %d to %d", of, watched, step.least, step.most)
		}
	}
	for range 3 {
		learn(true)
	}
	if watched, _ := count(); watched != 4_000 {
		t.Errorf("of 4000 runs %d are watched, want all, as there is news", watched)
	}
}

// A Plan that is drawn from nothing is none.
func TestPoolIsEmptyAtFirst(t *testing.T) {
	var pool schedule.Pool
	if watch, plan, choices := pool.Draw(1); fmt.Sprint(watch, plan, choices) != "true <nil> 0" {
		t.Error(watch, plan, choices)
	}
}

// learned has the pool learn a run of one task that stops at a new place before each of these
// choices, which are more than 0, and at an old one before the others.
func learned(t *testing.T, p *schedule.Pool, name uint64, news ...int) {
	t.Helper()
	var ts schedule.Tasks
	place := name << 32
	w := schedule.Watch(schedule.Random{}.Begin(1, nil), &ts, func() uint64 { return place })
	for k := range news[len(news)-1] + 1 {
		if slices.Contains(news, k) {
			place++
		}
		task := ts.Get(1)
		w.Choose([]*schedule.Task{task})
		ts.Step(task)
	}
	if !p.Learn(w, func() *schedule.Plan { return &schedule.Plan{Seed: name} }) {
		t.Fatal("there was nothing new in the run")
	}
}

// A run that begins as another one does so up to where that had reached something new, most
// often the last time, or a little less far, or anywhere up to there.
func TestPoolDrawsWhereRunsPart(t *testing.T) {
	var p schedule.Pool
	learned(t, &p, 1, 1, 5, 11, 30)
	counts, drawn := map[int]int{}, 0
	for seed := range uint64(20_000) {
		if _, plan, choices := p.Draw(seed); plan != nil {
			counts[choices]++
			drawn++
		}
	}
	// A fourth each: one of the four, one of 27 to 30, one of 0 to 30, and 30.
	for n := range 31 {
		want := 1.0 / 31 / 4
		switch {
		case n == 30:
			want += 1.0/4 + 1.0/16 + 1.0/16
		case n == 1 || n == 5 || n == 11 || n > 26:
			want += 1.0 / 16
		}
		if got := float64(counts[n]) / float64(drawn); got < want*0.6 || got > want*1.4 {
			t.Errorf("%d choices are drawn with %.4f of %d, want %.4f", n, got, drawn, want)
		}
	}
}

// Runs that were drawn seldom are drawn before others, so that in the long run all are alike.
func TestPoolDrawsAllRuns(t *testing.T) {
	var p schedule.Pool
	for name := range uint64(3) {
		learned(t, &p, name+1, 1)
	}
	counts, drawn := map[uint64]int{}, 0
	for seed := range uint64(10_000) {
		if _, plan, _ := p.Draw(seed); plan != nil {
			counts[plan.Seed]++
			drawn++
		}
	}
	for name := range uint64(3) {
		if got := float64(counts[name+1]) / float64(drawn); got < 0.30 || got > 0.37 {
			t.Errorf("run %d of three is drawn with %.3f of %d", name+1, got, drawn)
		}
	}
}

// Where there is no room for one more, the run that was drawn most often makes room.
func TestPoolForgetsWhatWasDrawnMost(t *testing.T) {
	var p schedule.Pool
	const room = 256
	counts := make([]int, room+2)
	draw := func(from, seeds uint64) {
		for seed := range seeds {
			if _, plan, _ := p.Draw(from + seed); plan != nil {
				counts[plan.Seed]++
			}
		}
	}
	for name := range uint64(room) {
		learned(t, &p, name+1, 1)
		draw(name<<20, 3)
	}
	draw(room<<20, 2000)
	most := 1
	for name, n := range counts {
		if n > counts[most] {
			most = name
		}
	}
	learned(t, &p, room+1, 1)
	before := slices.Clone(counts)
	draw(1<<40, 100_000)
	for name := 1; name <= room+1; name++ {
		if gone := counts[name] == before[name]; gone != (name == most) {
			t.Errorf("run %d, drawn %d times where the most is %d, is forgotten: %t", name, before[name], before[most], gone)
		}
	}
}

// orderly chooses tasks by their IDs.
type orderly []uint64

func (*orderly) Ready(*schedule.Task) {}

func (o *orderly) Choose(ready []*schedule.Task) int {
	id := (*o)[0]
	*o = (*o)[1:]
	return slices.IndexFunc(ready, func(t *schedule.Task) bool { return t.ID == id })
}

// That a task follows another one where it has not before is new, though all tasks have
// stopped there before, and as often.
func TestWatchNotesWhoFollowsWhom(t *testing.T) {
	var p schedule.Pool
	for _, c := range []struct {
		order orderly
		news  bool
	}{
		{orderly{1, 2, 3, 1, 2, 3, 1}, true},
		{orderly{1, 2, 3, 1, 2, 3, 1}, false},
		{orderly{1, 2, 3, 2, 1, 3, 1}, true},
		{orderly{1, 2, 3, 2, 1, 3, 1}, false},
		{orderly{1, 2, 3, 1, 3, 2, 1}, false}, // all of its pairs were there
	} {
		var ts schedule.Tasks
		ready := []*schedule.Task{ts.Get(1), ts.Get(2), ts.Get(3)}
		order := slices.Clone(c.order)
		w := schedule.Watch(&order, &ts, func() uint64 { return ts.Last().ID })
		for range c.order {
			ts.Step(ready[w.Choose(ready)])
		}
		if news := p.Learn(w, func() *schedule.Plan { return &schedule.Plan{} }); news != c.news {
			t.Errorf("%v has news: %t, want %t", c.order, news, c.news)
		}
	}
}
