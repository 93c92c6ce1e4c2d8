package stream

import (
	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/inside"
	"github.com/anyio-go/anyio/internal/kernel"
)

var newCase = inside.NewCase.(func(kernel.Case) anyio.Case)

// SelectReceive makes the case of anyio.OnReceive. v may be nil if the item is of
// no interest.
func (r *MemoryReceiveStream[T]) SelectReceive(v *T) anyio.Case {
	return newCase(&receiveCase[T]{e: &r.end, v: v})
}

// SelectSend makes the case of anyio.OnSend.
func (s *MemorySendStream[T]) SelectSend(item T) anyio.Case {
	return newCase(&sendCase[T]{e: &s.end, item: item})
}

type receiveCase[T any] struct {
	e *end[T]
	v *T
	n node[T]
}

func (c *receiveCase[T]) Begin(kernel.Place) {}

func (c *receiveCase[T]) Try() (done bool, err error) {
	m := c.e.m
	kernel.Touch(m, kernel.Changes)
	m.mu.Lock()
	item, w, done, err := m.receive(c.e)
	m.mu.Unlock()
	if w != nil {
		w.Unpark()
	}
	if done && err == nil && c.v != nil {
		*c.v = item
	}
	return done, err
}

func (c *receiveCase[T]) Ready() bool {
	m := c.e.m
	kernel.Touch(m, kernel.Looks)
	m.mu.Lock()
	defer m.mu.Unlock()
	return c.readyLocked(nil)
}

// readyLocked is Ready for who may wait himself in the same stream, which does not count.
func (c *receiveCase[T]) readyLocked(w *kernel.Waiter) bool {
	m := c.e.m
	return c.e.closed || m.buf.n > 0 || m.openSend == 0 || m.senders.partner(w)
}

func (c *receiveCase[T]) Enqueue(w *kernel.Waiter, index int) bool {
	m := c.e.m
	kernel.Touch(m, kernel.Changes)
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.readyLocked(w) {
		return false
	}
	c.n.w, c.n.index, c.n.end = w, index, c.e
	m.receivers.push(&c.n)
	return true
}

func (c *receiveCase[T]) Dequeue() { c.e.m.dequeue(&c.e.m.receivers, &c.n) }

func (c *receiveCase[T]) Result() error {
	kernel.Touch(c.e.m, kernel.Looks)
	err := c.n.err
	if err == nil && c.v != nil {
		*c.v = c.n.item
	}
	c.n.clear()
	return err
}

type sendCase[T any] struct {
	e    *end[T]
	item T
	n    node[T]
}

func (c *sendCase[T]) Begin(kernel.Place) {}

func (c *sendCase[T]) Try() (done bool, err error) {
	m := c.e.m
	kernel.Touch(m, kernel.Changes)
	m.mu.Lock()
	w, done, err := m.send(c.e, c.item)
	m.mu.Unlock()
	if w != nil {
		w.Unpark()
	}
	return done, err
}

func (c *sendCase[T]) Ready() bool {
	m := c.e.m
	kernel.Touch(m, kernel.Looks)
	m.mu.Lock()
	defer m.mu.Unlock()
	return c.readyLocked(nil)
}

// readyLocked is Ready for who may wait himself in the same stream, which does not count.
func (c *sendCase[T]) readyLocked(w *kernel.Waiter) bool {
	m := c.e.m
	return c.e.closed || m.openReceive == 0 || m.buf.n < m.limit || m.receivers.partner(w)
}

func (c *sendCase[T]) Enqueue(w *kernel.Waiter, index int) bool {
	m := c.e.m
	kernel.Touch(m, kernel.Changes)
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.readyLocked(w) {
		return false
	}
	c.n.w, c.n.index, c.n.end, c.n.item = w, index, c.e, c.item
	m.senders.push(&c.n)
	return true
}

func (c *sendCase[T]) Dequeue() { c.e.m.dequeue(&c.e.m.senders, &c.n) }

func (c *sendCase[T]) Result() error {
	kernel.Touch(c.e.m, kernel.Looks)
	err := c.n.err
	c.n.clear()
	return err
}

// dequeue takes the node of a Select out of q.
func (m *memory[T]) dequeue(q *queue[T], n *node[T]) {
	kernel.Touch(m, kernel.Changes)
	m.mu.Lock()
	q.remove(n)
	n.clear()
	m.mu.Unlock()
}
