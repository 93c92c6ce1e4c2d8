package stream

import (
	"context"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A ChanSendStream sends to a native channel; make it with ToChan. Several tasks may
// send to it.
type ChanSendStream[T any] struct {
	ch    chan<- T
	waits chanWaits[T]
}

// ToChan makes a stream of a native channel, so that sending to it obeys cancellation,
// on an event loop too. The channel is still the caller's: others may send to it, and
// Close does not close it.
//
// In the simulator a wait for a channel is an *anyio.MisuseError; see FromChan. Sending
// to a channel cannot be a case of Select, which would have to know beforehand whether
// somebody receives.
func ToChan[T any](ch chan<- T) *ChanSendStream[T] {
	return &ChanSendStream[T]{ch: ch}
}

var opChanSend = kernel.RegisterOp("ChanSendStream.Send")

// Send sends an item. It returns ErrClosed if the stream is or gets closed, and if the
// channel is. It is a checkpoint. Cancellation: the item was not sent; if it was at that
// moment, Send returns nil although the scope is canceled.
func (s *ChanSendStream[T]) Send(ctx context.Context, item T) error {
	p, err := kernel.Enter(ctx)
	kernel.Touch(nil, kernel.Changes)
	if err != nil {
		return err
	}
	if done, err := s.try(item); done {
		return s.refused(p, err)
	}
	if err := p.Run().Admit(kernel.ChannelWait); err != nil {
		return err
	}
	var own kernel.Waiter
	own.Prepare(p, opChanSend)
	w := s.waits.begin(&own, 0, func(stop <-chan struct{}) (T, bool, error) { return s.offer(item, stop) })
	if w == nil {
		return s.refused(p, anyio.ErrClosed)
	}
	_, err = w.end(own.Wait(p))
	return err
}

// refused is the error of a call that has not waited.
func (s *ChanSendStream[T]) refused(p kernel.Place, err error) error {
	if err == nil {
		return nil
	}
	return p.CanceledOr(err)
}

// TrySend is like Send but never waits: it returns ErrWouldBlock if the channel has no
// room. It needs no context and is not a checkpoint.
func (s *ChanSendStream[T]) TrySend(item T) error {
	kernel.Preempt()
	kernel.Touch(nil, kernel.Changes)
	done, err := s.try(item)
	kernel.Preempt()
	kernel.Touch(nil, kernel.Changes)
	if !done {
		err = anyio.ErrWouldBlock
	}
	return err
}

// Close ends the stream; further calls do nothing. Calls of Send that wait return
// ErrClosed, and their items are withdrawn. It always returns nil. Cancellation:
// ignored; it never waits.
func (s *ChanSendStream[T]) Close(ctx context.Context) error {
	s.waits.close()
	return nil
}

// try completes a Send if that is possible now.
func (s *ChanSendStream[T]) try(item T) (done bool, err error) {
	if s.waits.isClosed() {
		return true, anyio.ErrClosed
	}
	defer func() {
		if recover() != nil {
			done, err = true, anyio.ErrClosed
		}
	}()
	select {
	case s.ch <- item:
		return true, nil
	default:
		return false, nil
	}
}

// offer waits until the item is sent or stop is closed.
func (s *ChanSendStream[T]) offer(item T, stop <-chan struct{}) (_ T, done bool, err error) {
	defer func() {
		if recover() != nil {
			err = anyio.ErrClosed
		}
	}()
	select {
	case s.ch <- item:
		return item, true, nil
	case <-stop:
		return item, false, nil
	}
}
