package asyncio_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// What comes into a simulation from outside would be in another place with each replay.
func TestNothingComesIntoASimulation(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l, r := loopOf(t, ctx), &record{}
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, err := l.CallSoonThreadsafe(r.call("outside"))
			testkit.WantMisuse(t, "CallSoonThreadsafe", err)
			f := asyncio.RunCoroutineThreadsafe(context.Background(), l, func(context.Context) (int, error) { return 0, nil })
			testkit.WantMisuse(t, "RunCoroutineThreadsafe", f.Err())
		}()
		<-done
		_, err := l.CallSoonThreadsafe(r.call("task"))
		testkit.WantNil(t, "in a task", err)
		_, err = asyncio.RunInExecutor(ctx, &crowd{}, func() (int, error) { return 5, nil }).Await(ctx)
		testkit.WantMisuse(t, "an executor of one's own", err)
		v, err := asyncio.RunInExecutor(ctx, nil, func() (int, error) { return 5, nil }).Await(ctx)
		if v != 5 || err != nil {
			t.Errorf("%d %v", v, err)
		}
		settled(t, ctx)
		r.want(t, "task")
	}, anyiotest.Only("sim"), anyiotest.Seeds(1))
}

// The collector does not change a simulation: what nobody has asked for is told at the end.
func TestGarbageDoesNotChangeASimulation(t *testing.T) {
	hashes := map[uint64]bool{}
	for i := range 4 {
		s, told := sim.New(sim.Config{Seed: 1}), 0
		err := asyncio.Run(context.Background(), func(ctx context.Context) error {
			l, err := asyncio.RunningLoop(ctx)
			if err != nil {
				return err
			}
			l.SetExceptionHandler(func(*asyncio.Loop, asyncio.ErrorContext) { told++ })
			for range 50 {
				_ = asyncio.NewFuture[int](ctx).SetErr(testkit.ErrBoom)
				asyncio.CreateTask(ctx, func(context.Context) (int, error) { return 0, testkit.ErrBoom })
				if i%2 == 1 {
					runtime.GC()
				}
				if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
					return err
				}
			}
			if told > 0 {
				t.Errorf("told of %d before the end", told)
			}
			return nil
		}, anyio.On(s))
		testkit.WantNil(t, "Run", err)
		if told != 100 {
			t.Errorf("told of %d", told)
		}
		hashes[s.Hash()] = true
	}
	if len(hashes) != 1 {
		t.Errorf("%d schedules of one seed", len(hashes))
	}
}
