package kernels

import (
	"context"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

// Cancellation, timeouts, and what is left behind.
var cancels = []kernel{
	{"canceled between taking the lock and putting it down for release", common, func(ctx context.Context) error {
		sem := anyio.NewSemaphore(1)
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(func(ctx context.Context) error {
				if err := sem.Acquire(ctx); err != nil {
					return err
				}
				if err := give(ctx); err != nil {
					return err
				}
				defer sem.Release()
				return give(ctx)
			})
			tg.Go(seq(times(3, give), do(func() { h.Cancel("no longer of interest") })))
			tg.Go(seq(times(6, give), sem.Acquire))
			return nil
		})
	}},
	{"answer and timeout at the same time, the answer is lost", common, func(ctx context.Context) error {
		answers, in := stream.Memory[int](1)
		defer closed(answers, in)
		got, expired := false, false
		ask := func(ctx context.Context) (err error) {
			expired, err = anyio.MoveOnAfter(ctx, time.Second, func(ctx context.Context) error {
				if _, err := in.Receive(ctx); err != nil {
					return err
				}
				if err := give(ctx); err != nil { // canceled here, too
					return err
				}
				got = true
				return nil
			})
			return err
		}
		answer := seq(func(ctx context.Context) error { return anyio.Sleep(ctx, time.Second-time.Nanosecond) }, send(answers, 1))
		if err := together(ctx, ask, answer); err != nil {
			return err
		}
		return bug(expired && !got && answers.Statistics().CurrentBufferUsed == 0, "the answer is gone")
	}},
	{"tried again although the first try has succeeded", common, func(ctx context.Context) error {
		var done cell
		try := func(context.Context) error {
			return bug(done.Add(1) > 1, "done twice")
		}
		slow := seq(func(ctx context.Context) error { return anyio.Sleep(ctx, time.Second) }, try)
		retry := func(ctx context.Context) error {
			if err := anyio.Sleep(ctx, time.Second); err != nil {
				return err
			}
			if done.Load() > 0 {
				return nil
			}
			return seq(give, try)(ctx)
		}
		return together(ctx, slow, retry)
	}},
	{"helper is not told to stop where its owner fails early", "grpc#862", func(ctx context.Context) error {
		var stop, up anyio.Event
		var failing cell
		owner := func(ctx context.Context) error {
			if failing.Load() == 1 {
				return nil // and the helper?
			}
			if err := up.Wait(ctx); err != nil {
				return err
			}
			stop.Set()
			return nil
		}
		return together(ctx, owner, seq(do(up.Set), stop.Wait), do(func() { failing.Store(1) }))
	}},
	{"a task is started by a group that was drained", common, func(ctx context.Context) error {
		var draining, handled cell
		var drained anyio.Event
		handle := func(ctx context.Context) error {
			if draining.Load() == 1 {
				return nil
			}
			if err := give(ctx); err != nil {
				return err
			}
			if err := bug(drained.IsSet(), "it is handled after draining"); err != nil {
				return err
			}
			handled.Add(1)
			return nil
		}
		drain := seq(give, do(func() { draining.Store(1) }), give, do(drained.Set))
		return together(ctx, handle, seq(give, handle), drain)
	}},
	{"registered after the one cancellation that was to be heard", common, func(ctx context.Context) error {
		var canceled bool
		var waiters []*anyio.Event
		register := func(ctx context.Context) error {
			e := &anyio.Event{}
			if canceled {
				return nil
			}
			if err := give(ctx); err != nil {
				return err
			}
			waiters = append(waiters, e)
			return e.Wait(ctx)
		}
		cancel := seq(times(3, give), do(func() {
			canceled = true
			for _, e := range waiters {
				e.Set()
			}
		}))
		return together(ctx, seq(give, register), seq(give, give, register), cancel)
	}},
	{"canceled before it could count itself out", common, func(ctx context.Context) error {
		var inside cell
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(func(ctx context.Context) error {
				inside.Add(1)
				if err := give(ctx); err != nil {
					return err // not counted out
				}
				defer inside.Add(-1)
				return give(ctx)
			})
			tg.Go(do(func() { h.Cancel("enough") }))
			if err := h.Wait(ctx); err != nil {
				return err
			}
			return bug(inside.Load() != 0, "%d are inside", inside.Load())
		})
	}},
	{"the first result wins, and the second has no reader", common, func(ctx context.Context) error {
		results, in := stream.Memory[int](0)
		defer closed(results, in)
		var stop anyio.Event
		worker := func(n int) act {
			return seq(times(n, give), func(ctx context.Context) error {
				if stop.IsSet() {
					return nil
				}
				return results.Send(ctx, n)
			})
		}
		return together(ctx, worker(1), worker(4), seq(receive(in), do(stop.Set)))
	}},
}
