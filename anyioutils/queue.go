package anyioutils

import (
	"context"
	"runtime"

	"github.com/anyio-go/anyio/stream"
)

// A Queue holds items in the order in which they were put, for any number of tasks. It is
// a memory stream with both ends in one object, and needs no Close.
//
// Put synchronizes before the return of the Get that gets its item.
type Queue[T any] struct {
	maxSize int
	send    *stream.MemorySendStream[T]
	receive *stream.MemoryReceiveStream[T]
}

// NewQueue returns a queue that holds up to maxSize items, or without a limit if that is
// zero or less.
func NewQueue[T any](maxSize int) *Queue[T] {
	limit := maxSize
	if limit <= 0 {
		limit = stream.Unbounded
	}
	q := &Queue[T]{maxSize: maxSize}
	q.send, q.receive = stream.Memory[T](limit)
	runtime.SetFinalizer(q, (*Queue[T]).release)
	return q
}

// release closes the ends, lest a debug run takes them for forgotten.
func (q *Queue[T]) release() {
	_ = q.send.Close(context.Background())
	_ = q.receive.Close(context.Background())
}

// MaxSize returns what was given to NewQueue.
func (q *Queue[T]) MaxSize() int { return q.maxSize }

// Len returns the number of items in the queue.
func (q *Queue[T]) Len() int { return q.send.Statistics().CurrentBufferUsed }

// Empty reports whether there are no items.
func (q *Queue[T]) Empty() bool { return q.Len() == 0 }

// Full reports whether Put would have to wait. A queue without a limit never is.
func (q *Queue[T]) Full() bool { return q.maxSize > 0 && q.Len() >= q.maxSize }

// Put puts an item into the queue, and waits until there is room. Cancellation: the item
// is not in the queue.
func (q *Queue[T]) Put(ctx context.Context, item T) error {
	defer runtime.KeepAlive(q)
	return q.send.Send(ctx, item)
}

// TryPut puts an item into the queue. If that is full, the error is anyio.ErrWouldBlock.
func (q *Queue[T]) TryPut(item T) error {
	defer runtime.KeepAlive(q)
	return q.send.TrySend(item)
}

// Get takes out the first item, and waits until there is one. Cancellation: no item is
// taken.
func (q *Queue[T]) Get(ctx context.Context) (T, error) {
	defer runtime.KeepAlive(q)
	return q.receive.Receive(ctx)
}

// TryGet takes out the first item. If there is none, the error is anyio.ErrWouldBlock.
func (q *Queue[T]) TryGet() (T, error) {
	defer runtime.KeepAlive(q)
	return q.receive.TryReceive()
}
