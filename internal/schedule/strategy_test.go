package schedule_test

import (
	"fmt"
	"maps"
	"math"
	"strings"
	"testing"

	"github.com/anyio-go/anyio/internal/schedule"
)

// begun has the first task start both others before they can run: they have the same
// begin.
func begun(a, b int) *program {
	p := two(a+1, b+1)
	p.blocks[event{1, 1}] = event{2, 0}
	p.blocks[event{2, 1}] = event{1, 0}
	return p
}

// evenly checks that so many orders are there, each with the same frequency: by the
// chi-squared statistic, whose mean is their number less one and whose variance twice that.
func evenly(t *testing.T, counts map[string]int, orders int) {
	t.Helper()
	if len(counts) != orders {
		t.Errorf("%d orders, want %d", len(counts), orders)
	}
	if chi, sure := chiSquared(counts); chi > sure {
		t.Errorf("chi-squared is %.0f, want less than %.0f: %v", chi, sure, counts)
	}
}

// chiSquared is the statistic, and what it stays below but for one case in a million.
func chiSquared(counts map[string]int) (chi, sure float64) {
	total := 0
	for _, n := range counts {
		total += n
	}
	want := float64(total) / float64(len(counts))
	for _, n := range counts {
		d := float64(n) - want
		chi += d * d / want
	}
	free := float64(len(counts) - 1)
	return chi, free + 5*math.Sqrt(2*free) + 10
}

// tail drops what comes before both tasks have made their first step.
func tail(counts map[string]int) map[string]int {
	tails := map[string]int{}
	for order, n := range counts {
		i := max(strings.Index(order, "b"), strings.Index(order, "c"))
		tails[order[i+1:]] += n
	}
	return tails
}

// Each choice of a random walk is made with the same probability, so an order's
// probability is the product of one part in as many as were ready.
func TestRandomIsUniformOverChoices(t *testing.T) {
	const seeds = 30_000
	p := &program{steps: []int{1, 1, 1}, starts: map[event]int{{0, 0}: 1, {1, 0}: 2}}
	if counts := p.orders(t, schedule.Random{}, nil, 10); len(counts) != 1 {
		t.Errorf("a chain has several orders: %v", counts)
	}
	counts := tail(begun(1, 3).orders(t, schedule.Random{}, nil, seeds))
	for order, want := range map[string]float64{"bccc": 1. / 2, "cbcc": 1. / 4, "ccbc": 1. / 8, "cccb": 1. / 8} {
		if got := float64(counts[order]) / seeds; math.Abs(got-want) > 0.02 {
			t.Errorf("%s has the probability %.3f, want %.3f", order, got, want)
		}
	}
}

// The walk that knows how long tasks are is uniform over the orders of independent ones.
func TestURWIsUniformOverOrders(t *testing.T) {
	for _, l := range [][2]int{{1, 3}, {2, 6}, {4, 4}} {
		p := begun(l[0], l[1])
		known := p.profile(t)
		counts := tail(p.orders(t, schedule.URW{}, known, 12_000))
		evenly(t, counts, binomial(l[0]+l[1], l[0]))
		if chi, sure := chiSquared(tail(p.orders(t, schedule.Random{}, known, 12_000))); chi < 3*sure {
			t.Errorf("%v: a random walk is as even: %.0f", l, chi)
		}
	}
}

// What a task will start counts as its own until it has started that. Orders of a forest are
// then all as probable: a step is followed by what has it as a root with a probability that is
// proportional to the size of the tree (Knuth, vol. 3, 5.1.4, exercise 20: there are n!
// orders, divided by the sizes of all trees).
func TestURWCountsWhatIsStartedLater(t *testing.T) {
	// b starts d at its second step, and goes on for two. c makes four.
	p := &program{steps: []int{2, 4, 4, 3}, starts: map[event]int{{0, 0}: 1, {0, 1}: 2, {1, 1}: 3},
		blocks: map[event]event{{1, 1}: {2, 0}, {2, 1}: {1, 0}}}
	counts := tail(p.orders(t, schedule.URW{}, p.profile(t), 25_000))
	evenly(t, counts, 9*8*7*6*5*4*3*2/(6*2*3*2*3*2))
}

func TestURWWithoutAProfileIsARandomWalk(t *testing.T) {
	const seeds = 10_000
	counts := tail(begun(1, 3).orders(t, schedule.URW{}, nil, seeds))
	if got := float64(counts["bccc"]) / seeds; math.Abs(got-0.5) > 0.02 {
		t.Errorf("the short task is first with the probability %.3f, want 0.5", got)
	}
}

