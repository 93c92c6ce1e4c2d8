package inspect_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/inspect"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/portal"
)

// A call that was abandoned goes on without the task that has begun it, which may wait for
// its token: that comes back when the call ends.
func TestAbandonedCallIsNotItsCaller(t *testing.T) {
	end := make(chan struct{})
	testkit.Must(t, anyio.Run(t.Context(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			defer close(end)
			limiter := anyio.NewCapacityLimiter(1)
			var gone anyio.Event
			tg.Go(func(ctx context.Context) error {
				err := anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
					return anyio.RunBlocking(ctx, func() error {
						scope.Cancel("impatient")
						<-end
						return nil
					}, anyio.AbandonOnCancel(), anyio.Limiter(limiter))
				})
				if err != nil {
					return err
				}
				gone.Set()
				return anyio.RunBlocking(ctx, func() error { return nil }, anyio.Limiter(limiter))
			}, anyio.Name("impatient"))
			if err := gone.Wait(ctx); err != nil {
				return err
			}
			s := look(t, ctx)
			wantLine(t, s, "impatient", "waiting for CapacityLimiter.Acquire", ", CapacityLimiter held by a borrower")
			if len(s.Deadlocks) > 0 {
				t.Errorf("there is no deadlock:\n%s", s)
			}
			tg.Cancel("seen")
			return nil
		})
	}))
}

// Who borrows for another one, or by RunBlocking, is not taken for somebody else.
func TestBorrowersOfALimiter(t *testing.T) {
	end := make(chan struct{})
	testkit.Must(t, anyio.Run(t.Context(), func(ctx context.Context) error {
		limiter := anyio.NewCapacityLimiter(2)
		var lent, began anyio.Event
		within(t, ctx, func(s *inspect.Snapshot) {
			wantLine(t, s, "wants", "waiting for CapacityLimiter.Acquire", "a borrower that is no task", "blocks #")
			if len(s.Deadlocks) > 0 {
				t.Errorf("there is no deadlock:\n%s", s)
			}
			close(end)
		}, map[string]func(ctx context.Context) error{
			"lends": func(ctx context.Context) error {
				if err := limiter.AcquireOnBehalfOf(ctx, "a value"); err != nil {
					return err
				}
				defer limiter.ReleaseOnBehalfOf("a value")
				lent.Set()
				return anyio.SleepForever(ctx)
			},
			"blocks": func(ctx context.Context) error {
				return anyio.RunBlocking(ctx, func() error {
					began.Set()
					<-end
					return nil
				}, anyio.Limiter(limiter))
			},
			"wants": func(ctx context.Context) error {
				if err := errors.Join(lent.Wait(ctx), began.Wait(ctx)); err != nil {
					return err
				}
				return limiter.Do(ctx, nothing)
			},
		})
		return nil
	}))
}

// Tasks of two runs wait for each other's locks; one of a third run waits, by a portal, for
// one that waits for a lock of it.
func TestDeadlocksAcrossRuns(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var left, right anyio.Lock
	var ready [2]anyio.Event
	inARun := func(main func(ctx context.Context) error) (end chan error) {
		end = make(chan error, 1)
		go func() { end <- anyio.Run(ctx, main, anyio.MainName("crosswise")) }()
		return end
	}
	ends := []chan error{
		inARun(crosswise(&left, &right, &ready[0], &ready[1])), inARun(crosswise(&right, &left, &ready[1], &ready[0])), make(chan error, 1),
	}
	calls := make(chan error, 1)
	portals := make(chan *portal.Portal)
	go func() {
		ends[2] <- anyio.Run(ctx, func(ctx context.Context) error {
			return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
				portals <- p //anyiovet:ignore loopblock it is received at once
				return anyio.SleepForever(ctx)
			})
		}, anyio.On(anyio.EventLoop()))
	}()
	p := <-portals
	go func() {
		calls <- anyio.Run(ctx, func(ctx context.Context) error {
			var lock anyio.Lock
			return lock.Do(ctx, func(ctx context.Context) error {
				_, err := portal.Call(ctx, p, func(ctx context.Context) (int, error) { return 0, lock.Do(ctx, nothing) }, anyio.Name("called"))
				return err
			})
		}, anyio.MainName("caller"))
	}()
	var s *inspect.Snapshot
	for found := 0; found < 2 && t.Context().Err() == nil; found = len(s.Deadlocks) {
		s = inspect.Take()
	}
	for _, want := range []string{
		"crosswise #1 of run ", " waits for the Lock that crosswise #1 of run ",
		"caller #1 of run ", " waits for the end of called #", " waits for the Lock that caller #1 of run ",
	} {
		if !strings.Contains(s.String(), want) {
			t.Errorf("no %q in\n%s", want, s)
		}
	}
	cancel()
	for _, end := range append(ends, calls) {
		<-end // canceled, or let go on by another one that was
	}
}

// Who wants its lock back after it has waited for a condition is seen to want it.
func TestConditionWantsItsLockBack(t *testing.T) {
	testkit.Must(t, anyio.Run(t.Context(), func(ctx context.Context) error {
		cond := anyio.NewCondition(nil)
		var waits, notified anyio.Event
		within(t, ctx, func(s *inspect.Snapshot) {
			wantLine(t, s, "waits", ", Lock held by notifies #")
			if len(s.Deadlocks) != 1 || len(s.Deadlocks[0].Circle) != 2 {
				t.Errorf("got %v in\n%s", s.Deadlocks, s)
			}
			notified.Set()
		}, map[string]func(ctx context.Context) error{
			"waits": func(ctx context.Context) error {
				return cond.Do(ctx, func(ctx context.Context) error {
					waits.Set()
					return cond.Wait(ctx)
				})
			},
			"notifies": func(ctx context.Context) error {
				if err := waits.Wait(ctx); err != nil {
					return err
				}
				return cond.Do(ctx, func(ctx context.Context) error {
					cond.NotifyAll()
					return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
						tg.Go(func(ctx context.Context) error { return cond.Do(ctx, nothing) })
						return nil
					})
				})
			},
		})
		return nil
	}))
}
