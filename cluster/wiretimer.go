package cluster

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/lowlevel"
)

// wireTimers call functions later, in one task.
type wireTimers struct {
	mu  sync.Mutex
	lot *lowlevel.ParkingLot // where the task waits for another one that is due first
	all []*wireTimer         // the next one first
}

type wireTimer struct {
	due time.Time
	f   func()
}

func newWireTimers() *wireTimers {
	t := &wireTimers{}
	t.lot = lowlevel.NewParkingLot("timer", &t.mu)
	return t
}

// add never waits, and is no schedule point: it may be called with a lock held.
func (t *wireTimers) add(due time.Time, f func()) (stop func()) {
	timer := &wireTimer{due, f}
	t.mu.Lock()
	defer t.mu.Unlock()
	i := len(t.all)
	for i > 0 && t.all[i-1].due.After(due) {
		i--
	}
	t.all = slices.Insert(t.all, i, timer)
	t.lot.Unpark(1)
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if i := slices.Index(t.all, timer); i >= 0 {
			t.all = slices.Delete(t.all, i, i+1)
		}
	}
}

// serve calls them.
func (t *wireTimers) serve(ctx context.Context) error {
	for {
		if err := lowlevel.Enter(ctx); err != nil {
			return err
		}
		now := anyio.Now(ctx)
		t.mu.Lock()
		if len(t.all) == 0 {
			if err := t.lot.Park(ctx); err != nil {
				return err
			}
			continue
		}
		first := t.all[0]
		if !first.due.After(now) {
			t.all = slices.Delete(t.all, 0, 1)
			t.mu.Unlock()
			first.f()
			continue
		}
		t.mu.Unlock()
		if _, err := anyio.MoveOnAt(ctx, first.due, func(ctx context.Context) error { return t.wait(ctx, first) }); err != nil {
			return err
		}
	}
}

// wait returns when another timer is the first.
func (t *wireTimers) wait(ctx context.Context, first *wireTimer) error {
	t.mu.Lock()
	if len(t.all) == 0 || t.all[0] != first {
		t.mu.Unlock()
		return nil
	}
	return t.lot.Park(ctx)
}
