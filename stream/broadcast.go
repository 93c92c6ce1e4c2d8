package stream

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/unclosed"
	"github.com/anyio-go/anyio/internal/waitq"
)

// A SlowPolicy says what a broadcast does about a receiver whose buffer is full.
type SlowPolicy uint8

const (
	WaitForSlow SlowPolicy = iota // Send waits until every receiver has room
	DropOldest                    // the receiver loses the oldest item that it has not received
	FailSlow                      // the receiver gets what it has, then ErrLagged
)

// ErrLagged is matched by the error of a receiver of a broadcast that did not keep
// up; the error also matches [anyio.ErrBroken].
var ErrLagged = errors.New("anyio: the receiver did not keep up with the broadcast")

// BroadcastConfig says how a broadcast treats its receivers.
type BroadcastConfig struct {
	Buffer int        // items kept for each receiver; 0 means 1
	Slow   SlowPolicy // what happens when a receiver's buffer is full
}

// A BroadcastSendStream is the sending end of a broadcast, where every receiver
// gets every item. It may be used by any number of tasks and goroutines of any
// backend at the same time.
type BroadcastSendStream[T any] struct{ b *broadcast[T] }

// A broadcast is what both kinds of ends share. If senders wait, a receiver has no
// room.
type broadcast[T any] struct {
	mu        waitq.Mutex // guards everything below
	cfg       BroadcastConfig
	closed    bool
	senders   queue[T]
	receivers []*BroadcastReceiveStream[T] // those that get what is sent
	watch     *unclosed.Watch
}

// Broadcast makes a stream of which every receiver gets every item that is sent
// after its Subscribe. An item that is sent while nobody is subscribed is dropped.
// Every receiver gets the items in the same order. Close the sending end, and each
// receiving end.
//
// Broadcast panics with an *anyio.MisuseError if the buffer is negative.
func Broadcast[T any](cfg BroadcastConfig) *BroadcastSendStream[T] {
	if cfg.Buffer < 0 || cfg.Slow > FailSlow {
		panic(&anyio.MisuseError{Text: fmt.Sprintf("stream: a broadcast with Buffer %d and Slow %d: the buffer cannot be negative, and Slow is WaitForSlow, DropOldest or FailSlow", cfg.Buffer, cfg.Slow)})
	}
	cfg.Buffer = max(cfg.Buffer, 1)
	b := &broadcast[T]{cfg: cfg}
	s := &BroadcastSendStream[T]{b}
	if kernel.DebugRuns() {
		b.watch = unclosed.New(s, "stream.BroadcastSendStream", kernel.CallerPC(1))
	}
	return s
}

// Subscribe returns a new receiving end. It gets what is sent from now on. If the
// sending end is closed, so is the stream at its end.
func (s *BroadcastSendStream[T]) Subscribe() *BroadcastReceiveStream[T] {
	b := s.b
	r := &BroadcastReceiveStream[T]{b: b}
	kernel.Preempt()
	b.mu.Lock()
	if b.closed {
		r.end = anyio.ErrEndOfStream
	} else {
		b.receivers = append(b.receivers, r)
	}
	b.mu.Unlock()
	if kernel.DebugRuns() {
		r.watch = unclosed.New(r, "stream.BroadcastReceiveStream", kernel.CallerPC(1))
	}
	kernel.PreemptAfter(b, kernel.Changes)
	return r
}

var opBroadcast = kernel.RegisterOp("BroadcastSendStream.Send")

// Send gives item to every receiver: to all of them or to none. With WaitForSlow it
// waits until all have room; those who wait are served in the order in which they
// came. It returns ErrClosed if this end is or gets closed; then the item was not
// sent. It is a checkpoint. Cancellation: the item was not sent.
func (s *BroadcastSendStream[T]) Send(ctx context.Context, item T) error {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return err
	}
	b := s.b
	var woken queue[T]
	b.mu.Lock()
	if done, err := b.send(item, &woken); done {
		b.mu.Unlock()
		woken.unpark()
		kernel.PreemptAfter(b, kernel.Changes)
		return err
	}
	kernel.Touch(b, kernel.Changes)
	n := &node[T]{item: item}
	n.w = &n.own
	n.own.Prepare(p, opBroadcast)
	b.senders.push(n)
	b.mu.Unlock()
	err = n.own.Wait(p)
	kernel.Touch(b, kernel.Changes)
	if err != nil {
		b.mu.Lock()
		b.senders.remove(n)
		b.mu.Unlock()
		return err
	}
	return n.err
}

