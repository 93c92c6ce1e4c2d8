package anyioutils_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/anyioutils"
)

// What was put and not got is in the queue.
func TestCancelingUsersOfAQueueAnywhereLosesNoItem(t *testing.T) {
	anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
		q := anyioutils.NewQueue[int](1)
		put, got := [2]int{}, 0
		return anyiotest.Scenario{
			Body: func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					for sender := range put {
						tg.Go(func(ctx context.Context) error {
							for i := range 3 {
								if err := q.Put(ctx, i); err != nil {
									return err
								}
								put[sender]++
							}
							return nil
						})
					}
					for range 6 {
						if _, err := q.Get(ctx); err != nil {
							return err
						}
						got++
					}
					return nil
				})
			},
			Check: func(ctx context.Context, err error) error {
				if err != nil || put[0]+put[1] != got+q.Len() {
					return fmt.Errorf("%w: %d put, %d got, %d left", err, put, got, q.Len())
				}
				return nil
			},
		}
	})
}

// Every task is over, with an outcome, and its callback was called once.
func TestCancelingTasksAnywhereEndsThemAll(t *testing.T) {
	anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
		var all []anyioutils.Waitable
		calls := make(map[anyioutils.Waitable]*atomic.Int32)
		keep := func(ctx context.Context, opts ...anyioutils.TaskOption) (*anyioutils.Task[int], error) {
			task, err := anyioutils.CreateTask(ctx, seven, opts...)
			if err != nil {
				return nil, err
			}
			all = append(all, task)
			n := new(atomic.Int32)
			calls[task] = n
			_, err = task.AddDoneCallback(func(task *anyioutils.Task[int]) error {
				n.Add(1)
				return nil
			})
			return task, err
		}
		return anyiotest.Scenario{
			Body: func(ctx context.Context) error {
				return anyioutils.WithTaskGroup(ctx, func(ctx context.Context, _ *anyioutils.TaskGroup) error {
					if _, err := keep(ctx, anyioutils.Background()); err != nil {
						return err
					}
					first, err := keep(ctx)
					if err != nil {
						return err
					}
					second, err := keep(ctx)
					if err != nil {
						return err
					}
					if _, _, err := anyioutils.Wait(ctx, []*anyioutils.Task[int]{first, second}, anyioutils.WaitOptions{}); err != nil {
						return err
					}
					service, err := anyioutils.StartTask(ctx, func(ctx context.Context, started func(int)) error {
						if err := anyio.Sleep(ctx, 1); err != nil {
							return err
						}
						started(1)
						return nil
					})
					if err != nil {
						return err
					}
					_, err = service.WaitStarted(ctx)
					return err
				})
			},
			Check: func(ctx context.Context, err error) error {
				for i, w := range all {
					if err != nil || !w.Done() || calls[w].Load() != 1 {
						return fmt.Errorf("%w: task %d: done %t, %d calls", err, i, w.Done(), calls[w].Load())
					}
				}
				return err
			},
		}
	})
}

// Nobody is left in a lock, and no key is kept.
func TestCancelingUsersOfResourcesAnywhereFreesThem(t *testing.T) {
	anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
		var lock anyioutils.ResourceLock[int]
		users, most := [2]int{}, [2]int{} // by key
		return anyiotest.Scenario{
			Body: func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					for i := range 6 {
						tg.Go(func(ctx context.Context) error {
							return lock.Do(ctx, i%2, func(ctx context.Context) error {
								users[i%2]++
								most[i%2] = max(most[i%2], users[i%2])
								defer func() { users[i%2]-- }()
								return anyio.Sleep(ctx, 1)
							})
						})
					}
					return nil
				})
			},
			Check: func(ctx context.Context, err error) error {
				if kept := anyioutils.KeysOf(&lock); err != nil || max(most[0], most[1]) > 1 || kept > 0 {
					return fmt.Errorf("%w: users at once by key: %v; %d keys are kept", err, most, kept)
				}
				return nil
			},
		}
	})
}
