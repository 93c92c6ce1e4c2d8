// Package busywait has loops that sleep until something is so.
package busywait

import (
	"context"
	"os"
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio"
)

func bad(ctx context.Context, ready *atomic.Bool, e *anyio.Event, queue *[]int) error {
	for !ready.Load() { // want `busywait: a loop that sleeps until something is so: wait for an Event`
		if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
			return err
		}
	}
	for { // want `busywait: .*`
		if e.IsSet() {
			break
		}
		if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
			return err
		}
	}
	for len(*queue) == 0 { // want `busywait: .*`
		err := anyio.Sleep(ctx, time.Millisecond)
		if err != nil {
			return err
		}
	}
	return nil
}

func good(ctx context.Context, ready *atomic.Bool, e *anyio.Event, queue *[]int, deadline time.Time) error {
	for { // work at intervals
		if ready.Load() {
			break
		}
		*queue = append(*queue, 1)
		if err := anyio.Sleep(ctx, time.Second); err != nil {
			return err
		}
	}
	for !exists("/tmp/flag") { // the world outside
		if err := anyio.Sleep(ctx, time.Second); err != nil {
			return err
		}
	}
	for anyio.Now(ctx).Before(deadline) {
		if err := anyio.Sleep(ctx, time.Second); err != nil {
			return err
		}
	}
	for e.TasksWaiting() == 0 { // nothing tells of that
		if err := anyio.Sleep(ctx, 0); err != nil {
			return err
		}
	}
	for !e.IsSet() { // busy on purpose
		if err := anyio.Sleep(ctx, 0); err != nil {
			return err
		}
	}
	for {
		if ready.Load() {
			break
		} else {
			*queue = nil
		}
		if err := anyio.Sleep(ctx, time.Second); err != nil {
			return err
		}
	}
	for ; !e.IsSet(); *queue = append(*queue, 1) { // counts
		if err := anyio.Sleep(ctx, time.Second); err != nil {
			return err
		}
	}
	for range 3 {
		if err := anyio.Sleep(ctx, time.Second); err != nil {
			return err
		}
	}
	return e.Wait(ctx)
}

func exists(name string) bool { _, err := os.Stat(name); return err == nil }

// results is called with what another function returns.
func results(e *anyio.Event, pause func() (context.Context, time.Duration)) error {
	for !e.IsSet() {
		if err := anyio.Sleep(pause()); err != nil {
			return err
		}
	}
	return nil
}
