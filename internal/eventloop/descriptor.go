//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop

import (
	"errors"
	"net/netip"
	"sync/atomic"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/poll"
	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/waitq"
	"golang.org/x/sys/unix"
)

// A descriptor is a non-blocking descriptor on which tasks and goroutines wait. An
// attempt comes first, always; only when the system says EAGAIN is the descriptor
// registered, once for all, and the edges that the poller reports are counted. An
// attempt that found nothing notes the count it began with: until the count moves,
// another attempt is in vain.
type descriptor struct {
	net     *network
	fd      int
	kind    *kind
	ends    *ends          // nil while it has no addresses
	peer    netip.AddrPort // the other end, if that is no path
	read    direction
	write   direction
	reader  quiet.Pointer[kernel.Blocker] // of the first who waits to read; nil before
	prev    *descriptor                   // in network.sockets, guarded by network.mu
	next    *descriptor
	asks    *descriptor // behind it in network.asking, guarded by network.mu
	desc    *poll.Desc  // guarded by mu, nil before it is registered
	refused error       // guarded by mu, why it could not be
	watched watched     // guarded by mu

	refs      atomic.Int32 // calls that use fd, one for being open, and refsClosed
	odd       atomic.Bool  // a short read does not mean that nothing is left
	waiting   atomic.Bool  // reader is in use
	reset     atomic.Bool  // of the connection, that only a canceled call was told
	family    int32
	lent      bool // fd belongs to somebody else, who closes it
	connected bool
	asking    bool        // is in network.asking, guarded by network.mu
	asked     bool        // to be registered, guarded by mu
	mu        waitq.Mutex // guards the queues, too
}

// A direction is reading or writing.
type direction struct {
	edges   atomic.Uint64 // times the poller has reported it ready
	dry     uint64        // edges when an attempt last found nothing; of the one who reads or writes
	waiters kernel.Queue
}

const refsClosed = 1 << 30

var errClosed = errors.New("closed") // becomes net.ErrClosed

const byClose = 1 // Index of a waiter whose wait close has ended

// use keeps fd open until release; false if it was closed.
func (f *descriptor) use() bool {
	for {
		r := f.refs.Load()
		if r&refsClosed != 0 {
			return false
		}
		if f.refs.CompareAndSwap(r, r+1) {
			return true
		}
	}
}

func (f *descriptor) release() {
	if f.refs.Add(-1) == refsClosed {
		f.destroy()
	}
}

func (f *descriptor) closed() bool { return f.refs.Load()&refsClosed != 0 }

// close wakes all who wait; the last call that uses fd closes it.
func (f *descriptor) close() {
	for {
		r := f.refs.Load()
		if r&refsClosed != 0 {
			return
		}
		if f.refs.CompareAndSwap(r, r|refsClosed) {
			break
		}
	}
	f.read.edges.Add(1)
	f.write.edges.Add(1)
	var woken kernel.Woken
	f.mu.Lock()
	for _, q := range []*kernel.Queue{&f.read.waiters, &f.write.waiters} {
		for w := q.FailFirst(); w != nil; w = q.FailFirst() {
			w.Index = byClose
			woken.Add(w)
		}
	}
	told := f.watched.due(true, true)
	f.mu.Unlock()
	woken.Unpark()
	told.tell()
	f.release()
}

func (f *descriptor) destroy() {
	f.mu.Lock()
	d := f.desc
	f.desc = nil
	f.mu.Unlock()
	f.net.delist(f)
	if d != nil {
		f.net.forget(d)
	}
	if !f.lent {
		unix.Close(f.fd)
	}
}

// register makes the poller watch fd, again if it was muted. Only the loop may call it. An
// edge that came earlier is not missed: the poller reports what is ready at once.
func (f *descriptor) register() {
	if !f.use() {
		return
	}
	defer f.release()
	f.mu.Lock()
	known := f.desc
	f.mu.Unlock()
	if known != nil {
		f.speak(known)
		return
	}
	f.net.forgetPast()
	d, err := f.net.b.register(f.fd, f)
	if errors.Is(err, unix.EEXIST) {
		if f.lent { // one of our own sockets, as it happens
			var twin int
			if twin, err = duplicate(f.fd); err == nil {
				f.fd, f.lent = twin, false
				d, err = f.net.b.register(f.fd, f)
			}
		} else if other := f.net.registered(f.fd); other != nil && other.lent {
			// It is this socket, or a file that was closed without a word, whose watch must
			// harm nobody else.
			other.yield()
			d, err = f.net.b.register(f.fd, f)
			defer other.register()
		}
	}
	f.mu.Lock()
	f.desc, f.refused = d, err
	f.mu.Unlock()
	if err != nil {
		f.wake(true, true)
	}
}