// TrySend is like Send but never waits: it returns ErrWouldBlock if a receiver has no
// room and the policy is WaitForSlow. It needs no context and is not a checkpoint.
func (s *BroadcastSendStream[T]) TrySend(item T) error {
	var woken queue[T]
	kernel.Preempt()
	s.b.mu.Lock()
	done, err := s.b.send(item, &woken)
	s.b.mu.Unlock()
	woken.unpark()
	kernel.PreemptAfter(s.b, kernel.Changes)
	if !done {
		return anyio.ErrWouldBlock
	}
	return err
}

// Close closes the sending end; further calls do nothing. Calls of Send that wait
// return ErrClosed, their items are withdrawn. The receivers get what they have not
// received yet, then ErrEndOfStream. It always returns nil. Cancellation: ignored; it
// never waits.
func (s *BroadcastSendStream[T]) Close(ctx context.Context) error {
	b := s.b
	var woken queue[T]
	kernel.Preempt()
	b.mu.Lock()
	kernel.Touch(b, kernel.Changes)
	if b.closed {
		b.mu.Unlock()
		return nil
	}
	b.closed = true
	b.senders.fail(nil, anyio.ErrClosed, &woken)
	for _, r := range b.receivers {
		r.finish(anyio.ErrEndOfStream, &woken)
	}
	b.receivers = nil
	b.mu.Unlock()
	woken.unpark()
	b.watch.Stop()
	runtime.KeepAlive(s)
	kernel.PreemptAfter(b, kernel.Changes)
	return nil
}

// BroadcastStatistics is a snapshot of a broadcast.
type BroadcastStatistics struct {
	Receivers           int // receiving ends that get what is sent
	MaxBufferUsed       int // items that the slowest of them has not received
	TasksWaitingSend    int // calls of Send that wait
	TasksWaitingReceive int // calls of Receive and Select that wait
}

// Statistics returns how many receive, how far the slowest is behind, and how many
// wait.
func (s *BroadcastSendStream[T]) Statistics() BroadcastStatistics {
	b := s.b
	kernel.Touch(b, kernel.Looks)
	b.mu.Lock()
	defer b.mu.Unlock()
	st := BroadcastStatistics{Receivers: len(b.receivers), TasksWaitingSend: b.senders.waiting()}
	for _, r := range b.receivers {
		st.MaxBufferUsed = max(st.MaxBufferUsed, r.buf.n)
		st.TasksWaitingReceive += r.waiters.waiting()
	}
	return st
}

// hasRoom reports whether every receiver can take an item.
func (b *broadcast[T]) hasRoom() bool {
	if b.cfg.Slow != WaitForSlow {
		return true
	}
	for _, r := range b.receivers {
		if r.buf.n >= b.cfg.Buffer {
			return false
		}
	}
	return true
}

// send completes a Send if that is possible now. Who is woken is unparked by the
// caller after it has released mu.
func (b *broadcast[T]) send(item T, woken *queue[T]) (done bool, err error) {
	switch {
	case b.closed:
		return true, anyio.ErrClosed
	case !b.hasRoom():
		return false, nil
	}
	b.deliver(item, woken)
	return true, nil
}

// deliver gives an item to all receivers.
func (b *broadcast[T]) deliver(item T, woken *queue[T]) {
	lost := false
	for _, r := range b.receivers {
		if n := r.waiters.wakeFirst(); n != nil {
			n.item = item
			woken.push(n)
			continue
		}
		if r.buf.n >= b.cfg.Buffer {
			if b.cfg.Slow == FailSlow {
				r.end, lost = &anyio.BrokenError{Cause: ErrLagged}, true
				continue
			}
			r.buf.pop()
			r.dropped++
		}
		r.buf.push(item, b.cfg.Buffer)
	}
	if lost {
		b.receivers = slices.DeleteFunc(b.receivers, func(r *BroadcastReceiveStream[T]) bool { return r.end != nil })
	}
}

// admit lets senders go on as far as there is room, after some has come free.
func (b *broadcast[T]) admit(woken *queue[T]) {
	for b.senders.head != nil && b.hasRoom() {
		if n := b.senders.wakeFirst(); n != nil {
			b.deliver(n.item, woken)
			woken.push(n)
		}
	}
}
