package sim_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/socket"
)

// What comes from outside takes real time, which is not the run's: no timer fires
// meanwhile, and the step is not taken for one that does not come back.
func TestClockStandsStillWhileTheWorldIsWaitedFor(t *testing.T) {
	x, y := net.Pipe()
	time.AfterFunc(5*shortStep, func() { _, _ = y.Write([]byte("x")); _ = y.Close() })
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		begin := anyio.Now(ctx)
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { return anyio.Sleep(ctx, time.Hour) })
			s := socket.FromConn(x)
			defer s.Close(ctx)
			n, err := s.Receive(ctx, make([]byte, 10))
			if took := anyio.Now(ctx).Sub(begin); n != 1 || err != nil || took != 0 {
				t.Errorf("%d bytes, %v, after %v", n, err, took)
			}
			if _, err := s.Receive(ctx, make([]byte, 10)); err == nil {
				t.Error("no end")
			}
			err = anyio.Sleep(ctx, 2*time.Hour) // time goes on
			if took := anyio.Now(ctx).Sub(begin); err != nil || took != 2*time.Hour {
				t.Errorf("%v after %v", err, took)
			}
			return nil
		})
	}, anyio.On(sim.New(sim.Config{StepTimeout: shortStep})))
	testkit.WantNil(t, "run", err)
}

// A deadline that package context has made is one of the world's clock, whatever the
// virtual one says: it is not taken for the first of two that have passed.
func TestDeadlinesOfTheWorldArePassedByTheWorldsClock(t *testing.T) {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		const century = 100 * 365 * 24 * time.Hour // the virtual clock begins in 2000
		derived, cancel := context.WithTimeout(ctx, time.Hour)
		defer cancel()
		timedOut, err := anyio.MoveOnAfter(derived, century, anyio.SleepForever)
		if !timedOut || err != nil || derived.Err() != nil {
			t.Errorf("timed out %v, %v; the world's: %v", timedOut, err, derived.Err())
		}
		return nil
	}, anyio.On(sim.New(sim.Config{})))
	testkit.WantNil(t, "run", err)
}
