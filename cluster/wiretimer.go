package cluster

import (
	"context"
	"sync"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/timerq"
	"github.com/anyio-go/anyio/lowlevel"
)

// wireTimers call functions later, in one task.
type wireTimers struct {
	mu    sync.Mutex
	lot   *lowlevel.ParkingLot // where the task waits for another one that is due first
	queue timerq.Heap[func()]
}

func newWireTimers() *wireTimers {
	t := &wireTimers{}
	t.lot = lowlevel.NewParkingLot("timer", &t.mu)
	return t
}

// add never waits, and is no schedule point: it may be called with a lock held.
func (t *wireTimers) add(due time.Time, f func()) (stop func()) {
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

// serve calls them.
func (t *wireTimers) serve(ctx context.Context) error {
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
func (t *wireTimers) wait(ctx context.Context, first *timerq.Item[func()]) error {
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