// A bug of depth d is found with the probability that the paper proves, whether or not the
// length of runs is known.
func TestPCTFindsBugsOfItsDepth(t *testing.T) {
	const seeds = 10_000
	const long = 20
	p := begun(long, long)
	known := p.profile(t)
	tasks, choices := 3., float64(2*long+2)
	between := func(order string) bool { // the last step of c comes between the 9th and 10th of b
		n, last := 0, strings.LastIndex(order, "c")
		for i := range last {
			if order[i] == 'b' {
				n++
			}
		}
		return n == 10
	}
	twice := func(order string) bool { // b is interrupted at its 5th step, c at its 7th
		return strings.Contains(order, strings.Repeat("b", 5)+strings.Repeat("c", 7)+"b")
	}
	for _, c := range []struct {
		depth int
		found func(order string) bool
	}{{2, between}, {3, twice}} {
		bound := 1 / (tasks * math.Pow(choices, float64(c.depth-1)))
		of := func(s schedule.Strategy, known *schedule.Profile) float64 {
			n := 0
			for order, times := range p.orders(t, s, known, seeds) {
				if c.found(order) {
					n += times
				}
			}
			return float64(n) / seeds
		}
		if got := of(schedule.PCT{Depth: c.depth}, known); got < bound {
			t.Errorf("depth %d: found by %.5f of the runs, want %.5f", c.depth, got, bound)
		}
		// One length in twelve is right, and of the longer ones each is half as good.
		if got, want := of(schedule.PCT{Depth: c.depth}, nil), bound/12; got < want {
			t.Errorf("depth %d, length unknown: found by %.5f of the runs, want %.5f", c.depth, got, want)
		}
		if got := of(schedule.PCT{Depth: 1}, known); got != 0 {
			t.Errorf("depth %d is found with a depth of 1 by %.5f of the runs", c.depth, got)
		}
	}
}

// Steps without a choice are none that PCT may fall at in vain.
func TestPCTCountsChoicesOnly(t *testing.T) {
	const seeds = 4_000
	p := begun(4, 4)
	p.steps[0] = 402 // in the first 400 nobody else is there
	p.starts = map[event]int{{0, 400}: 1, {0, 401}: 2}
	found := 0
	for order, n := range tail(p.orders(t, schedule.PCT{Depth: 2}, p.profile(t), seeds)) {
		if strings.Contains(order, "bbcccc") && !strings.Contains(order, "bbb") {
			found += n
		}
	}
	// One of three tasks is first, one of about ten choices right.
	if got := float64(found) / seeds; got < 1./30 {
		t.Errorf("it is found by %.4f of the runs", got)
	}
}

// With a depth of 1 a task runs until it waits, and each order of tasks is as probable.
func TestPCTOfDepthOneOrdersTasks(t *testing.T) {
	counts := tail(begun(5, 5).orders(t, schedule.PCT{Depth: 1}, nil, 5_000))
	evenly(t, counts, 2)
	for order := range counts {
		if order != "bbbbbccccc" && order != "cccccbbbbb" {
			t.Errorf("order %s", order)
		}
	}
}

// A task that gives way again and again while it waits for another ends: the other one
// runs some time.
func TestPCTIsFairInTheEnd(t *testing.T) {
	for seed := range uint64(50) {
		c := schedule.PCT{Depth: 2}.Begin(seed, nil)
		polls, other := &schedule.Task{ID: 1, Key: 1}, &schedule.Task{ID: 2, Key: 2}
		c.Ready(polls)
		c.Ready(other)
		steps := 0
		for ready := []*schedule.Task{polls, other}; ready[c.Choose(ready)] != other; steps++ {
			c.Ready(polls)
			if steps > 1_000_000 {
				t.Fatalf("seed %d: never", seed)
			}
		}
	}
}

// The same seed makes the same choices, another one others.
func TestStrategiesAreDeterministic(t *testing.T) {
	for _, s := range []schedule.Strategy{schedule.Random{}, schedule.PCT{Depth: 3}, schedule.URW{}, schedule.Kinds{}, schedule.Sticky{}, schedule.Rounds{}} {
		t.Run(s.String(), func(t *testing.T) {
			p := begun(10, 10)
			known := p.profile(t)
			orders := map[string]bool{}
			for seed := range uint64(50) {
				a := p.run(t, &schedule.Tasks{}, s.Begin(seed, known))
				b := p.run(t, &schedule.Tasks{}, s.Begin(seed, known))
				if a != b {
					t.Errorf("seed %d: %s and %s", seed, a, b)
				}
				orders[a] = true
			}
			if len(orders) < 5 {
				t.Errorf("50 seeds make %d orders", len(orders))
			}
		})
	}
}

func binomial(n, k int) int {
	b := 1
	for i := range k {
		b = b * (n - i) / (i + 1)
	}
	return b
}

func TestNamesTellParameters(t *testing.T) {
	if got := fmt.Sprint(schedule.Random{}, schedule.PCT{Depth: 3}, schedule.URW{}, schedule.Kinds{}, schedule.Sticky{}, schedule.Rounds{}); got != "random pct(3) urw kinds sticky rounds" {
		t.Error(got)
	}
}

// Each order can be had from bytes, and what is not said is the usual.
func TestBytesChoose(t *testing.T) {
	p := begun(2, 2)
	orders := map[string]bool{}
	for n := range 1 << 8 {
		var choices []byte
		for bit := range 8 {
			choices = append(choices, byte(n>>bit&1))
		}
		orders[p.run(t, &schedule.Tasks{}, schedule.Bytes(choices).Begin(0, nil))] = true
	}
	every := map[string]bool{}
	for order := range p.orders(t, schedule.Random{}, nil, 2000) {
		every[order] = true
	}
	if len(every) < 10 || !maps.Equal(orders, every) {
		t.Errorf("by bytes %v, at random %v", orders, every)
	}
	of := func(choices ...byte) string {
		return p.run(t, &schedule.Tasks{}, schedule.Bytes(choices).Begin(0, nil))
	}
	if of() != of(0) || of(1) != of(3) || of(1) == of(0) {
		t.Errorf("none: %s, 0: %s, 1: %s, 3: %s", of(), of(0), of(1), of(3))
	}
}
