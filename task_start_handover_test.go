package anyio_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
)

// started is the hand-over, also when the caller of Start is canceled by then: it gets
// the value, and the task, though canceled, is the group's.
func TestStartedAfterTheStarterWasCanceledHandsOver(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var goOn anyio.Event
		var h *anyio.TaskHandle
		started := false
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			err := anyio.WithCancelScope(ctx, func(starter context.Context, s *anyio.CancelScope) error {
				var v int
				var err error
				v, h, err = anyio.StartHandle(starter, tg, func(ctx context.Context, started func(int)) error {
					s.Cancel("while it starts")
					return anyio.Shielded(ctx, time.Hour, func(ctx context.Context) error {
						testkit.Settled(t, ctx)
						started(7)
						testkit.WantMisuse(t, "second call", testkit.Recovered(func() { started(8) }))
						return goOn.Wait(ctx) // served by who has got the value
					})
				})
				if v != 7 || err != nil {
					t.Errorf("Start: %d, %v", v, err)
				}
				started = true
				testkit.WantCanceled(t, "the next call", anyio.Sleep(starter, 0))
				return err
			})
			if st := h.Status(); st != anyio.Canceling {
				t.Errorf("the task is %v", st)
			}
			goOn.Set()
			return err
		})
		testkit.WantNil(t, "group", err)
		if !started || h.Status() != anyio.Finished {
			t.Errorf("started %v, the task is %v", started, h.Status())
		}
	})
}

// What the task fails with after such a hand-over is the group's error.
func TestErrorAfterALateStartedGoesToTheGroup(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			_, err := anyio.MoveOnAfter(ctx, time.Millisecond, func(ctx context.Context) error {
				v, err := anyio.Start(ctx, tg, func(ctx context.Context, started func(int)) error {
					testkit.WantCanceled(t, "task", anyio.SleepForever(ctx))
					started(7)
					return testkit.ErrBoom
				})
				if v != 7 {
					t.Errorf("Start: %d, %v", v, err)
				}
				return err
			})
			return err
		})
		if ge, ok := errors.AsType[*anyio.GroupError](err); !ok || ge.Len() != 1 || !errors.Is(err, testkit.ErrBoom) {
			t.Errorf("group: %v", err)
		}
	})
}

// Starters are canceled at the moment of the hand-over, and whatever comes first, a
// value that was given is returned, and none without that.
func TestStartAgainstCancel(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for round := range 300 {
			var given, got atomic.Int32
			err := anyio.WithTaskGroup(ctx, func(outer context.Context, tg *anyio.TaskGroup) error {
				return anyio.WithTaskGroup(outer, func(ctx context.Context, starters *anyio.TaskGroup) error {
					for i := range 4 {
						starters.Go(func(ctx context.Context) error {
							_, err := anyio.Start(ctx, tg, func(ctx context.Context, started func(int)) error {
								for range (round + i) % 5 {
									if err := anyio.Sleep(ctx, 0); err != nil && i%2 == 0 {
										return err
									}
								}
								given.Add(1)
								started(1)
								return nil
							})
							if err == nil {
								got.Add(1)
							}
							return err
						})
					}
					for range round % 7 {
						if err := anyio.Sleep(ctx, 0); err != nil {
							return err
						}
					}
					starters.Cancel("now")
					return nil
				})
			})
			if err != nil || given.Load() != got.Load() {
				t.Fatalf("round %d: %v, %d values given, %d received", round, err, given.Load(), got.Load())
			}
		}
	})
}

// What has called started is the group's: a cancellation that its starter notices
// afterwards does not reach it.
func TestStartedTaskIsNotCanceledWithItsStarterAnyMore(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		handedOver := 0
		for round := range 200 {
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				var gate anyio.Event
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, starters *anyio.TaskGroup) error {
					starters.Go(func(ctx context.Context) error {
						_, err := anyio.Start(ctx, tg, func(ctx context.Context, started func(int)) error {
							_ = gate.Wait(ctx)
							started(1)
							if ctx.Err() != nil {
								return nil
							}
							handedOver++
							if err := anyio.Sleep(ctx, time.Microsecond); err != nil {
								t.Errorf("round %d: after the hand-over: %v", round, err)
							}
							return nil
						})
						return err
					})
					testkit.Settled(t, ctx)
					gate.Set()
					for range round % 3 {
						if err := anyio.Sleep(ctx, 0); err != nil {
							return err
						}
					}
					starters.Cancel("now")
					return nil
				})
			})
			if err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
		}
		if handedOver == 0 {
			t.Error("no task has called started in time")
		}
	})
}
