package eventloop

import (
	"time"
	"unsafe"

	"github.com/anyio-go/anyio/internal/loop"
	"github.com/anyio-go/anyio/internal/poll"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/realtime"
)

// clock is real time. It waits for timers, other goroutines and descriptors, and
// no thread sleeps in the kernel meanwhile.
type clock struct {
	realtime.Clock
	poller  *poll.Poller
	network *network
	face    face
}

// A Ready is what a descriptor is registered with in the loop's poller. The loop
// calls it between two tasks; it must not block.
type Ready interface{ Ready(readable, writable bool) }

func newClock() (*clock, error) {
	p, err := poll.New()
	return &clock{poller: p}, err
}

func (c *clock) Wake() { c.poller.Wake() }

// The clock is a loop.Lender.
func (c *clock) Borrow() bool { return c.poller.Borrow() }
func (c *clock) Return() bool { return c.poller.Return() }
func (c *clock) Heed() bool   { return c.poller.Heed() }
func (c *clock) HandOver()    { c.poller.HandOver() }

var _ loop.Lender = (*clock)(nil)

// Close ends what the loop has had of the system: sockets that were not closed,
// then the poller.
func (c *clock) Close() error {
	c.face.end()
	c.network.end()
	return c.poller.Close()
}

// Poll does what other goroutines have asked for and tells those whose descriptor
// has become ready.
func (c *clock) Poll() {
	c.network.attend()
	if c.poller.Len() > 0 {
		c.poller.Poll(tell)
	}
}

func tell(data any, readable, writable bool) {
	if !race.Enabled {
		data.(Ready).Ready(readable, writable)
		return
	}
	race.Isolate(func() {
		reg := data.(*registration)
		race.Acquire(unsafe.Pointer(reg))
		reg.r.Ready(readable, writable)
	})
}

// Idle parks the loop's goroutine, unless there is something for Poll.
func (c *clock) Idle(next int64, hasTimer bool) error {
	if c.network.pending() {
		return nil
	}
	timeout := time.Duration(-1)
	if hasTimer {
		timeout = max(0, realtime.Until(next))
	}
	c.poller.Wait(timeout)
	return nil
}
