package poll_test

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio/internal/poll"
)

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

// A wake or a timeout must not be left over for the next Wait. (It may be when
// it came too late for its own, which cannot happen here.)
func TestWaitParksAgain(t *testing.T) {
	run(t, func(t *testing.T, p *poll.Poller) {
		for i := range 20 {
			var woken atomic.Bool
			go func() {
				untilParked(p)
				woken.Store(true)
				p.Wake()
			}()
			p.Wait(-1)
			if !woken.Load() {
				t.Fatalf("Wait %d returned without a Wake", i)
			}
			if i%3 == 0 {
				p.Wait(veryShort)
			}
		}
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
		// Waiting forever comes after a timeout that has been set.
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
