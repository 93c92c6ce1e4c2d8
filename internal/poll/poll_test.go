package poll_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
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
