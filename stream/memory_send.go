package stream

import (
	"context"
	"runtime"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/unclosed"
)

// A MemorySendStream is the sending end of a stream made by Memory.
type MemorySendStream[T any] struct{ end[T] }

var opSend = kernel.RegisterOp("MemorySendStream.Send")

// Send hands item to the receiver that waits longest, or stores it in the buffer,
// or else waits until one of the two is possible. It returns ErrClosed if this
// end is or gets closed and ErrBroken if all receiving ends are; then the item
// was not sent. Cancellation: the item was not sent.
func (s *MemorySendStream[T]) Send(ctx context.Context, item T) error {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return err
	}
	m := s.m
	m.mu.Lock()
	w, done, err := m.send(&s.end, item)
	if done {
		m.mu.Unlock()
		if w != nil {
			w.Unpark()
		}
		if err != nil {
			err = p.CanceledOr(err)
		}
		kernel.PreemptAfter(m, kernel.Changes)
		return err
	}
	kernel.Touch(m, kernel.Changes)
	n := m.newNode(&s.end)
	n.item = item
	n.own.Prepare(p, opSend)
	m.senders.push(n)
	m.mu.Unlock()
	_, err = m.wait(p, &m.senders, n)
	return err
}

// TrySend is like Send but never waits: it returns ErrWouldBlock if no receiver waits
// and the buffer is full. It never overtakes a sender that waits. It needs no context
// and is not a checkpoint.
func (s *MemorySendStream[T]) TrySend(item T) error {
	kernel.Preempt()
	s.m.mu.Lock()
	w, done, err := s.m.send(&s.end, item)
	s.m.mu.Unlock()
	if w != nil {
		w.Unpark()
	}
	kernel.PreemptAfter(s.m, kernel.Changes)
	if !done {
		return anyio.ErrWouldBlock
	}
	return err
}

// Clone makes another sending end of the same stream, to be closed on its own:
// the stream ends when all of them are closed. The clone of a closed end is
// closed, so that its calls return ErrClosed.
func (s *MemorySendStream[T]) Clone() *MemorySendStream[T] {
	m := s.m
	c := &MemorySendStream[T]{end[T]{m: m}}
	kernel.Preempt()
	m.mu.Lock()
	if c.closed = s.closed; !c.closed {
		m.openSend++
	}
	m.mu.Unlock()
	if !c.closed && kernel.DebugRuns() {
		c.watch = unclosed.New(c, "stream.MemorySendStream", kernel.CallerPC(1))
	}
	kernel.PreemptAfter(m, kernel.Changes)
	return c
}

// Close closes this end; further calls do nothing. Calls of Send that wait on it return
// ErrClosed, their items are withdrawn. When the last sending end is closed, receivers
// that wait get ErrEndOfStream; what is in the buffer can still be received. It always
// returns nil. Cancellation: ignored; it never waits.
func (s *MemorySendStream[T]) Close(ctx context.Context) error {
	m := s.m
	var woken queue[T]
	kernel.Preempt()
	m.mu.Lock()
	kernel.Touch(m, kernel.Changes)
	if s.closed {
		m.mu.Unlock()
		return nil
	}
	s.closed = true
	m.openSend--
	m.senders.fail(&s.end, anyio.ErrClosed, &woken)
	if m.openSend == 0 {
		m.receivers.fail(nil, anyio.ErrEndOfStream, &woken)
	}
	m.mu.Unlock()
	woken.unpark()
	s.watch.Stop()
	runtime.KeepAlive(s)
	kernel.PreemptAfter(m, kernel.Changes)
	return nil
}
