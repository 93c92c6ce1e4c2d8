package simnet

import (
	"errors"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/waitq"
)

// A line is where those stand who wait for a socket in one direction: calls that block, and
// who is told by callbacks.
type line struct {
	kernel.Queue
	by    kernel.Ready // nil if nobody is told
	write bool         // Writable is what it is told
	armed bool         // an attempt has found nothing
	quiet bool         // reading is paused
	also  []*line      // lines of others, who wait for the same
}

// tell is called without the lock.
func (q *line) tell() {
	switch {
	case q.by == nil:
	case q.write:
		q.by.Writable()
	default:
		q.by.Readable()
	}
}

// inform lets unlock tell who watches q.
func (n *Net) inform(q *line) {
	if q.armed {
		q.armed = false
		n.news = append(n.news, q)
	}
	also := q.also
	q.also = nil
	for _, other := range also {
		n.inform(other)
	}
}

// block ends an attempt that has found nothing.
func (q *line) block() error {
	q.armed = q.by != nil && !q.quiet
	return kernel.ErrWouldBlock
}

// A watchable is the two lines of a socket.
type watchable struct {
	net           *Net
	reads, writes line
}

// Watch makes r be told when an attempt may be made again.
func (w *watchable) Watch(r kernel.Ready) {
	w.net.lock()
	defer w.net.unlock()
	for _, q := range []*line{&w.reads, &w.writes} {
		q.by, q.write, q.armed, q.quiet = r, q == &w.writes, false, false
	}
}

// PauseReading lets nothing be told that arrives.
func (w *watchable) PauseReading() { w.pause(true) }

// ResumeReading ends that.
func (w *watchable) ResumeReading() { w.pause(false) }

func (w *watchable) pause(quiet bool) {
	w.net.lock()
	defer w.net.unlock()
	w.reads.quiet = quiet
	w.reads.armed = w.reads.armed && !quiet
}

// errClosed is the error of a wait that was ended by failAll.
var errClosed = errors.New("closed")

// wait gives up the lock, waits in q, and takes the lock again. Nil means that
// somebody has called wakeAll or wakeOne; then the caller looks again.
func (n *Net) wait(p kernel.Place, q *line, op kernel.Op) error {
	return n.waitInBoth(p, q, nil, op)
}

// waitInBoth is wait in a second queue as well, unless it is nil.
func (n *Net) waitInBoth(p kernel.Place, q, second *line, op kernel.Op) error {
	b := kernel.GetBlocker()
	b.Prepare(p, op)
	q.Push(&b.Node)
	var also *waitq.Node[kernel.Slot]
	if second != nil {
		also = &waitq.Node[kernel.Slot]{Value: kernel.Slot{W: &b.Waiter}}
		second.Push(also)
	}
	n.unlock()
	err := b.Wait(p)
	kernel.Touch(nil, kernel.Changes)
	n.lock()
	q.Remove(&b.Node)
	if second != nil {
		second.Remove(also)
	}
	if err == nil && b.Index == byClose {
		err = errClosed
	}
	kernel.PutBlocker(b)
	return err
}

// wakeAll lets all look again who wait in q, or watch it.
func (n *Net) wakeAll(q *line) {
	q.WakeAll(&n.wakes)
	n.inform(q)
}

// wakeOne lets one look again, first who waits.
func (n *Net) wakeOne(q *line) {
	if q.WakeUpTo(1, &n.wakes) == 0 {
		n.inform(q)
	}
}

const byClose = 1 // Index of a waiter whom failAll has woken

// failAll wakes those who wait for what is closed now, with errClosed.
func (n *Net) failAll(q *line) {
	for w := q.FailFirst(); w != nil; w = q.FailFirst() {
		w.Index = byClose
		n.wakes.Add(w)
	}
	n.inform(q)
}
