package poll_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio/internal/poll"
)

// borrowed runs f on another goroutine with the loop that waits in p, which stays
// there until f has given it back and woken it.
func borrowed(t *testing.T, p *poll.Poller, timed bool, f func(inWait func())) {
	t.Helper()
	var over, ended atomic.Bool
	go func() {
		untilParked(p)
		for !p.Borrow() {
			runtime.Gosched()
		}
		f(func() {
			if ended.Load() {
				t.Error("Wait ended while the loop was lent")
			}
		})
		over.Store(true)
		p.Wake() // for a loop that was returned
	}()
	for !over.Load() {
		if timed {
			p.Wait(veryShort)
		} else {
			p.Wait(-1)
		}
		ended.Store(true)
		if !over.Load() && !timed {
			t.Error("Wait ended by itself")
		}
		ended.Store(false)
	}
}

func TestLentLoopIsReturnedAndSleepsOn(t *testing.T) {
	p := poll.Modes["channel"](t)
	borrowed(t, p, false, func(inWait func()) {
		if p.Borrow() {
			t.Error("it was lent twice")
		}
		if !p.Return() {
			t.Error("Return has failed")
		}
		if !p.Borrow() || !p.Return() {
			t.Error("it cannot be borrowed again")
		}
		inWait()
	})
}

func TestWakeOfALentLoopIsForTheBorrower(t *testing.T) {
	p := poll.Modes["channel"](t)
	borrowed(t, p, false, func(inWait func()) {
		p.Wake()
		if p.Return() {
			t.Error("returned as if nobody had called Wake")
		}
		if !p.Heed() {
			t.Error("Heed would have it handed over")
		}
		if !p.Return() {
			t.Error("Return has failed")
		}
		inWait()
	})
}

func TestTimeoutOfALentLoopWaitsForTheBorrower(t *testing.T) {
	p := poll.Modes["channel"](t)
	borrowed(t, p, true, func(inWait func()) {
		for p.Heed() {
			runtime.Gosched() // the time has not come
		}
		if p.Return() {
			t.Error("returned although its goroutine waits for it")
		}
		inWait()
		p.HandOver()
	})
}

func TestOnlyALoopThatWaitsWithoutDescriptorsIsLent(t *testing.T) {
	p := poll.Modes["channel"](t)
	if p.Borrow() {
		t.Error("a running loop was lent")
	}
	p.Wake()
	if p.Borrow() {
		t.Error("a woken loop was lent")
	}
	p.Wait(-1)
	for _, mode := range []string{"portable", "descriptors"} {
		if poll.Modes[mode] == nil {
			continue
		}
		p := poll.Modes[mode](t)
		var over atomic.Bool
		go func() {
			untilParked(p)
			if p.Borrow() {
				t.Errorf("a loop with %s was lent", mode)
			}
			over.Store(true)
			p.Wake()
		}()
		waitUntil(p, over.Load)
	}
}

// One at a time has the loop, no wake is lost, and nobody waits forever.
func TestLoopHasOneDriver(t *testing.T) {
	p := poll.Modes["channel"](t)
	const helpers, each = 4, 2000
	var drivers, todo, done atomic.Int64
	work := func() {
		if drivers.Add(1) != 1 {
			t.Error("two drivers")
		}
		done.Add(todo.Swap(0))
		drivers.Add(-1)
	}
	var wg sync.WaitGroup
	for i := range helpers {
		wg.Go(func() {
			for n := range each {
				todo.Add(1)
				if !p.Borrow() {
					p.Wake()
					continue
				}
				for {
					work()
					if (n+i)%3 == 0 {
						p.HandOver()
						break
					}
					if p.Return() {
						break
					}
					if !p.Heed() {
						p.HandOver()
						break
					}
				}
			}
		})
	}
	for n := 0; done.Load() < helpers*each; n++ {
		if n%5 == 0 {
			p.Wait(veryShort)
		} else {
			p.Wait(-1)
		}
		work()
	}
	wg.Wait()
}
