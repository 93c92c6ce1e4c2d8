package inspect_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/inspect"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/portal"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/stream"
)

// A stormy task goes on and on, until it is canceled.
type stormy func(ctx context.Context, p *portal.Portal) error

func nothing(context.Context) error { return nil }

// storm is what all the tasks of a run do.
func storm(shared *anyio.Lock, send *stream.MemorySendStream[int], receive *stream.MemoryReceiveStream[int]) []stormy {
	var one, two anyio.Lock
	var rw anyio.RWLock
	limiter := anyio.NewCapacityLimiter(3)
	cond := anyio.NewCondition(nil)
	sem := anyio.NewSemaphore(1)
	var who atomic.Uint64
	return []stormy{
		func(ctx context.Context, _ *portal.Portal) error {
			return one.Do(ctx, func(ctx context.Context) error { return two.Do(ctx, lowlevel.Checkpoint) })
		},
		func(ctx context.Context, _ *portal.Portal) error {
			return rw.DoRead(ctx, func(ctx context.Context) error { return one.Do(ctx, lowlevel.Checkpoint) })
		},
		func(ctx context.Context, _ *portal.Portal) error {
			return rw.Do(ctx, func(ctx context.Context) error { return two.Do(ctx, lowlevel.Checkpoint) })
		},
		func(ctx context.Context, _ *portal.Portal) error {
			me := who.Add(1)
			if err := limiter.AcquireOnBehalfOf(ctx, me); err != nil {
				return err
			}
			err := shared.Do(ctx, lowlevel.Checkpoint)
			limiter.ReleaseOnBehalfOf(me)
			return err
		},
		func(ctx context.Context, _ *portal.Portal) error {
			return anyio.RunBlocking(ctx, func() error { return nil }, anyio.Limiter(limiter))
		},
		func(ctx context.Context, _ *portal.Portal) error {
			return limiter.Do(ctx, func(ctx context.Context) error { return one.Do(ctx, lowlevel.Checkpoint) })
		},
		func(ctx context.Context, _ *portal.Portal) error {
			return cond.Do(ctx, func(ctx context.Context) error {
				_, err := anyio.MoveOnAfter(ctx, time.Millisecond, cond.Wait)
				return err
			})
		},
		func(ctx context.Context, _ *portal.Portal) error {
			return cond.Do(ctx, func(ctx context.Context) error {
				cond.NotifyAll()
				return lowlevel.Checkpoint(ctx)
			})
		},
		func(ctx context.Context, _ *portal.Portal) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				_, err := anyio.Start(ctx, tg, func(ctx context.Context, started func(int)) error {
					if err := lowlevel.Checkpoint(ctx); err != nil {
						return err
					}
					started(1)
					return sem.Do(ctx, lowlevel.Checkpoint)
				})
				return err
			})
		},
		func(ctx context.Context, _ *portal.Portal) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				h := tg.Go(lowlevel.Checkpoint)
				tg.Go(h.Wait)
				return h.Wait(ctx)
			})
		},
		func(ctx context.Context, p *portal.Portal) error {
			_, err := portal.Call(ctx, p, func(ctx context.Context) (int, error) { return 1, one.Do(ctx, lowlevel.Checkpoint) })
			return err
		},
		func(ctx context.Context, p *portal.Portal) error { // by a goroutine that is no task
			return anyio.RunBlocking(ctx, func() error {
				_, err := portal.Call(context.Background(), p, func(ctx context.Context) (int, error) { return 1, shared.Do(ctx, lowlevel.Checkpoint) })
				return err
			})
		},
		func(ctx context.Context, _ *portal.Portal) error { return send.Send(ctx, 1) },
		func(ctx context.Context, _ *portal.Portal) error {
			_, err := anyio.Select(ctx, anyio.OnReceive(receive, new(int)), anyio.OnTimer(time.Millisecond))
			return err
		},
	}
}

func stormRun(ctx context.Context, shared *anyio.Lock) error {
	send, receive := stream.Memory[int](0)
	defer func() { _, _ = send.Close(ctx), receive.Close(ctx) }()
	return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for _, f := range storm(shared, send, receive) {
				for range 2 {
					tg.Go(func(ctx context.Context) error {
						for {
							if err := f(ctx, p); err != nil {
								return err
							}
							if err := lowlevel.Checkpoint(ctx); err != nil {
								return err
							}
						}
					})
				}
			}
			return nil
		})
	})
}

// Nobody who looks at all that there is sees a deadlock, and the race detector sees nobody.
func TestLooksAtAStorm(t *testing.T) {
	looks := 40
	if testing.Short() {
		looks = 10
	}
	ctx, cancel := context.WithCancel(t.Context())
	var shared anyio.Lock
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	for _, b := range []anyio.Backend{anyio.EventLoop(), anyio.Parallel(), anyio.EventLoops(2)} {
		all.Go(func() {
			_ = anyio.Run(ctx, func(ctx context.Context) error { return stormRun(ctx, &shared) }, anyio.On(b))
		})
	}
	all.Go(func() {
		_ = asyncio.Run(ctx, func(ctx context.Context) error { return stormRun(ctx, &shared) })
	})
	all.Go(func() {
		for ctx.Err() == nil {
			_ = anyio.Run(ctx, lowlevel.Checkpoint)
		}
	})
	all.Go(func() {
		for seed := uint64(0); ctx.Err() == nil; seed++ {
			var lock anyio.Lock
			_ = anyio.Run(ctx, func(ctx context.Context) error {
				_, err := anyio.MoveOnAfter(ctx, time.Second, func(ctx context.Context) error { return stormRun(ctx, &lock) })
				return err
			}, anyio.On(sim.New(sim.Config{Seed: seed})))
		}
	})
	for range looks {
		if s := inspect.Take(); len(s.Deadlocks) > 0 {
			t.Fatalf("there is no deadlock:\n%s", s)
		}
	}
}
