package nettry

import (
	"sync"

	"github.com/anyio-go/anyio/internal/kernel"
)

// told is who is told of a socket, and whether attempts have found nothing.
type told struct {
	net  *Network
	self closer // whose it is

	mu      sync.Mutex // guards what follows, and what else the socket has of attempts
	by      kernel.Ready
	reading bool // by is to be told that it is readable
	writing bool
	paused  bool // nobody wants to read
	closed  bool
}

// A news is whom to tell, once the lock is given up.
type news struct {
	by               kernel.Ready
	reading, writing bool
}

// due takes out who is to be told. The lock is held.
func (t *told) due(readable, writable bool) news {
	n := news{t.by, readable && t.reading, writable && t.writing}
	t.reading = t.reading && !readable
	t.writing = t.writing && !writable
	return n
}

func (n news) tell() {
	if n.reading {
		n.by.Readable()
	}
	if n.writing {
		n.by.Writable()
	}
}

// Watch makes r be told when an attempt may be made again.
func (t *told) Watch(r kernel.Ready) {
	t.mu.Lock()
	known := t.by != nil
	t.by, t.reading, t.writing, t.paused = r, false, false, false
	closed := t.closed
	t.mu.Unlock()
	switch {
	case r != nil && !known && !closed:
		t.net.enlist(t.self)
	case r == nil && known:
		t.net.delist(t.self)
	}
}

// PauseReading lets nothing be told that arrives.
func (t *told) PauseReading() {
	t.mu.Lock()
	t.paused, t.reading = true, false
	t.mu.Unlock()
}

// ResumeReading ends that.
func (t *told) ResumeReading() {
	t.mu.Lock()
	t.paused = false
	t.mu.Unlock()
}

// close marks the socket as closed and calls f, which closes it. Those are told whose
// attempts have found nothing. A second time is no error.
func (t *told) close(waiting *kernel.Queue, f func() error) error {
	var woken kernel.Woken
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return nil
	}
	t.closed = true
	n := t.due(true, true)
	waiting.WakeAll(&woken)
	t.mu.Unlock()
	err := f()
	t.net.delist(t.self)
	woken.Unpark() // they look again, and find it closed
	n.tell()
	return err
}

// wait waits in q, whose lock is held and given up. It may return for no reason.
func (t *told) wait(p kernel.Place, q *kernel.Queue, op kernel.Op) error {
	b := kernel.GetBlocker()
	b.Prepare(p, op)
	q.Push(&b.Node)
	t.mu.Unlock()
	err := b.Wait(p)
	t.mu.Lock()
	q.Remove(&b.Node)
	kernel.PutBlocker(b)
	return err
}
