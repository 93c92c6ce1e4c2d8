package poll

import (
	"sync/atomic"

	"github.com/anyio-go/anyio/internal/race"
)

// A Desc is a registered descriptor.
type Desc struct {
	poller *Poller
	fd     int
	data   any
	live   bool // cleared by Unregister
	odd    bool // see KeepReading

	// posts is what was posted and not yet reported. The Post that finds it
	// empty puts the Desc on Poller.posted, and until Poll empties it, the Desc
	// is on that stack or about to be.
	posts atomic.Uint32
	next  *Desc // the one below on the stack; its owner is as for posts
}

// KeepReading reports whether a short read no longer means that nothing is left
// to read: the system has told of an end, an error, or urgent data, at which reads
// stop. Where the system does not tell such things, it is true from the start.
// Like Unregister it belongs to the loop.
//
//go:norace
func (d *Desc) KeepReading() bool { return d.odd || !tellsEnds }

// Bits of Desc.posts.
const (
	postReadable = 1 << iota
	postWritable
)

// Post makes the next Poll report the descriptor as ready, and wakes the loop.
// It is how readiness is told that the system does not tell: kqueue refuses to
// watch a direction whose other end is closed, and an attempt shall find out. What
// is posted before Poll comes to it is reported in one call; what is posted
// after Unregister is dropped. Post may be called from any goroutine.
//
//go:norace
func (d *Desc) Post(readable, writable bool) {
	var bits uint32
	if readable {
		bits |= postReadable
	}
	if writable {
		bits |= postWritable
	}
	if bits == 0 {
		return
	}
	p := d.poller
	race.Disable()
	first := d.posts.Or(bits) == 0
	for first {
		top := p.posted.Load()
		d.next = top
		if p.posted.CompareAndSwap(top, d) {
			break
		}
	}
	race.Enable()
	if first {
		p.Wake() // else by whoever was first
	}
}

// pollPosted reports what was posted before the call, oldest first.
//
//go:norace
func (p *Poller) pollPosted(ready func(data any, readable, writable bool)) int {
	race.Disable()
	var stack *Desc
	if p.posted.Load() != nil {
		stack = p.posted.Swap(nil)
	}
	race.Enable()

	var queue *Desc
	for stack != nil {
		d := stack
		stack = d.next
		d.next = queue
		queue = d
	}
	n := 0
	for queue != nil {
		d := queue
		queue = d.next
		d.next = nil // before posts: from then on a Post may set it
		race.Disable()
		bits := d.posts.Swap(0)
		race.Enable()
		if d.live {
			ready(d.data, bits&postReadable != 0, bits&postWritable != 0)
			n++
		}
	}
	return n
}
