package coro_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/anyio-go/anyio/internal/coro"
	"github.com/anyio-go/anyio/internal/goid"
	"github.com/anyio-go/anyio/internal/race"
)

// A body is a coroutine's body as a function.
type body func(c *coro.Coro)

func (f body) RunCoro(c *coro.Coro) bool {
	c.Begin()
	f(c)
	return false
}

func newCoro(f func(c *coro.Coro)) *coro.Coro { return coro.New(body(f)) }

// A trace is what happened, in order. It has a lock because under -race a
// coroutine and its owner are not ordered by taking turns.
type trace struct {
	mu    sync.Mutex
	steps []string
}

func (tr *trace) add(format string, args ...any) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.steps = append(tr.steps, fmt.Sprintf(format, args...))
}

// want fails the test unless the steps, joined by spaces, are as given.
func (tr *trace) want(t *testing.T, want string) {
	t.Helper()
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if got := strings.Join(tr.steps, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestResumeAndYieldTakeTurns(t *testing.T) {
	var tr trace
	c := newCoro(func(c *coro.Coro) {
		tr.add("a")
		tr.add("yield=%t", c.Yield())
		tr.add("b")
		tr.add("yield=%t", c.Yield())
		tr.add("c")
	})
	tr.add("new")
	for range 5 {
		tr.add("resume=%t", c.Resume())
	}
	tr.want(t, "new a resume=true yield=true b resume=true yield=true c resume=false resume=false resume=false")
}

func TestStopOfSuspended(t *testing.T) {
	var tr trace
	c := newCoro(func(c *coro.Coro) {
		defer tr.add("deferred")
		for c.Yield() {
			tr.add("step")
		}
		tr.add("stopping")
	})
	c.Resume()
	c.Resume()
	c.Stop()
	tr.add("stopped")
	c.Stop()
	tr.add("resume=%t", c.Resume())
	tr.want(t, "step stopping deferred stopped resume=false")
}

func TestStopOfUnstarted(t *testing.T) {
	var tr trace
	c := newCoro(func(*coro.Coro) { tr.add("ran") })
	c.Stop()
	tr.add("resume=%t", c.Resume())
	tr.want(t, "resume=false")
}

// A body that is asked to end and yields again is not suspended again.
func TestStopWaitsForTheEnd(t *testing.T) {
	var tr trace
	c := newCoro(func(c *coro.Coro) {
		for range 3 {
			tr.add("yield=%t", c.Yield())
		}
	})
	c.Resume()
	c.Stop()
	tr.want(t, "yield=false yield=false yield=false")
}

func TestStopOfEnded(t *testing.T) {
	var tr trace
	c := newCoro(func(*coro.Coro) { tr.add("ran") })
	tr.add("resume=%t", c.Resume())
	c.Stop()
	tr.want(t, "ran resume=false")
}

// Stop lets the body run on to its end, whatever it calls on the way.
func TestStopRunsNestedCoroutines(t *testing.T) {
	var tr trace
	outer := newCoro(func(c *coro.Coro) {
		inner := newCoro(func(c *coro.Coro) {
			for c.Yield() {
			}
			tr.add("inner")
		})
		inner.Resume()
		c.Yield()
		inner.Stop()
		tr.add("outer")
	})
	outer.Resume()
	outer.Stop()
	tr.want(t, "inner outer")
}

func TestManyTakeTurns(t *testing.T) {
	const coroutines, rounds = 200, 20
	var tr trace
	var all []*coro.Coro
	for i := range coroutines {
		all = append(all, newCoro(func(c *coro.Coro) {
			for range rounds {
				tr.add("%d", i)
				c.Yield()
			}
		}))
	}
	var want []string
	for round := range rounds + 1 {
		for i, c := range all {
			if alive := c.Resume(); alive != (round < rounds) {
				t.Fatalf("round %d: Resume of coroutine %d returned %t", round, i, alive)
			}
			if round < rounds {
				want = append(want, fmt.Sprint(i))
			}
		}
	}
	tr.want(t, strings.Join(want, " "))
}

// The owner may be another goroutine each time.
func TestResumeFromOtherGoroutines(t *testing.T) {
	n := 0
	var mu sync.Mutex
	c := newCoro(func(c *coro.Coro) {
		for ok := true; ok; ok = c.Yield() {
			mu.Lock()
			n++
			mu.Unlock()
		}
	})
	for range 100 {
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.Resume()
		}()
		<-done
	}
	c.Stop()
	mu.Lock()
	defer mu.Unlock()
	if n != 100 {
		t.Errorf("resumed 100 times, ran %d", n)
	}
}

// Goexit in the body ends the coroutine, its deferred functions run, and without
// -race whoever resumed it exits as well, see Resume.
func TestGoexit(t *testing.T) {
	var tr trace
	c := newCoro(func(c *coro.Coro) {
		defer tr.add("deferred")
		c.Yield()
		runtime.Goexit()
	})
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		defer tr.add("exit")
		c.Resume()
		tr.add("suspended")
		tr.add("resume=%t", c.Resume())
	}()
	<-exited
	tr.add("again=%t", c.Resume())
	c.Stop()
	if race.Enabled {
		tr.want(t, "suspended deferred resume=false exit again=false")
	} else {
		tr.want(t, "suspended deferred exit again=false")
	}
}

