package anyio_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

// A call that could block and need not still lets others run in the end, so that
// a task that makes only such calls does not keep a loop for itself.
func TestCallsThatNeedNotWaitGiveWayInTheEnd(t *testing.T) {
	var set anyio.Event
	set.Set()
	var done anyio.Future[int]
	_ = done.Set(1)
	calls := map[string]func(tg *anyio.TaskGroup) func(ctx context.Context) error{
		"Sleep(0)":        func(*anyio.TaskGroup) func(context.Context) error { return checkpoint },
		"Event.Wait":      func(*anyio.TaskGroup) func(context.Context) error { return set.Wait },
		"Future.Wait":     func(*anyio.TaskGroup) func(context.Context) error { return done.Wait },
		"Lock.Acquire":    func(*anyio.TaskGroup) func(context.Context) error { var l anyio.Lock; return doing(l.Do) },
		"Condition":       func(*anyio.TaskGroup) func(context.Context) error { var c anyio.Condition; return doing(c.Do) },
		"Semaphore":       func(*anyio.TaskGroup) func(context.Context) error { return doing(anyio.NewSemaphore(1).Do) },
		"CapacityLimiter": func(*anyio.TaskGroup) func(context.Context) error { return doing(anyio.NewCapacityLimiter(1).Do) },
		"an empty group":  func(*anyio.TaskGroup) func(context.Context) error { return emptyGroup },
		"Gather, nothing": func(*anyio.TaskGroup) func(context.Context) error {
			return func(ctx context.Context) error { _, err := anyio.Gather[int](ctx); return err }
		},
		"RunBlocking": func(*anyio.TaskGroup) func(context.Context) error {
			return func(ctx context.Context) error { _, err := anyio.RunBlockingValue(ctx, zero); return err }
		},
		"Select": func(*anyio.TaskGroup) func(context.Context) error {
			return func(ctx context.Context) error { _, err := anyio.Select(ctx, anyio.OnEvent(&set)); return err }
		},
		"FailAfter, Event": func(*anyio.TaskGroup) func(context.Context) error {
			return func(ctx context.Context) error { return anyio.FailAfter(ctx, 1<<40, set.Wait) }
		},
		"Start": startInGroup,
		"Send and Receive": func(*anyio.TaskGroup) func(context.Context) error {
			return func(ctx context.Context) error {
				send, recv := stream.Memory[int](1)
				defer send.Close(ctx)
				defer recv.Close(ctx)
				if err := send.Send(ctx, 1); err != nil {
					return err
				}
				_, err := recv.Receive(ctx)
				return err
			}
		},
		"Condition.WaitFor": func(*anyio.TaskGroup) func(context.Context) error {
			var c anyio.Condition
			return doing(func(ctx context.Context, _ func(context.Context) error) error {
				return c.Do(ctx, func(ctx context.Context) error { return c.WaitFor(ctx, func() bool { return true }) })
			})
		},
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		if testkit.BackendOf(ctx) == "scatter" {
			t.Skip("the other task is on another loop, which has to wake")
		}
		for name, make := range calls {
			for _, canceled := range []bool{false, true} { // a call that fails at once gives way as well
				var ran atomic.Bool // the race detector sees what only taking turns keeps apart
				err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(context.Context) error { ran.Store(true); return nil })
					if canceled {
						tg.Cancel("test")
					}
					call := make(tg)
					for n := 0; !ran.Load(); n++ {
						if n == 10_000 && testkit.BackendOf(ctx) != "parallel" {
							t.Errorf("%s, canceled %v: another task did not run in %d calls", name, canceled, n)
							break
						}
						if err := call(ctx); err != nil && !canceled {
							return err
						}
					}
					return nil
				})
				testkit.WantNil(t, name, err)
			}
		}
	})
}

func zero() (int, error) { return 0, nil }

// doing calls Do, or what is like it, with a function that does nothing.
func doing(do func(context.Context, func(context.Context) error) error) func(context.Context) error {
	return func(ctx context.Context) error {
		return do(ctx, func(context.Context) error { return nil })
	}
}

func emptyGroup(ctx context.Context) error {
	return anyio.WithTaskGroup(ctx, func(context.Context, *anyio.TaskGroup) error { return nil })
}

func startInGroup(tg *anyio.TaskGroup) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		_, err := anyio.Start(ctx, tg, func(_ context.Context, started func(int)) error { started(0); return nil })
		return err
	}
}
