package asyncio

import (
	"cmp"
	"context"
	"errors"
)

var (
	// ErrQueueFull is returned by TryPut if there is no room.
	ErrQueueFull = errors.New("asyncio: queue is full")
	// ErrQueueEmpty is returned by TryGet if there is no item.
	ErrQueueEmpty = errors.New("asyncio: queue is empty")
	// ErrQueueShutDown is returned by a queue on which Shutdown was called.
	ErrQueueShutDown = errors.New("asyncio: queue was shut down")
)

// A Queue hands items from the tasks of a loop to others. Which item is next depends on how
// it was made. Those who wait are woken in the order of coming; one who comes when an item
// is there takes it at once, so that one who was woken may have to wait again.
//
// The zero value is a queue as NewQueue makes without a limit. A Queue must not be copied.
type Queue[T any] struct {
	items      store[T] // nil: none yet
	maxSize    int
	getters    waitList
	putters    waitList
	joiners    waitList
	unfinished int
	shutDown   bool
}

// NewQueue makes a queue, first in, first out, of up to maxSize items; zero or less is no
// limit.
func NewQueue[T any](maxSize int) *Queue[T] { return newQueue[T](maxSize, &fifo[T]{}) }

// NewLifoQueue makes a queue whose newest item is next.
func NewLifoQueue[T any](maxSize int) *Queue[T] { return newQueue[T](maxSize, &lifo[T]{}) }

// NewPriorityQueue makes a queue whose least item is next.
func NewPriorityQueue[T cmp.Ordered](maxSize int) *Queue[T] {
	return NewPriorityQueueFunc(maxSize, cmp.Compare[T])
}

// NewPriorityQueueFunc makes a queue whose least item by compare, as for slices.SortFunc,
// is next. Equal ones come in any order, but in the same each time.
func NewPriorityQueueFunc[T any](maxSize int, compare func(a, b T) int) *Queue[T] {
	return newQueue[T](maxSize, &heap[T]{compare: compare})
}

func newQueue[T any](maxSize int, items store[T]) *Queue[T] {
	return &Queue[T]{items: items, maxSize: maxSize}
}

// Len returns the number of items.
func (q *Queue[T]) Len() int {
	touch()
	if q.items == nil {
		return 0
	}
	return q.items.size()
}

// MaxSize returns the limit that the queue was made with.
func (q *Queue[T]) MaxSize() int { return q.maxSize }

// Empty reports whether there is no item.
func (q *Queue[T]) Empty() bool { return q.Len() == 0 }

// Full reports whether there is no room.
func (q *Queue[T]) Full() bool { return q.maxSize > 0 && q.Len() >= q.maxSize }

// Put puts an item into the queue, waiting for room if need be. The error is
// ErrQueueShutDown after Shutdown. Cancellation: the item is not in the queue.
func (q *Queue[T]) Put(ctx context.Context, item T) error {
	l, err := taskLoop(ctx, "Queue.Put")
	if err != nil {
		return err
	}
	for q.Full() && !q.shutDown {
		if err := waitTurn(ctx, l, &q.putters, func() bool { return !q.Full() }); err != nil {
			return err
		}
	}
	return q.TryPut(item)
}

// TryPut puts an item into the queue, or returns ErrQueueFull or ErrQueueShutDown.
func (q *Queue[T]) TryPut(item T) error {
	q.getters.use("Queue.TryPut")
	switch {
	case q.shutDown:
		return ErrQueueShutDown
	case q.Full():
		return ErrQueueFull
	}
	if q.items == nil {
		q.items = &fifo[T]{}
	}
	q.items.put(item)
	q.unfinished++
	q.getters.take()
	return nil
}

// Get takes an item out of the queue, waiting for one if need be. The error is
// ErrQueueShutDown after Shutdown, when there are no items left. Cancellation: no item is
// taken.
func (q *Queue[T]) Get(ctx context.Context) (T, error) {
	var zero T
	l, err := taskLoop(ctx, "Queue.Get")
	if err != nil {
		return zero, err
	}
	for q.Empty() && !q.shutDown {
		if err := waitTurn(ctx, l, &q.getters, func() bool { return !q.Empty() }); err != nil {
			return zero, err
		}
	}
	return q.TryGet()
}

// TryGet takes an item out of the queue, or returns ErrQueueEmpty or ErrQueueShutDown.
func (q *Queue[T]) TryGet() (T, error) {
	q.putters.use("Queue.TryGet")
	switch {
	case !q.Empty():
	case q.shutDown:
		var zero T
		return zero, ErrQueueShutDown
	default:
		var zero T
		return zero, ErrQueueEmpty
	}
	item := q.items.get()
	q.putters.take()
	return item, nil
}

// waitTurn waits in the list. If the task is canceled when it has been woken, the next one
// is, if there still is what it was woken for.
func waitTurn(ctx context.Context, l *Loop, ws *waitList, there func() bool) error {
	f, err := ws.add(l)
	if err != nil {
		return err
	}
	woken, err := ws.wait(ctx, f)
	if err != nil && woken && there() {
		ws.take()
	}
	return err
}

// TaskDone says that the work on an item is done that was taken out of the queue. It panics
// with a *anyio.MisuseError if all were told of already.
func (q *Queue[T]) TaskDone() {
	q.joiners.use("Queue.TaskDone")
	if q.unfinished == 0 {
		panic(misuse("Queue.TaskDone was called more often than items were put"))
	}
	q.done()
}

// done is TaskDone.
func (q *Queue[T]) done() {
	q.unfinished--
	if q.unfinished == 0 {
		q.joiners.wake(len(q.joiners.all))
	}
}

// Join waits until TaskDone was called for every item that was put, without giving way if
// it was. Cancellation: it returns before.
func (q *Queue[T]) Join(ctx context.Context) error {
	l, err := taskLoop(ctx, "Queue.Join")
	if err != nil || q.unfinished == 0 {
		return err
	}
	f, err := q.joiners.add(l)
	if err == nil {
		_, err = q.joiners.wait(ctx, f)
	}
	return err
}

// Shutdown ends the queue: Put fails from now on, and Get when the items that are left were
// taken. Those who wait are woken.
func (q *Queue[T]) Shutdown() { q.shut("Queue.Shutdown", false) }

// ShutdownNow is like Shutdown, but the items that are left are dropped, as if they were
// done.
func (q *Queue[T]) ShutdownNow() { q.shut("Queue.ShutdownNow", true) }

func (q *Queue[T]) shut(op string, drop bool) {
	for _, ws := range []*waitList{&q.getters, &q.putters, &q.joiners} {
		ws.use(op)
	}
	q.shutDown = true
	for drop && !q.Empty() {
		q.items.get()
		if q.unfinished > 0 {
			q.done()
		}
	}
	for _, ws := range []*waitList{&q.getters, &q.putters} {
		for len(ws.all) > 0 {
			ws.take()
		}
	}
}
