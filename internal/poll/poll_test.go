package poll_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio/internal/poll"
	"github.com/anyio-go/anyio/internal/race"
)

// veryShort is a timeout of which a test waits for the end. Nothing depends on
// its length.
const veryShort = time.Millisecond

// run tests f in each way in which a Poller waits.
func run(t *testing.T, f func(t *testing.T, p *poll.Poller)) {
	for name, newPoller := range poll.Modes {
		t.Run("mode="+name, func(t *testing.T) { f(t, newPoller(t)) })
	}
}

// waitUntil is a loop with nothing to do but to wait. It hangs if a wake is lost.
func waitUntil(p *poll.Poller, done func() bool) {
	for !done() {
		p.Wait(-1)
	}
}

// untilParked returns once the loop waits or is about to.
func untilParked(p *poll.Poller) {
	for !p.Parked() {
		runtime.Gosched()
	}
}

// reports is what one Poll reported: "r", "w" or "rw" for each descriptor's
// data. It fails the test if the count that Poll returned is wrong.
func reports(t testing.TB, p *poll.Poller) map[any]string {
	t.Helper()
	got := make(map[any]string)
	calls := 0
	n := p.Poll(func(data any, readable, writable bool) {
		calls++
		var r, w bool
		for _, c := range got[data] {
			r, w = r || c == 'r', w || c == 'w'
		}
		s := ""
		if r || readable {
			s += "r"
		}
		if w || writable {
			s += "w"
		}
		got[data] = s
	})
	if n != calls {
		t.Errorf("Poll returned %d after %d calls of ready", n, calls)
	}
	return got
}

// wantReports fails the test unless Poll reports exactly want, given as data
// and directions in turn.
func wantReports(t testing.TB, p *poll.Poller, want ...string) {
	t.Helper()
	m := make(map[any]string)
	for i := 0; i < len(want); i += 2 {
		m[want[i]] = want[i+1]
	}
	if got := reports(t, p); fmt.Sprint(got) != fmt.Sprint(m) {
		t.Errorf("Poll reported %v, want %v", got, m)
	}
}

func TestWakeBeforeWait(t *testing.T) {
	run(t, func(t *testing.T, p *poll.Poller) {
		p.Wake()
		p.Wait(-1)
	})
}

func TestWakeDuringWait(t *testing.T) {
	run(t, func(t *testing.T, p *poll.Poller) {
		var woken atomic.Bool
		go func() {
			untilParked(p)
			woken.Store(true)
			p.Wake()
		}()
		waitUntil(p, woken.Load)
	})
}

func TestManyWakesCountAsOne(t *testing.T) {
	run(t, func(t *testing.T, p *poll.Poller) {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 1000 {
					p.Wake()
				}
			})
		}
		wg.Wait()
		p.Wait(-1)

		var again atomic.Bool
		go func() {
			untilParked(p)
			again.Store(true)
			p.Wake()
		}()
		p.Wait(-1)
		if !again.Load() {
			t.Error("second Wait returned because of the Wakes before the first")
		}
	})
}

func TestZeroTimeoutTakesBackWake(t *testing.T) {
	run(t, func(t *testing.T, p *poll.Poller) {
		p.Wait(0)
		p.Wake()
		p.Wait(0)
		go func() {
			untilParked(p)
			p.Wake()
		}()
		p.Wait(-1)
	})
}

// Each wake is answered before the next, so a single lost one hangs the test.
func TestNoWakeIsLostOneByOne(t *testing.T) {
	run(t, func(t *testing.T, p *poll.Poller) {
		const n = 30_000
		var asked atomic.Int64
		answered := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			for range n {
				asked.Add(1)
				p.Wake()
				<-answered
			}
		})
		for i := range int64(n) {
			waitUntil(p, func() bool { return asked.Load() > i })
			answered <- struct{}{}
		}
		wg.Wait()
	})
}

func TestNoWakeIsLostAmongMany(t *testing.T) {
	run(t, func(t *testing.T, p *poll.Poller) {
		const goroutines, each = 8, 12_500
		var sum atomic.Int64
		var wg sync.WaitGroup
		for range goroutines {
			wg.Go(func() {
				for range each {
					sum.Add(1)
					p.Wake()
				}
			})
		}
		waitUntil(p, func() bool { return sum.Load() == goroutines*each })
		wg.Wait()
	})
}

