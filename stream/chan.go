package stream

import (
	"context"
	"iter"
	"sync"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A ChanReceiveStream receives from a native channel; make it with FromChan. Several
// tasks may receive from it, and then each item goes to one of them.
type ChanReceiveStream[T any] struct {
	ch    <-chan T
	waits chanWaits[T]
	mu    sync.Mutex    // guards kept
	kept  []T           // taken from the channel for a Select that chose something else
	again chan struct{} // has an element if something is kept
}

// FromChan makes a stream of a native channel, so that receiving from it obeys
// cancellation, on an event loop too, and can be a case of Select, by anyio.OnReceive.
// The stream ends when the channel is closed. The channel is still the caller's: others
// may receive from it, too, and Close does not touch it.
//
// Channels belong to goroutines: in the simulator, where nothing outside may decide
// when a task goes on, a wait for one is an *anyio.MisuseError. Use Memory there.
func FromChan[T any](ch <-chan T) *ChanReceiveStream[T] {
	return &ChanReceiveStream[T]{ch: ch, again: make(chan struct{}, 1)}
}

var opChanReceive = kernel.RegisterOp("ChanReceiveStream.Receive")

// Receive returns the next item, ErrEndOfStream if the channel is closed and empty, and
// ErrClosed if the stream is or gets closed. It is a checkpoint. Cancellation: no item
// is lost; one that came at that moment is returned although the scope is canceled.
func (s *ChanReceiveStream[T]) Receive(ctx context.Context) (item T, err error) {
	p, err := kernel.Enter(ctx)
	kernel.Touch(nil, kernel.Changes)
	if err != nil {
		return item, err
	}
	if item, done, err := s.try(); done {
		return item, s.refused(p, err)
	}
	if err := p.Run().Admit(kernel.ChannelWait); err != nil {
		return item, err
	}
	var own kernel.Waiter
	own.Prepare(p, opChanReceive)
	w := s.waits.begin(&own, 0, s.wait)
	if w == nil {
		return item, s.refused(p, anyio.ErrClosed)
	}
	return w.end(own.Wait(p))
}

// refused is the error of a call that has not waited.
func (s *ChanReceiveStream[T]) refused(p kernel.Place, err error) error {
	if err == anyio.ErrClosed {
		return p.CanceledOr(err)
	}
	return err
}

// TryReceive is like Receive but never waits: it returns ErrWouldBlock if there is no
// item. It needs no context and is not a checkpoint.
func (s *ChanReceiveStream[T]) TryReceive() (T, error) {
	kernel.Preempt()
	kernel.Touch(nil, kernel.Changes)
	item, done, err := s.try()
	kernel.Preempt()
	kernel.Touch(nil, kernel.Changes)
	if !done {
		err = anyio.ErrWouldBlock
	}
	return item, err
}

// All receives until the channel is closed, which ends the sequence. Any other error is
// yielded once and ends it, too. Cancellation: no item is lost.
func (s *ChanReceiveStream[T]) All(ctx context.Context) iter.Seq2[T, error] { return All(ctx, s) }

// Close ends the stream; further calls do nothing. Calls of Receive that wait return
// ErrClosed. It always returns nil. Cancellation: ignored; it never waits.
func (s *ChanReceiveStream[T]) Close(ctx context.Context) error {
	s.waits.close()
	return nil
}

// try completes a Receive if that is possible now.
func (s *ChanReceiveStream[T]) try() (item T, done bool, err error) {
	if s.waits.isClosed() {
		return item, true, anyio.ErrClosed
	}
	if item, ok := s.unkeep(); ok {
		return item, true, nil
	}
	select {
	case item, ok := <-s.ch:
		return item, true, endOf(ok)
	default:
		return item, false, nil
	}
}

// wait waits for an item until stop is closed.
func (s *ChanReceiveStream[T]) wait(stop <-chan struct{}) (item T, done bool, err error) {
	for {
		select {
		case item, ok := <-s.ch:
			return item, ok, endOf(ok)
		case <-s.again:
			if item, ok := s.unkeep(); ok {
				return item, true, nil
			}
		case <-stop:
			return item, false, nil
		}
	}
}

func endOf(ok bool) error {
	if !ok {
		return anyio.ErrEndOfStream
	}
	return nil
}

// keep puts back an item that nobody has received.
func (s *ChanReceiveStream[T]) keep(item T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = append(s.kept, item)
	s.tellLocked()
}

// keeps reports whether an item was put back.
func (s *ChanReceiveStream[T]) keeps() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.kept) > 0
}

// unkeep takes the first item that was put back, if there is one.
func (s *ChanReceiveStream[T]) unkeep() (item T, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept) == 0 {
		return item, false
	}
	item, s.kept = s.kept[0], s.kept[1:]
	s.tellLocked()
	return item, true
}

// tellLocked tells one of those who wait that something is kept.
func (s *ChanReceiveStream[T]) tellLocked() {
	if len(s.kept) == 0 {
		return
	}
	select {
	case s.again <- struct{}{}:
	default:
	}
}

// SelectReceive makes the case of anyio.OnReceive. v may be nil if the item is of
// no interest. An item that comes while another case is chosen is kept for who receives
// next.
func (s *ChanReceiveStream[T]) SelectReceive(v *T) anyio.Case {
	return newCase(&chanCase[T]{s: s, v: v})
}

type chanCase[T any] struct {
	s       *ChanReceiveStream[T]
	v       *T
	w       *chanWait[T]
	run     *kernel.Run
	refused error // why the run cannot wait for a channel
}

func (c *chanCase[T]) Begin(p kernel.Place) {
	kernel.Touch(nil, kernel.Changes)
	c.run, c.refused = p.Run(), nil
}

func (c *chanCase[T]) Try() (done bool, err error) {
	item, done, err := c.s.try()
	if !done {
		return c.refused != nil, c.refused
	}
	return true, c.take(item, err)
}

// Ready receives what it finds, and puts it back: nobody can look into a channel.
func (c *chanCase[T]) Ready() bool {
	if c.refused != nil || c.s.keeps() {
		return true
	}
	item, done, err := c.s.try()
	if done && err == nil {
		c.s.keep(item)
	}
	return done
}

func (c *chanCase[T]) Enqueue(w *kernel.Waiter, index int) bool {
	if c.refused = c.run.Admit(kernel.ChannelWait); c.refused != nil {
		return false
	}
	c.w = c.s.waits.begin(w, index, c.s.wait)
	return c.w != nil
}

func (c *chanCase[T]) Dequeue() {
	if item, err := c.w.end(nil); err == nil {
		c.s.keep(item)
	}
	c.w = nil
}

func (c *chanCase[T]) Result() error {
	w := c.w
	c.w = nil
	return c.take(w.end(nil))
}

func (c *chanCase[T]) take(item T, err error) error {
	if err == nil && c.v != nil {
		*c.v = item
	}
	return err
}
