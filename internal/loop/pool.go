package loop

import (
	"time"

	"github.com/anyio-go/anyio/internal/coro"
)

const (
	// trimEvery is how often coroutines are ended that had no task all the time.
	trimEvery = int64(500 * time.Millisecond)
	// spareCoros is how many are kept anyway.
	spareCoros = 16
	// trimAtOnce is how many are ended before tasks have their turn again.
	trimAtOnce = 64
)

// A pool keeps coroutines without a task for the tasks to come. After a burst it gives
// back what is not needed any more; steady load needs as many again and again, and
// loses none.
type pool struct {
	idle    *coro.Coro
	n       int   // their number
	low     int   // the least number since the last look
	since   int64 // when that was
	surplus int   // how many are to be ended
}

// get takes one out, nil if there is none.
//
//go:norace
func (p *pool) get() *coro.Coro {
	c := p.idle
	if c != nil {
		p.idle, c.Wait = nextOf(c), nil
		p.n--
		p.low = min(p.low, p.n)
	}
	return c
}

// nextOf is the coroutine behind c in a list of those without a task. A field of its own
// would make all coroutines larger than a cache line.
//
//go:norace
func nextOf(c *coro.Coro) *coro.Coro {
	next, _ := c.Wait.(*coro.Coro)
	return next
}

//go:norace
func (p *pool) put(c *coro.Coro) {
	c.Wait, p.idle = p.idle, c
	p.n++
}

// age is told the time.
//
//go:norace
func (p *pool) age(now int64) {
	if now-p.since < trimEvery {
		return
	}
	p.surplus = max(0, p.low-spareCoros)
	p.low, p.since = p.n, now
}

// trim ends some coroutines that are not needed any more. Only the loop's own
// goroutine may do so.
func (p *pool) trim() {
	for range min(p.surplus, trimAtOnce) {
		p.surplus--
		if c := p.get(); c != nil {
			c.Stop()
		}
	}
}

// close ends all.
func (p *pool) close() {
	for c := p.get(); c != nil; c = p.get() {
		c.Stop()
	}
}