// Short timeouts make late wakes, which reach a loop that waits no longer or
// again. None may be lost or undo a later timeout.
func TestNoWakeIsLostAmongTimeouts(t *testing.T) {
	run(t, func(t *testing.T, p *poll.Poller) {
		const n = 5000
		var asked atomic.Int64
		answered := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			for range n {
				asked.Add(1)
				p.Wake()
				<-answered
			}
		})
		timeouts := []time.Duration{1, time.Microsecond, 50 * time.Microsecond, time.Hour, -1}
		for i := range int64(n) {
			for k := int(i); asked.Load() <= i; k++ {
				p.Wait(timeouts[k%len(timeouts)])
			}
			answered <- struct{}{}
		}
		wg.Wait()
	})
}

func TestTimeout(t *testing.T) {
	run(t, func(t *testing.T, p *poll.Poller) {
		for range 3 {
			p.Wait(veryShort)
		}
		p.Wait(1)
	})
}

// A timeout that is no longer needed must not replace the next one.
func TestTimeoutAfterOtherWaits(t *testing.T) {
	run(t, func(t *testing.T, p *poll.Poller) {
		wakeWhenParked := func() {
			go func() {
				untilParked(p)
				p.Wake()
			}()
		}
		for _, before := range []time.Duration{time.Hour, math.MaxInt64, -1, veryShort} {
			wakeWhenParked()
			p.Wait(before)
			p.Wait(veryShort)
		}
		// Waiting for ever comes after a timeout that has been set.
		var woken atomic.Bool
		p.Wait(veryShort)
		go func() {
			untilParked(p)
			woken.Store(true)
			p.Wake()
		}()
		waitUntil(p, woken.Load)
	})
}

func TestPost(t *testing.T) {
	run(t, func(t *testing.T, p *poll.Poller) {
		var descs []*poll.Desc
		for _, name := range []string{"a", "b", "c"} {
			descs = append(descs, register(t, p, name))
		}
		reports(t, p)

		descs[1].Post(false, false)
		wantReports(t, p)
		descs[1].Post(true, false)
		p.Wait(-1)
		wantReports(t, p, "b", "r")
		wantReports(t, p)

		// Posts for one descriptor are reported together.
		descs[0].Post(true, false)
		descs[2].Post(false, true)
		descs[0].Post(false, true)
		p.Wait(-1)
		wantReports(t, p, "a", "rw", "c", "w")
		wantReports(t, p)
	})
}

func TestPostsAreReportedInOrder(t *testing.T) {
	run(t, func(t *testing.T, p *poll.Poller) {
		descs := []*poll.Desc{register(t, p, 0), register(t, p, 1), register(t, p, 2)}
		reports(t, p)
		for _, i := range []int{2, 0, 1} {
			descs[i].Post(true, true)
		}
		var got []any
		p.Poll(func(data any, _, _ bool) { got = append(got, data) })
		if fmt.Sprint(got) != "[2 0 1]" {
			t.Errorf("reported %v, want [2 0 1]", got)
		}
	})
}

// A Wait must see what was posted even if an earlier Wait took its wake.
func TestPostOutlivesItsWake(t *testing.T) {
	run(t, func(t *testing.T, p *poll.Poller) {
		d := register(t, p, "d")
		reports(t, p)
		d.Post(true, false)
		p.Wait(-1)
		p.Wait(-1)
		wantReports(t, p, "d", "r")
	})
}

func TestPostAfterUnregister(t *testing.T) {
	run(t, func(t *testing.T, p *poll.Poller) {
		d := register(t, p, "d")
		n := p.Len()
		reports(t, p)
		d.Post(true, true)
		for range 2 {
			if err := p.Unregister(d); err != nil {
				t.Fatal(err)
			}
		}
		if got := p.Len(); got != n-1 {
			t.Errorf("Len is %d after Unregister, want %d", got, n-1)
		}
		wantReports(t, p)
		d.Post(true, true)
		wantReports(t, p)
	})
}

