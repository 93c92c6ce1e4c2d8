package anyioutils_test

import (
	"context"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyioutils"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
)

// A callback that asks for itself again and again leaves the host its turn, and what the
// host has is the callbacks' as well.
func TestCallbacksOfAGuestRunInTheHost(t *testing.T) {
	d := newDesk()
	turns, calls, later := 0, 0, 0 // of the host's goroutine
	main := func(ctx context.Context) (int, error) {
		l, err := asyncio.RunningLoop(ctx)
		if err != nil {
			return 0, err
		}
		var enough anyio.Event
		var again func()
		again = func() {
			if calls++; turns < 50 {
				l.CallSoon(again)
			} else {
				enough.Set()
			}
		}
		l.CallSoon(again)
		l.CallLater(time.Millisecond, func() { later = turns + 1 })
		if err := enough.Wait(ctx); err != nil {
			return 0, err
		}
		return calls, nil
	}
	host := anyioutils.HostLoop{Post: d.post, Burst: 100 * time.Microsecond}
	testkit.Must(t, anyioutils.StartGuestRun(context.Background(), main, host, func(n int, err error) {
		if n < 50 || err != nil {
			t.Errorf("%d calls, %v", n, err)
		}
		d.over = true
	}))
	for !d.over {
		(<-d.todo)()
		turns++
	}
	if turns < 50 || later == 0 {
		t.Errorf("%d turns, the timer came at turn %d", turns, later-1)
	}
}
