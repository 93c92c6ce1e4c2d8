//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop

import (
	"net"
	"sync/atomic"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netconn"
	"github.com/anyio-go/anyio/internal/poll"
	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/waitq"
	"golang.org/x/sys/unix"
)

// A network makes the sockets of one loop. They may be made and used on any
// goroutine: system calls are made where they are asked for, and only what belongs
// to the poller is handed over to the loop, by mail.
type network struct {
	netconn.Network // looks names up, and after the files of UNIX sockets
	b               *Backend
	lead            *network // of a team, else itself: it knows which files of users are waited for

	lately quiet.Pointer[ends] // of the connection that was accepted last

	mailed  atomic.Int32 // what the loop is asked for and has not attended to
	mu      waitq.Mutex  // guards what follows
	asking  *descriptor  // to be registered or unmuted, the oldest first, through asks
	last    *descriptor  // of asking
	past    *letter      // what is to be forgotten
	ended   bool         // the run is over
	sockets *descriptor  // all that are open, through next
	watches map[int]*watch
}

// A letter asks the loop to forget a descriptor.
type letter struct {
	forget *poll.Desc
	next   *letter
}

var _ kernel.Network = (*network)(nil)

func newNetwork(b *Backend) *network {
	n := &network{b: b}
	n.lead = n
	return n
}

// join makes it one of the networks of a team.
//
//go:norace
func (n *network) join(lead *network) { n.lead = lead }

// onLoop reports whether the loop calls, or who has its turn there.
func (n *network) onLoop() bool { return n.b.InTurn() }

// register makes the loop watch f, again if it was muted, on its next turn. Tasks of the
// loop only ask for it, too: on their stacks, which would have to grow, there is no room
// to register, nor for an allocation.
func (n *network) register(f *descriptor) {
	n.mu.Lock()
	if !n.ended && !f.asking {
		f.asking = true
		if n.asking == nil {
			n.asking = f
		} else {
			n.last.asks = f
		}
		n.last = f
		n.mailed.Add(1)
	}
	n.mu.Unlock()
	if !n.onLoop() {
		n.b.clock.Wake()
	}
}

// forget undoes register. The descriptor may be closed afterwards: whoever
// registers the same number attends to the mail first.
func (n *network) forget(d *poll.Desc) {
	if n.onLoop() {
		_ = n.b.Unregister(d) // it is forgotten anyway
	} else {
		n.post(&letter{forget: d})
		n.b.clock.Wake()
	}
}

// post hands a letter to the loop. That of a run that is over has no poller any more.
func (n *network) post(l *letter) {
	n.mu.Lock()
	if !n.ended {
		l.next, n.past = n.past, l
		n.mailed.Add(1)
	}
	n.mu.Unlock()
}

// attend does what the mail asks for. Only the loop may call it.
func (n *network) attend() {
	for n.pending() {
		race.Isolate(n.attendTo)
	}
}

// pending reports whether there is mail.
//
//go:norace
func (n *network) pending() bool {
	race.Disable()
	mailed := n.mailed.Load()
	race.Enable()
	return mailed > 0
}

func (n *network) attendTo() {
	for f := n.nextAsking(); f != nil; f = n.nextAsking() {
		f.register()
	}
	n.forgetPast()
}

func (n *network) nextAsking() *descriptor {
	n.mu.Lock()
	defer n.mu.Unlock()
	f := n.asking
	if f != nil {
		n.asking = f.asks
		f.asks, f.asking = nil, false
		n.mailed.Add(-1)
	}
	return f
}

// forgetPast forgets what is to be forgotten: before a descriptor is registered, as its
// number may have been that of another one.
func (n *network) forgetPast() {
	n.mu.Lock()
	l := n.past
	for at := l; at != nil; at = at.next {
		n.mailed.Add(-1)
	}
	n.past = nil
	n.mu.Unlock()
	for ; l != nil; l = l.next {
		_ = n.b.Unregister(l.forget) // closed already, as may be
	}
}

// open makes fd one of the network's sockets, which it then owns.
func (n *network) open(fd int, k *kind) (*descriptor, error) {
	f := &descriptor{net: n, fd: fd, kind: k}
	f.read.edges.Store(1) // ahead of dry
	f.write.edges.Store(1)
	f.refs.Store(1)
	if !n.enlist(f) {
		unix.Close(fd)
		return nil, net.ErrClosed
	}
	return f, nil
}

// enlist adds f to the open sockets; false if the run is over.
//
//go:norace
func (n *network) enlist(f *descriptor) bool {
	race.Disable()
	defer race.Enable()
	n.mu.Lock()
	ok := !n.ended
	if ok {
		n.enlistLocked(f)
	}
	n.mu.Unlock()
	return ok
}

//go:norace
func (n *network) enlistLocked(f *descriptor) {
	f.next = n.sockets
	if f.next != nil {
		f.next.prev = f
	}
	n.sockets = f
}

// delist undoes enlist.
//
//go:norace
func (n *network) delist(f *descriptor) {
	race.Disable()
	defer race.Enable()
	n.mu.Lock()
	if f.prev != nil {
		f.prev.next = f.next
	} else if n.sockets == f {
		n.sockets = f.next
	}
	if f.next != nil {
		f.next.prev = f.prev
	}
	f.prev, f.next = nil, nil
	n.mu.Unlock()
}

// pop takes one of the open sockets off the list, nil if there is none.
//
//go:norace
func (n *network) pop() *descriptor {
	race.Disable()
	defer race.Enable()
	n.mu.Lock()
	f := n.sockets
	if f != nil {
		if n.sockets = f.next; n.sockets != nil {
			n.sockets.prev = nil
		}
		f.next = nil
	}
	n.mu.Unlock()
	return f
}

// end closes the sockets that are left when the run is over. Those who still wait
// in them, on other goroutines, are told net.ErrClosed.
func (n *network) end() {
	n.mu.Lock()
	n.ended = true
	n.asking, n.last, n.past = nil, nil, nil
	n.mailed.Store(0)
	n.mu.Unlock()
	for f := n.pop(); f != nil; f = n.pop() {
		f.close()
	}
}