func TestPostInsideReady(t *testing.T) {
	run(t, func(t *testing.T, p *poll.Poller) {
		d := register(t, p, "d")
		reports(t, p)
		d.Post(true, false)
		n := p.Poll(func(any, bool, bool) { d.Post(false, true) })
		if n != 1 {
			t.Errorf("Poll made %d reports, want 1: the second post came during it", n)
		}
		p.Wait(-1)
		wantReports(t, p, "d", "w")
	})
}

func TestNoPostIsLost(t *testing.T) {
	run(t, func(t *testing.T, p *poll.Poller) {
		const descs, each = 4, 5000
		var posted [descs]atomic.Int64
		var seen [descs]int64
		var wg sync.WaitGroup
		var ds []*poll.Desc
		for i := range descs {
			ds = append(ds, register(t, p, i))
		}
		reports(t, p)
		for i, d := range ds {
			for range 2 {
				wg.Go(func() {
					for range each {
						posted[i].Add(1)
						d.Post(true, false)
					}
				})
			}
		}
		done := func() bool {
			for _, s := range seen {
				if s != 2*each {
					return false
				}
			}
			return true
		}
		for !done() {
			p.Wait(-1)
			p.Poll(func(data any, _, _ bool) {
				if i, ok := data.(int); ok {
					seen[i] = posted[i].Load()
				}
			})
		}
		wg.Wait()
	})
}

func TestLen(t *testing.T) {
	run(t, func(t *testing.T, p *poll.Poller) {
		before := p.Len()
		var descs []*poll.Desc
		for i := range 3 {
			descs = append(descs, register(t, p, i))
			if got, want := p.Len(), before+i+1; got != want {
				t.Errorf("Len is %d, want %d", got, want)
			}
		}
		for _, d := range descs {
			if err := p.Unregister(d); err != nil {
				t.Error(err)
			}
		}
		if got := p.Len(); got != before {
			t.Errorf("Len is %d after everything was unregistered, want %d", got, before)
		}
		// Back to the channel.
		go func() {
			untilParked(p)
			p.Wake()
		}()
		p.Wait(-1)
		p.Wait(veryShort)
	})
}

func TestClose(t *testing.T) {
	run(t, func(t *testing.T, p *poll.Poller) {
		d := register(t, p, "d")
		for range 2 {
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := p.Register(0, nil); !errors.Is(err, os.ErrClosed) {
			t.Errorf("Register after Close: %v, want os.ErrClosed", err)
		}
		if err := p.Unregister(d); err != nil {
			t.Errorf("Unregister after Close: %v", err)
		}
		if n := p.Len(); n != 0 {
			t.Errorf("Len is %d after Close", n)
		}
		p.Wake()
		d.Post(true, true)
		wantReports(t, p)
		p.Wait(-1)
	})
}

// A wake that was under way when the loop stopped to wait may come after Close.
func TestWakeDuringClose(t *testing.T) {
	for name, newPoller := range poll.Modes {
		t.Run("mode="+name, func(t *testing.T) {
			for range 100 {
				p := newPoller(t)
				var closed atomic.Bool
				var wg sync.WaitGroup
				for range 2 {
					wg.Go(func() {
						for !closed.Load() {
							p.Wake()
							runtime.Gosched()
						}
						p.Wake()
					})
				}
				for range 3 {
					p.Wait(-1)
				}
				if err := p.Close(); err != nil {
					t.Error(err)
				}
				closed.Store(true)
				wg.Wait()
			}
		})
	}
}

func TestAllocs(t *testing.T) {
	if race.Enabled {
		t.Skip("under -race a wake starts a goroutine, see race.Isolate")
	}
	run(t, func(t *testing.T, p *poll.Poller) {
		ready := func(any, bool, bool) {}
		d := register(t, p, "d")
		for name, f := range map[string]func(){
			"Wake and Wait": func() { p.Wake(); p.Wait(-1) },
			"Poll":          func() { p.Poll(ready) },
			"Post":          func() { d.Post(true, true); p.Poll(ready) },
			"timeout":       func() { p.Wait(1) },
		} {
			if n := testing.AllocsPerRun(100, f); n != 0 {
				t.Errorf("%s allocates %v times, want 0", name, n)
			}
		}
	})
}
