// Package poll tells a single-threaded event loop which descriptors are ready
// and parks the loop while there is nothing to do.
//
// A loop that waits never blocks a thread in the kernel, because a thread is
// slow to wake: 27 µs, against 0.25 µs for a goroutine that waits on a channel
// and 0.7 µs for one in Go's own poller (BenchmarkWake). So a Poller without
// descriptors waits on a channel and owns nothing of the kernel's; on Linux one
// with descriptors hands its epoll descriptor to Go's poller and waits there.
// See poll_epoll.go, poll_kqueue.go and poll_portable.go.
//
// # Who may call what
//
// Wake and Desc.Post may be called from any goroutine at any time, also after
// Close. Everything else belongs to the loop. New, Wait and Close are called on
// the goroutine that drives it; Register, Unregister, Len and Poll by whichever
// of its coroutines has the turn, inside a ready function too.
//
// # The race detector
//
// Nothing here synchronizes as far as the race detector can tell: tasks which
// merely ran on one loop, or woke it, are still seen to race with one another.
// Whoever passes data along with a Wake or a Post orders it by means of its own.
package poll

import (
	"os"
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio/internal/race"
)

// A source is the operating system's part of a Poller. It is used while
// descriptors are registered, and must open nothing before the first add, except
// under -race, where open comes first: what the standard library keeps about
// the descriptor must not be seen to be written by the task that came first.
type source interface {
	parker
	open() error
	// add and remove change the set of watched descriptors. What was fetched
	// from the kernel for a descriptor before its remove is not reported after.
	add(d *Desc) error
	remove(d *Desc) error
	// registered is the Desc of a number, nil if there is none.
	registered(fd int) *Desc
	// mute stops, or takes up again, reports that the descriptor is readable.
	mute(d *Desc, mute bool) error
	// poll calls ready for what is ready, never blocks, and returns the number of calls.
	poll(ready func(data any, readable, writable bool)) int
	close() error
}

// A parker is a place where the loop waits.
type parker interface {
	// prepare sets the timeout of the next park, forever if it is negative. It
	// is called before anyone can see that the loop parks: set any later, a
	// timeout could undo an unpark.
	prepare(timeout time.Duration)
	// park waits for unpark or the timeout. It may return early.
	park()
	// unpark ends the current park, if need be the next. It is called from any
	// goroutine, at most once per park, and may come after the park has ended.
	unpark()
}

// Bits of Poller.state, which is idle while the loop runs.
const (
	woken          uint32 = 1 << iota // Wake was called since the last Wait
	parkedOnBed                       // the loop waits in Poller.bed
	parkedOnSource                    // the loop waits in Poller.src
	lent                              // on bed: somebody else has the loop, see Borrow
	wanted                            // lent: the loop's goroutine is up and wants it back

	idle uint32 = 0
)

// A Poller reports which descriptors are ready. The package comment says who
// may call what.
type Poller struct {
	bed    *bed   // where the loop waits when no descriptor is registered
	src    source // set by New
	n      int    // registered descriptors
	closed bool   // set by Close
	state  atomic.Uint32
	posted atomic.Pointer[Desc] // stack of descriptors with something posted, newest on top
}

