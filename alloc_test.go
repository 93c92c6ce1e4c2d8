package anyio_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/stream"
)

// What is done often allocates what it makes, and nothing besides.
func TestAllocationsAreFew(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates, and makes sync.Pool forget")
	}
	for _, on := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		t.Run(on.Name(), func(t *testing.T) {
			testkit.WantNil(t, "run", anyio.Run(context.Background(), func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					for _, cases := range [][]allocationCase{alone(t, ctx), inTurns(t, ctx, tg)} {
						for _, c := range cases {
							n := testing.AllocsPerRun(500, c.f)
							for try := 0; n > c.most && try < 4; try++ { // others, such as a watchdog that reports, allocate as well
								n = min(n, testing.AllocsPerRun(500, c.f))
							}
							if n > c.most {
								t.Errorf("%s: %v allocations, want %v", c.name, n, c.most)
							}
						}
					}
					tg.Cancel("done")
					return nil
				})
			}, anyio.On(on)))
		})
	}
}

// hundredTasks is what a group of as many tasks may allocate: one each, two where words
// have 32 bits and a task is no closure of its goroutine, and what the runtime needs for
// its goroutines.
const hundredTasks = 120 + 100*(64-strconv.IntSize)/32

type allocationCase struct {
	name string
	most float64
	f    func()
}

// alone is what a task does by itself.
func alone(t *testing.T, ctx context.Context) []allocationCase {
	nothing := func(context.Context) error { return nil }
	try := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	var lock anyio.Lock
	var rw anyio.RWLock
	var set, quit anyio.Event
	set.Set()
	sem, limiter := anyio.NewSemaphore(1), anyio.NewCapacityLimiter(1)
	send, receive := stream.Memory[int](1)
	v := 0
	cases := []anyio.Case{anyio.OnReceive(receive, &v), anyio.OnEvent(&quit), anyio.OnTimer(time.Hour)}
	var lot lowlevel.ParkingLot
	many := make([]anyio.Case, 16)
	for i := range many {
		many[i] = anyio.OnEvent(&set)
	}
	own := []anyio.Case{lot.Case(func() bool { return true }, nil), anyio.OnEvent(&quit)}
	return []allocationCase{
		{"a group", 1, func() {
			try(anyio.WithTaskGroup(ctx, func(context.Context, *anyio.TaskGroup) error { return nil }))
		}},
		{"a group of 100 tasks", hundredTasks, func() {
			try(anyio.WithTaskGroup(ctx, func(_ context.Context, tg *anyio.TaskGroup) error {
				for range 100 {
					tg.Go(nothing)
				}
				return nil
			}))
		}},
		{"WithCancelScope", 1, func() {
			try(anyio.WithCancelScope(ctx, func(context.Context, *anyio.CancelScope) error { return nil }))
		}},
		{"MoveOnAfter", 1, func() { _, err := anyio.MoveOnAfter(ctx, time.Hour, nothing); try(err) }},
		{"FailAfter", 1, func() { try(anyio.FailAfter(ctx, time.Hour, nothing)) }},
		{"Sleep", 0, func() { try(anyio.Sleep(ctx, 20*time.Microsecond)) }},
		{"Lock", 0, func() { try(lock.Acquire(ctx)); lock.Release() }},
		{"RWLock", 0, func() {
			try(rw.Acquire(ctx))
			rw.Release()
			try(rw.AcquireRead(ctx))
			rw.ReleaseRead()
		}},
		{"Event that is set", 0, func() { set.Set(); try(set.Wait(ctx)) }},
		{"Semaphore", 0, func() { try(sem.Acquire(ctx)); sem.Release() }},
		{"CapacityLimiter", 1, func() { try(limiter.Acquire(ctx)); limiter.Release() }}, // the borrower
		{"Select", 0, func() {
			try(send.Send(ctx, 1))
			i, err := anyio.Select(ctx, cases...)
			if try(err); i != 0 {
				t.Errorf("case %d", i)
			}
		}},
		{"Select of 16 cases", 0, func() { set.Set(); _, err := anyio.Select(ctx, many...); try(err) }},
		{"Select of a lot", 0, func() { _, err := anyio.Select(ctx, own...); try(err) }},
	}
}

// inTurns is what two tasks do with each other.
func inTurns(t *testing.T, ctx context.Context, tg *anyio.TaskGroup) []allocationCase {
	var lock anyio.Lock
	var event *anyio.Event // a new one each time
	giveWay := func(ctx context.Context) error { return anyio.Sleep(ctx, 0) }
	pair := func(theirs func(ctx context.Context) error, mine func() error) func() {
		var turn, back anyio.Semaphore
		tg.Go(func(ctx context.Context) error {
			for {
				if err := errors.Join(turn.Acquire(ctx), theirs(ctx)); err != nil {
					return err
				}
				back.Release()
			}
		})
		return func() {
			event = &anyio.Event{}
			turn.Release()
			testkit.WantNil(t, "turn", errors.Join(mine(), back.Acquire(ctx)))
		}
	}
	return []allocationCase{
		{"two for a Lock", 1, pair(func(ctx context.Context) error { return lock.Do(ctx, giveWay) }, func() error {
			return lock.Do(ctx, giveWay)
		})},
		{"an Event that is waited for", 2, pair(func(ctx context.Context) error { return event.Wait(ctx) }, func() error {
			err := anyio.Sleep(ctx, 0)
			event.Set()
			return err
		})},
	}
}