// registered is the descriptor that the poller knows by a number, nil if there is none.
// Only the loop, or who has its turn there, may call it.
func (n *network) registered(fd int) *descriptor {
	_, data := n.b.clock.poller.Registered(fd)
	if reg, ok := data.(*registration); ok {
		data = reg.r
	}
	f, _ := data.(*descriptor)
	return f
}

// yield gives up the number of a descriptor that is lent, until register.
func (f *descriptor) yield() {
	f.mu.Lock()
	d := f.desc
	f.desc = nil
	f.mu.Unlock()
	if d != nil {
		_ = f.net.b.Unregister(d) // it may have been closed
	}
}

// Ready is called by the loop when the poller reports the descriptor.
func (f *descriptor) Ready(readable, writable bool) {
	f.mu.Lock()
	if f.desc != nil && f.desc.KeepReading() && !f.odd.Load() {
		f.odd.Store(true)
	}
	var mute *poll.Desc
	if readable && f.muteLocked() {
		mute = f.desc
	}
	woken, told := f.wakeLocked(readable, writable)
	f.mu.Unlock()
	if mute != nil {
		_ = f.net.b.clock.poller.Mute(mute, true) // else it is told of more, for nothing
	}
	woken.Unpark()
	told.tell()
}

// wake is Ready for what the poller has not reported.
func (f *descriptor) wake(readable, writable bool) {
	f.mu.Lock()
	woken, told := f.wakeLocked(readable, writable)
	f.mu.Unlock()
	woken.Unpark()
	told.tell()
}

// wakeLocked counts an edge and takes out all who wait for it, to try again.
func (f *descriptor) wakeLocked(readable, writable bool) (woken kernel.Woken, told told) {
	if readable {
		f.read.edges.Add(1)
		f.read.waiters.WakeAll(&woken)
	}
	if writable {
		f.write.edges.Add(1)
		f.write.waiters.WakeAll(&woken)
	}
	return woken, f.watched.due(readable, writable)
}

// wait waits until an attempt makes sense again that began when seen edges were
// counted. It may return for no reason. The errors are errClosed, that of the
// registration, and the cancellation as it is.
func (f *descriptor) wait(p kernel.Place, d *direction, seen uint64, op kernel.Op) error {
	b, err := f.enqueue(p, d, seen, op)
	if b != nil {
		err = f.dequeue(d, b, b.Wait(p))
	}
	return err
}

// getBlocker returns one for a wait in d: the descriptor's own if that is free.
func (f *descriptor) getBlocker(d *direction) *kernel.Blocker {
	if d == &f.read && f.waiting.CompareAndSwap(false, true) {
		if f.reader.Load() == nil {
			f.makeReader()
		}
		return f.reader.Load()
	}
	return kernel.GetBlocker()
}

// makeReader is also called where a connection is accepted: there is room for an
// allocation on that stack.
//
//go:noinline
func (f *descriptor) makeReader() {
	b := new(kernel.Blocker)
	b.Init()
	f.reader.Store(b)
}

func (f *descriptor) putBlocker(b *kernel.Blocker) {
	if b == f.reader.Load() { // which another may be making just now
		b.Forget()
		f.waiting.Store(false)
		return
	}
	kernel.PutBlocker(b)
}

// enqueue is wait up to where it waits, nil if it need not: apart from it, as what
// comes after the wait is, for the sake of a small stack.
//
//go:noinline
func (f *descriptor) enqueue(p kernel.Place, d *direction, seen uint64, op kernel.Op) (*kernel.Blocker, error) {
	b := f.getBlocker(d)
	b.PrepareFor(p.RunningTask(), p, op)
	f.mu.Lock()
	if f.refused != nil || f.closed() || d.edges.Load() != seen {
		return nil, f.turnAway(p, b)
	}
	d.waiters.Push(&b.Node)
	ask, resume := !f.asked, d == &f.read && f.unmuteLocked()
	f.asked = true
	f.mu.Unlock()
	if ask {
		f.net.register(f)
	} else if resume {
		f.unmute()
	}
	return b, nil
}

// turnAway is the error of a wait that need not begin. f.mu is held.
//
//go:noinline
func (f *descriptor) turnAway(p kernel.Place, b *kernel.Blocker) error {
	err := f.refused
	if f.closed() {
		err = errClosed
	}
	f.mu.Unlock()
	f.putBlocker(b)
	if err != nil {
		err = p.CanceledOr(err)
	}
	return err
}

// dequeue ends a wait that ended with err, and returns its error.
//
//go:noinline
func (f *descriptor) dequeue(d *direction, b *kernel.Blocker, err error) error {
	if err != nil {
		f.mu.Lock()
		d.waiters.Remove(&b.Node)
		f.mu.Unlock()
	} else if b.Index == byClose {
		err = errClosed
	}
	f.putBlocker(b)
	return err
}
