//go:build !race

// Under -race the parts of a loop that its tasks share must not be seen by the
// detector, as the backends' are; those of this test are plain.

package loop

import (
	"context"
	"testing"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A workClock goes on when the test says so, and notes when the loop looks outside.
type workClock struct {
	now   int64
	asked int // how often
	polls []int64
	idle  func(next int64, ok bool) // what happens before it waits; may be nil
}

func (c *workClock) Now() int64                   { c.asked++; return c.now }
func (c *workClock) Today() time.Time             { return c.Time(c.now) }
func (c *workClock) Time(instant int64) time.Time { return time.Unix(0, instant) }
func (c *workClock) Instant(t time.Time) int64    { return t.UnixNano() }
func (c *workClock) Poll()                        { c.polls = append(c.polls, c.now) }
func (c *workClock) Wake()                        {}
func (c *workClock) Close() error                 { return nil }
func (c *workClock) Idle(next int64, ok bool) error {
	if c.idle != nil {
		c.idle(next, ok)
	}
	c.now = max(c.now, next)
	return nil
}

// work is what a task does without a schedule point.
func (c *workClock) work(d time.Duration) { c.now += int64(d) }

// A queue is a fifo.
type queue struct{ tasks []*kernel.Task }

func (q *queue) Len() int            { return len(q.tasks) }
func (q *queue) Push(t *kernel.Task) { q.tasks = append(q.tasks, t) }
func (q *queue) Pop() *kernel.Task {
	if len(q.tasks) == 0 {
		return nil
	}
	t := q.tasks[0]
	q.tasks = q.tasks[1:]
	return t
}

type plainRunner struct{}

func (plainRunner) RunTask(t *kernel.Task) {
	_ = t.F(&t.Scope)
	t.Settle(kernel.Finished, nil)
	t.Exit()
}

// An alone is a loop with no world round it.
type alone struct {
	*Loop
	kernel.World
}

func (alone) InPlace(bool) bool { return false }

// runLoop runs the functions as tasks of a loop on a clock that works.
func runLoop(t *testing.T, p Params, fs ...func(l *Loop, c *workClock)) (*Loop, *workClock) {
	t.Helper()
	return runConfigured(t, p, kernel.Config{}, fs...)
}

func runConfigured(t *testing.T, p Params, cfg kernel.Config, fs ...func(l *Loop, c *workClock)) (*Loop, *workClock) {
	t.Helper()
	c := &workClock{}
	p.Name, p.Order = "test", &queue{}
	if p.Clock == nil {
		p.Clock = c
	}
	l := New(p)
	runOn(t, l, l.Main, c, cfg, fs...)
	return l, c
}

// runOn runs the functions as tasks of l, which drive drives.
func runOn(t *testing.T, l *Loop, drive func(main *kernel.Task) error, c *workClock, cfg kernel.Config, fs ...func(l *Loop, c *workClock)) {
	t.Helper()
	run := kernel.NewRun(alone{Loop: l}, kernel.Traits{Loop: true}, context.Background(), cfg)
	main := &kernel.Task{}
	main.Prepare(func(ctx context.Context) error {
		g := &kernel.Group{}
		g.Init(ctx, kernel.NoDeadline, false)
		g.Open(plainRunner{})
		for _, f := range fs {
			task := &kernel.Task{}
			task.Prepare(func(context.Context) error { f(l, c); return nil }, 0, nil)
			g.Spawn(task)
		}
		g.Join()
		g.Leave()
		return nil
	}, 0, &kernel.TaskMeta{Runner: plainRunner{}})
	main.OpenMain(run)
	if err := drive(main); err != nil {
		t.Fatal(err)
	}
	run.Finish()
}

// An alert notes when it was fired.
type alert struct {
	c  *workClock
	at int64
}

func (a *alert) Fire() { a.at = a.c.now }

// arm sets a timer after d.
func (a *alert) arm(l *Loop, c *workClock, d time.Duration) {
	a.c = c
	timer := &kernel.Timer{When: c.now + int64(d)}
	timer.Value = a
	l.Arm(timer)
}

// While tasks work for long between schedule points, timers are late by one piece of
// work, whatever was before.
func TestTimersAreNotHeldUpByLongSteps(t *testing.T) {
	const piece, due = 5 * time.Millisecond, 12 * time.Millisecond
	for name, next := range map[string]func(l *Loop){
		"gives way":                    func(l *Loop) { l.Yield(true) },
		"operation that need not wait": func(l *Loop) { l.Yield(false) },
	} {
		a := &alert{}
		runLoop(t, Params{Budget: 128, Stride: 16}, func(l *Loop, c *workClock) {
			a.arm(l, c, due)
			for range 20 {
				c.work(piece)
				next(l)
			}
		})
		if late := time.Duration(a.at) - due; late < 0 || late > piece {
			t.Errorf("%s: the timer was late by %v", name, late)
		}
	}
}

// The same after many short steps: the loop has to find out first.
func TestTimersAreHeldUpByFewLongStepsAfterShortOnes(t *testing.T) {
	const piece = 5 * time.Millisecond
	for name, c := range map[string]struct {
		next func(l *Loop)
		most time.Duration
	}{
		"gives way":                    {func(l *Loop) { l.Yield(true) }, 2 * piece},
		"operation that need not wait": {func(l *Loop) { l.Yield(false) }, (mostOps + 2) * piece},
	} {
		a := &alert{}
		runLoop(t, Params{Budget: 128, Stride: 16}, func(l *Loop, wc *workClock) {
			for range 10_000 {
				c.next(l)
			}
			a.arm(l, wc, 0)
			for range 128 {
				wc.work(piece)
				c.next(l)
			}
		})
		if late := time.Duration(a.at); late <= 0 || late > c.most {
			t.Errorf("%s: the timer was late by %v", name, late)
		}
	}
}

// Tasks that wake each other go through the ready queue only.
func TestTimersAreNotHeldUpByTasksThatWakeEachOther(t *testing.T) {
	const piece, due = 5 * time.Millisecond, 100 * time.Millisecond
	a := &alert{}
	var one, two *kernel.Task
	first := func(l *Loop, c *workClock) {
		a.arm(l, c, due)
		one = l.Current()
		l.Yield(true)
		for range 60 {
			c.work(piece)
			l.Unpark(two)
			l.Park(one)
		}
		l.Unpark(two)
	}
	second := func(l *Loop, c *workClock) {
		two = l.Current()
		l.Park(two)
		for range 60 {
			c.work(piece)
			l.Unpark(one)
			l.Park(two)
		}
	}
	runLoop(t, Params{Budget: 128, Stride: 16}, first, second)
	if late := time.Duration(a.at) - due; late < 0 || late > 2*piece {
		t.Errorf("the timer was late by %v", late)
	}
}

// Looks outside cost a system call: there is one in turnLength short steps.
func TestShortStepsShareALookOutside(t *testing.T) {
	const n = 100 * turnLength
	spin := func(l *Loop, c *workClock) {
		for range n {
			l.Yield(true)
		}
	}
	_, c := runLoop(t, Params{Budget: 128, Stride: 16}, spin, spin)
	if got := len(c.polls); got < 2*n/turnLength-10 || got > 2*n/turnLength+10 {
		t.Errorf("%d looks in %d steps", got, 2*n)
	}
}

// To know the time costs as much as a step: short ones share a look at the clock.
func TestShortStepsShareALookAtTheClock(t *testing.T) {
	const n, stride = 100 * turnLength, 16
	var one, two *kernel.Task
	first := func(l *Loop, c *workClock) {
		one = l.Current()
		l.Yield(true)
		for range n {
			l.Unpark(two)
			l.Park(one)
		}
		l.Unpark(two)
	}
	second := func(l *Loop, c *workClock) {
		two = l.Current()
		l.Park(two)
		for range n {
			l.Unpark(one)
			l.Park(two)
		}
	}
	_, c := runLoop(t, Params{Budget: 128, Stride: stride}, first, second)
	looks := 2*n/stride + 2*n/turnLength // and one for each turn
	if c.asked < looks/2 || c.asked > 2*looks {
		t.Errorf("%d looks in %d steps, want about %d", c.asked, 2*n, looks)
	}
}

// An operation that need not wait looks at the clock the more seldom the shorter those
// before were, and each time after a long one.
func TestShortOperationsShareALookAtTheClock(t *testing.T) {
	const short, long = turnTime / 4, turnTime/4 + 1
	p, now := &pace{}, int64(1<<40)
	p.turned(now, 16)
	for _, c := range []struct {
		took int64
		want int
	}{{0, 1}, {0, 2}, {0, 4}, {long, 1}, {short, 2}, {0, 4}, {0, 8}, {0, 16}, {0, mostOps}, {0, mostOps}} {
		now += c.took
		if n, ok := p.grant(now); n != c.want || !ok {
			t.Errorf("%d operations, %v after one of %v; want %d", n, ok, time.Duration(c.took), c.want)
		}
	}
	if _, ok := p.grant(p.turn + turnTime - 1); !ok {
		t.Error("it has to give way before its time has passed")
	}
	if n, ok := p.grant(p.turn + 2*turnTime); n != 1 || ok {
		t.Errorf("%d operations, %v after all of the time", n, ok)
	}
	if _, ok := p.grant(p.turn + turnTime); ok {
		t.Error("it need not give way when its time has passed")
	}
}

// So do steps.
func TestLongStepsAreEachFollowedByALookAtTheClock(t *testing.T) {
	const short, long, most = turnTime / 4, turnTime/4 + 1, 4
	p, now := &pace{}, int64(1<<40)
	p.turned(now, most)
	for i, c := range []struct {
		took  int64
		picks int
		due   bool
	}{{0, most, false}, {long, 1, false}, {short, 2, false}, {0, 3, false}, {0, most, false}, {0, most, false}, {turnTime/2 - 1, 0, true}} {
		now += c.took
		if due := p.look(now, most); due != c.due || p.picks != c.picks {
			t.Errorf("look %d: %v, %d steps until the next", i, due, p.picks)
		}
	}
}