func TestGoid(t *testing.T) {
	// Bodies store to variables of their own; a lock orders them for the test.
	var mu sync.Mutex
	var inside [2]int64
	var all [2]*coro.Coro
	for i := range all {
		all[i] = newCoro(func(c *coro.Coro) {
			mu.Lock()
			inside[i] = goid.Get()
			mu.Unlock()
			c.Yield()
			mu.Lock()
			defer mu.Unlock()
			if now := goid.Get(); now != inside[i] {
				t.Errorf("goroutine id changed from %d to %d", inside[i], now)
			}
		})
		all[i].Resume()
	}
	mu.Lock()
	for i, c := range all {
		if c.Goid() != inside[i] {
			t.Errorf("Goid is %d, inside it is %d", c.Goid(), inside[i])
		}
		if c.Goid() == goid.Get() {
			t.Error("Goid is that of the goroutine which called Resume")
		}
	}
	if all[0].Goid() == all[1].Goid() {
		t.Error("two coroutines have one Goid")
	}
	mu.Unlock()
	for _, c := range all {
		c.Resume()
	}
}

func TestPooled(t *testing.T) {
	if coro.Pooled == race.Enabled {
		t.Errorf("Pooled is %t with race detection %t", coro.Pooled, race.Enabled)
	}
}

func TestNoGoroutineIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	for i := range 100 {
		c := newCoro(func(c *coro.Coro) {
			for c.Yield() {
			}
		})
		if i%3 > 0 { // else never started
			c.Resume()
		}
		if i%3 > 1 {
			c.Resume()
		}
		c.Stop()
	}
	// Under -race the end of a goroutine follows the last Resume.
	for runtime.NumGoroutine() > before {
		runtime.Gosched()
	}
}

func TestAllocs(t *testing.T) {
	c := newCoro(func(c *coro.Coro) {
		for c.Yield() {
		}
	})
	defer c.Stop()
	if n := testing.AllocsPerRun(100, func() { c.Resume() }); n != 0 {
		t.Errorf("a Resume and a Yield allocate %v times, want 0", n)
	}
}

// BenchmarkSwitch is a Resume and a Yield, that is, two switches.
func BenchmarkSwitch(b *testing.B) {
	c := newCoro(func(c *coro.Coro) {
		for c.Yield() {
		}
	})
	defer c.Stop()
	b.ReportAllocs()
	for b.Loop() {
		c.Resume()
	}
}

// BenchmarkNew is the whole life of a coroutine that never yields.
func BenchmarkNew(b *testing.B) {
	body := func(*coro.Coro) {}
	b.ReportAllocs()
	for b.Loop() {
		newCoro(body).Resume()
	}
}

// What is fetched ahead is what a switch calls.
func TestSwitchesOfASuspendedCoroutine(t *testing.T) {
	c := newCoro(func(c *coro.Coro) { c.Yield() })
	c.Resume()
	defer c.Stop()
	resume, yield := c.Switches()
	_, one := resume.(func() (struct{}, bool))
	_, two := yield.(func(struct{}) bool)
	if one != coro.Pooled || two != coro.Pooled {
		t.Errorf("resume is a %T, yield a %T", resume, yield)
	}
}
