package stream

import (
	"sync"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// chanWaits are the waits of one stream for its native channel.
type chanWaits[T any] struct {
	mu     sync.Mutex // guards what follows
	closed bool
	open   map[*chanWait[T]]struct{}
}

// A chanWait is one wait for a native channel, by a goroutine of its own, on behalf of
// a waiter. Only that goroutine knows whether something has happened to the channel.
type chanWait[T any] struct {
	of      *chanWaits[T]
	w       *kernel.Waiter
	index   int           // of a Select's case
	stop    chan struct{} // closed to end it
	decided chan struct{} // closed when what follows is known
	item    T
	done    bool  // the item was received, or sent
	err     error // why nothing will ever happen
}

// begin waits for a prepared waiter until op has done something, or is stopped. It
// returns nil if the stream is closed.
func (s *chanWaits[T]) begin(w *kernel.Waiter, index int, op func(stop <-chan struct{}) (item T, done bool, err error)) *chanWait[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	c := &chanWait[T]{of: s, w: w, index: index, stop: make(chan struct{}), decided: make(chan struct{})}
	if s.open == nil {
		s.open = map[*chanWait[T]]struct{}{}
	}
	s.open[c] = struct{}{}
	go c.run(op)
	return c
}

func (c *chanWait[T]) run(op func(stop <-chan struct{}) (item T, done bool, err error)) {
	c.item, c.done, c.err = op(c.stop)
	won := c.done && c.w.Wake() || c.err != nil && c.w.Fail()
	if won {
		c.w.Index = c.index
	}
	close(c.decided) // then w may be another wait's, if it was not won
	if won {
		c.w.Unpark()
	}
}

// end ends a wait that was woken, if there is no error, or was canceled. What was done
// is done, whoever was first. It takes no longer than the goroutine needs to look.
func (c *chanWait[T]) end(canceled error) (item T, err error) {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	close(c.stop)
	<-c.decided
	switch {
	case c.done:
		return c.item, nil
	case canceled != nil:
		return item, canceled
	case c.err != nil:
		return item, c.err
	}
	return item, anyio.ErrClosed
}

// close lets all waits fail.
func (s *chanWaits[T]) close() {
	kernel.Preempt()
	kernel.Touch(nil, kernel.Changes)
	var woken kernel.Woken
	s.mu.Lock()
	s.closed = true
	for c := range s.open {
		if c.w.Fail() {
			c.w.Index = c.index
			woken.Add(c.w)
		}
	}
	s.mu.Unlock()
	woken.Unpark()
	kernel.Preempt()
	kernel.Touch(nil, kernel.Changes)
}

func (s *chanWaits[T]) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}