// New makes a Poller. It takes nothing from the system before the first Register.
func New() (*Poller, error) {
	p := &Poller{bed: newBed()}
	p.src = newSource(p)
	if race.Enabled {
		if err := p.src.open(); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Register watches a descriptor in both directions from now on. What is ready
// already is reported by the next Poll, and after that each change to ready
// once (edge-triggered): after a report, read or write until the system says
// that it would block, or until less than asked for was done.
//
// The descriptor must be non-blocking, must not be registered already, and must
// be unregistered before it is closed. Regular files are refused by the system.
// On systems without epoll and kqueue the number is only a label, any may be
// used, and what is ready is told by Desc.Post.
//
//go:norace
func (p *Poller) Register(fd int, data any) (*Desc, error) {
	if p.closed {
		return nil, os.ErrClosed
	}
	d := &Desc{poller: p, fd: fd, data: data, live: true}
	if err := p.src.add(d); err != nil {
		return nil, err
	}
	p.n++
	return d, nil
}

// Unregister forgets a descriptor: nothing is reported for it any more, neither
// what was fetched already nor what was posted. A second call does nothing. An
// error means that the descriptor was closed too early; it is forgotten anyway.
//
//go:norace
func (p *Poller) Unregister(d *Desc) error {
	if !d.live {
		return nil
	}
	d.live = false
	if p.closed {
		return nil
	}
	p.n--
	return p.src.remove(d)
}

// Mute stops reports that the descriptor is readable, for somebody who does not want to
// read, or takes them up again: then what is readable already is reported. A hang-up or
// an error may be reported in spite of it.
//
//go:norace
func (p *Poller) Mute(d *Desc, mute bool) error {
	if !d.live || p.closed {
		return nil
	}
	return p.src.mute(d, mute)
}

// Registered returns the descriptor with a number, and what Register was given with it; nil
// if none is registered.
//
//go:norace
func (p *Poller) Registered(fd int) (d *Desc, data any) {
	if p.closed {
		return nil, nil
	}
	if d = p.src.registered(fd); d == nil {
		return nil, nil
	}
	return d, d.data
}

// Len is the number of registered descriptors.
//
//go:norace
func (p *Poller) Len() int { return p.n }

// Poll calls ready for every descriptor that became ready since it was last
// reported, and returns the number of calls. It never blocks. A hang-up or an
// error counts as readable and writable, since either attempt will tell. One
// descriptor may be reported in two calls, a direction for each, and a report
// may be out of date: the attempt decides.
//
// After a Wait that ended because of a descriptor, Poll needs no system call. A
// loop with nothing else to do therefore calls Wait straight away, without
// trying Poll first.
//
// ready may call everything but Poll, Wait and Close.
//
//go:norace
func (p *Poller) Poll(ready func(data any, readable, writable bool)) int {
	n := p.pollPosted(ready)
	if p.n > 0 {
		n += p.src.poll(ready)
	}
	return n
}

// Wait parks the calling goroutine until Poll may have something to report,
// Wake was called, or the timeout has passed; a negative timeout means forever,
// zero only takes back what Wake said. Wait dispatches nothing, may return for
// no reason, and returns at once on a closed Poller.
//
//go:norace
func (p *Poller) Wait(timeout time.Duration) {
	var place parker = p.bed
	parked := parkedOnBed
	if p.n > 0 {
		place, parked = p.src, parkedOnSource
	}
	race.Disable()
	quiet := p.posted.Load() == nil && p.state.Load() == idle
	race.Enable()
	if quiet && timeout != 0 && !p.closed {
		place.prepare(timeout)
		race.Disable()
		if p.state.CompareAndSwap(idle, parked) {
			place.park()
			p.demand()
		}
		race.Enable()
	}
	// Swallows a Wake which came after the park. That one had its say: the loop
	// looks at its queues after Wait, hence after what preceded that Wake.
	race.Disable()
	p.state.Store(idle)
	race.Enable()
}

// Wake ends the current Wait or makes the next one return at once. Many calls
// before a Wait count as one. When the loop runs, the cost is one atomic swap,
// or one load if it was woken already.
//
//go:norace
func (p *Poller) Wake() {
	race.Disable()
	was := p.state.Load()
	if was&woken == 0 {
		was = p.state.Or(woken)
	}
	race.Enable()
	switch was { // a borrower needs no call
	case parkedOnBed:
		p.bed.unpark()
	case parkedOnSource:
		p.src.unpark()
	}
}

// Close gives back what was taken from the system. Descriptors that are still
// registered stay open and are forgotten. A second call does nothing.
func (p *Poller) Close() error {
	if p.closed {
		return nil
	}
	p.closed = true
	p.n = 0
	return p.src.close()
}
