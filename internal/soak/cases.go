package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/stream"
)

var errPlanned = errors.New("a planned failure")

// tasks runs groups in groups; one of them fails.
func tasks(ctx context.Context) error {
	var ran atomic.Int64
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for range 5 {
			tg.Go(func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					for range 10 {
						tg.Go(func(ctx context.Context) error {
							ran.Add(1)
							return lowlevel.Checkpoint(ctx)
						})
					}
					return nil
				})
			})
		}
		return nil
	})
	if err == nil {
		err = want("tasks that ran", ran.Load(), 50)
	}
	if err != nil {
		return err
	}
	err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for range 5 {
			tg.Go(anyio.SleepForever)
		}
		port, err := anyio.Start(ctx, tg, func(ctx context.Context, started func(int)) error {
			started(7)
			return errPlanned
		})
		if err == nil {
			err = want("what was started", port, 7)
		}
		return err
	})
	if errors.Is(err, errPlanned) {
		return nil
	}
	return errors.Join(fmt.Errorf("a failed group: %w", err), ctx.Err())
}

// cancels cancels tasks that wait, and shields the cleanup of one.
func cancels(ctx context.Context) error {
	cleaned := false
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for range 20 {
			tg.Go(anyio.SleepForever)
		}
		tg.Go(func(ctx context.Context) error {
			err := anyio.SleepForever(ctx)
			return errors.Join(err, anyio.Shielded(ctx, time.Second, func(ctx context.Context) error {
				cleaned = true
				return lowlevel.Checkpoint(ctx)
			}))
		})
		if err := lowlevel.Checkpoint(ctx); err != nil {
			return err
		}
		stop := context.AfterFunc(ctx, func() {}) // a context of package context below ours
		defer stop()
		tg.Cancel("a planned end")
		return nil
	})
	if err == nil && !cleaned {
		return errors.New("the cleanup was not made")
	}
	return err
}

// deadlines lets some pass, and moves some before they pass.
func deadlines(ctx context.Context) error {
	late, err := anyio.MoveOnAfter(ctx, time.Millisecond, anyio.SleepForever)
	if err != nil || !late {
		return errors.Join(err, want("the deadline passed", late, true))
	}
	err = anyio.FailAfter(ctx, time.Millisecond, func(ctx context.Context) error {
		derived, cancel := context.WithTimeout(ctx, time.Hour)
		defer cancel()
		return anyio.SleepForever(derived)
	})
	if !errors.Is(err, anyio.ErrTimeout) {
		return fmt.Errorf("FailAfter: %w", err)
	}
	return anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
		for range 100 {
			scope.SetDeadline(time.Now().Add(time.Hour))
		}
		return lowlevel.Checkpoint(ctx)
	})
}

// streams sends through a memory stream from several tasks to several.
func streams(ctx context.Context) error {
	const senders, each = 3, 200
	send, receive := stream.Memory[int](4)
	var sum atomic.Int64
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for range senders {
			s, r := send.Clone(), receive.Clone()
			tg.Go(func(ctx context.Context) error {
				defer s.Close(ctx)
				for i := range each {
					if err := s.Send(ctx, i); err != nil {
						return err
					}
				}
				return nil
			})
			tg.Go(func(ctx context.Context) error {
				defer r.Close(ctx)
				for i, err := range r.All(ctx) {
					if err != nil {
						return err
					}
					sum.Add(int64(i))
				}
				return nil
			})
		}
		return errors.Join(send.Close(ctx), receive.Close(ctx))
	})
	if err != nil {
		return err
	}
	return want("the sum of what came", sum.Load(), senders*each*(each-1)/2)
}

// locks fights for a lock, a semaphore and a limiter, with cancellations among it.
func locks(ctx context.Context) error {
	var lock anyio.Lock
	semaphore, limiter := anyio.NewSemaphore(2), anyio.NewCapacityLimiter(3)
	counter := 0
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for range 8 {
			tg.Go(func(ctx context.Context) error {
				for range 20 {
					err := limiter.Do(ctx, func(ctx context.Context) error {
						return semaphore.Do(ctx, func(ctx context.Context) error {
							return lock.Do(ctx, func(ctx context.Context) error {
								counter++
								return lowlevel.Checkpoint(ctx)
							})
						})
					})
					if err != nil {
						return err
					}
				}
				return nil
			})
			tg.Go(func(ctx context.Context) error {
				_, err := anyio.MoveOnAfter(ctx, 100*time.Microsecond, func(ctx context.Context) error {
					return lock.Do(ctx, lowlevel.Checkpoint)
				})
				return err
			})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return errors.Join(want("the counter", counter, 160), want("tokens left", limiter.AvailableTokens(), 3), want("the semaphore", semaphore.Value(), 2))
}
