// Package timers calls functions later, in a task: where there is no clock but that of a run.
package timers

import (
	"context"
	"sync"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/timerq"
	"github.com/anyio-go/anyio/lowlevel"
)

// A Queue calls functions later, in one task.
type Queue struct {
	mu    sync.Mutex
	lot   *lowlevel.ParkingLot // where the task waits for another one that is due first
	queue timerq.Heap[func()]
}

// New returns one without timers.
func New() *Queue {
	t := &Queue{}
	t.lot = lowlevel.NewParkingLot("timer", &t.mu)
	return t
}

// Add has a function called at a time. It never waits, and is no schedule
// point: it may be called with a lock held.
func (t *Queue) Add(due time.Time, f func()) (stop func()) {
	timer := &timerq.Item[func()]{When: due.UnixNano(), Value: f}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.queue.Push(timer)
	if t.queue.Min() == timer {
		t.lot.Unpark(1)
	}
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.queue.Remove(timer)
	}
}

// Serve calls them. One task may do so at a time.
func (t *Queue) Serve(ctx context.Context) error {
	for {
		if err := lowlevel.Enter(ctx); err != nil {
			return err
		}
		now := anyio.Now(ctx).UnixNano()
		t.mu.Lock()
		first := t.queue.Min()
		due := first != nil && first.When <= now
		if due {
			t.queue.Remove(first)
		}
		t.mu.Unlock()
		if due {
			first.Value()
		} else if err := t.wait(ctx, first); err != nil {
			return err
		}
	}
}

// wait returns when the first timer, if there is one, is due, or another one is the first.
func (t *Queue) wait(ctx context.Context, first *timerq.Item[func()]) error {
	deadline := time.Time{} // none
	if first != nil {
		deadline = time.Unix(0, first.When)
	}
	_, err := anyio.MoveOnAt(ctx, deadline, func(ctx context.Context) error {
		t.mu.Lock()
		if t.queue.Min() != first {
			t.mu.Unlock()
			return nil
		}
		return t.lot.Park(ctx)
	})
	return err
}
