package stream

import (
	"fmt"
	"math"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/unclosed"
	"github.com/anyio-go/anyio/internal/waitq"
)

// Unbounded is the buffer size of a memory stream whose senders never wait. It
// grows as far as memory goes: prefer a bound.
const Unbounded = math.MaxInt

// Memory makes an object stream inside the process and returns its two ends.
// Up to buffer items are stored while no receiver waits; with a buffer of 0 each
// Send waits until its item is received. Each item goes to one receiver. Close
// both ends.
//
// The ends may be used by any number of tasks and goroutines of any backend at
// the same time. Items come out in the order in which Send was called; those who
// wait are served in the order in which they came. A send synchronizes before the
// return of the receive that gets its item.
//
// A negative buffer is a misuse: Memory panics with an *anyio.MisuseError.
func Memory[T any](buffer int) (*MemorySendStream[T], *MemoryReceiveStream[T]) {
	if buffer < 0 {
		panic(&anyio.MisuseError{Text: fmt.Sprintf("stream: the buffer of a memory stream cannot be negative, it is %d: use 0 for none, stream.Unbounded for no limit", buffer)})
	}
	m := &memory[T]{limit: buffer, openSend: 1, openReceive: 1}
	s, r := &MemorySendStream[T]{end[T]{m: m}}, &MemoryReceiveStream[T]{end[T]{m: m}}
	if kernel.DebugRuns() {
		s.watch = unclosed.New(s, "stream.MemorySendStream", kernel.CallerPC(1))
		r.watch = unclosed.New(r, "stream.MemoryReceiveStream", kernel.CallerPC(1))
	}
	return s, r
}

// A memory is what all ends of one stream share. Unless a Select stands on both
// sides, either nobody waits, or senders wait and the buffer is full, or
// receivers wait and it is empty.
type memory[T any] struct {
	mu          waitq.Mutex // guards everything below, and closed of the ends
	buf         ring[T]
	limit       int // of buf; constant
	peak        int // most items that were in buf
	senders     queue[T]
	receivers   queue[T]
	openSend    int // ends that are not closed
	openReceive int
	free        *node[T] // nodes for later waits
}

// send completes a send, or fails it, if that is possible now: done. The caller
// holds mu, and unparks w, if there is one, after it has released it.
func (m *memory[T]) send(from *end[T], item T) (w *kernel.Waiter, done bool, err error) {
	if from.closed {
		return nil, true, anyio.ErrClosed
	}
	if m.openReceive == 0 {
		return nil, true, anyio.ErrBroken
	}
	if n := m.receivers.wakeFirst(); n != nil {
		n.item = item
		return n.w, true, nil
	}
	if m.buf.n < m.limit {
		m.buf.push(item, m.limit)
		m.peak = max(m.peak, m.buf.n)
		return nil, true, nil
	}
	return nil, false, nil
}

// receive completes a receive if that is possible now, as send does.
func (m *memory[T]) receive(by *end[T]) (item T, w *kernel.Waiter, done bool, err error) {
	if by.closed {
		return item, nil, true, anyio.ErrClosed
	}
	if m.buf.n > 0 {
		item = m.buf.pop()
		if n := m.senders.wakeFirst(); n != nil {
			m.buf.push(n.item, m.limit)
			w = n.w
		}
		return item, w, true, nil
	}
	if n := m.senders.wakeFirst(); n != nil {
		return n.item, n.w, true, nil
	}
	if m.openSend == 0 {
		return item, nil, true, anyio.ErrEndOfStream
	}
	return item, nil, false, nil
}

// An end is one side of a stream: what a clone has of its own.
type end[T any] struct {
	m      *memory[T]
	closed bool // guarded by m.mu
	watch  *unclosed.Watch
}

// MemoryStatistics is a snapshot of a memory stream, the same from both ends and
// all clones.
type MemoryStatistics struct {
	CurrentBufferUsed   int // items in the buffer
	PeakBufferUsed      int // most items that were in the buffer at the same time so far
	MaxBufferSize       int // as given to Memory
	OpenSendStreams     int // send ends not closed, the clones included
	OpenReceiveStreams  int // receive ends not closed, the clones included
	TasksWaitingSend    int // calls of Send and Select that wait
	TasksWaitingReceive int // calls of Receive and Select that wait
}

// Statistics returns what the stream holds, who has it open, and how many wait. It
// works on a closed end, too.
func (e *end[T]) Statistics() MemoryStatistics {
	m := e.m
	kernel.Touch(m, kernel.Looks)
	m.mu.Lock()
	defer m.mu.Unlock()
	return MemoryStatistics{
		CurrentBufferUsed: m.buf.n, PeakBufferUsed: m.peak, MaxBufferSize: m.limit,
		OpenSendStreams: m.openSend, OpenReceiveStreams: m.openReceive,
		TasksWaitingSend: m.senders.waiting(), TasksWaitingReceive: m.receivers.waiting(),
	}
}
