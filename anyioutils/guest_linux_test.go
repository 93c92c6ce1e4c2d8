package anyioutils_test

import (
	"context"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/race"
	"golang.org/x/sys/unix"
)

// What belongs to the thread of the host may be touched by each task at any time.
func TestTasksRunOnTheThreadOfTheirHost(t *testing.T) {
	if race.Enabled {
		t.Skip("under the race detector a task has a goroutine of its own")
	}
	host := 0
	_, err := guestRun(t, context.Background(), true, func(ctx context.Context, d *desk) (int, error) {
		var known anyio.Event
		go d.post(func() {
			host = unix.Gettid()
			known.Set()
		})
		if err := known.Wait(ctx); err != nil {
			return 0, err
		}
		return 0, anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for range 50 {
				tg.Go(func(ctx context.Context) error {
					for range 10 {
						if err := anyio.Sleep(ctx, 100*time.Microsecond); err != nil {
							return err
						}
						if here := unix.Gettid(); here != host {
							t.Errorf("thread %d, want %d", here, host)
						}
					}
					return nil
				})
			}
			return nil
		})
	})
	if err != nil || host == 0 {
		t.Errorf("%v, thread %d", err, host)
	}
}
