package anyio_test

import (
	"context"
	"fmt"
	"time"

	"github.com/anyio-go/anyio"
)

func ExampleEvent() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		var ready anyio.Event
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				if err := ready.Wait(ctx); err != nil {
					return err
				}
				fmt.Println("the server is ready")
				return nil
			})
			fmt.Println("starting")
			ready.Set()
			return nil
		})
	})
	fmt.Println(err)
	// Output:
	// starting
	// the server is ready
	// <nil>
}

func ExampleLock() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		var lock anyio.Lock
		balance := 0
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for range 10 {
				tg.Go(func(ctx context.Context) error {
					if err := lock.Acquire(ctx); err != nil {
						return err
					}
					defer lock.Release()
					before := balance
					if err := anyio.Sleep(ctx, time.Microsecond); err != nil {
						return err
					}
					balance = before + 10
					return nil
				})
			}
			return nil
		})
		fmt.Println("balance:", balance)
		return err
	})
	fmt.Println(err)
	// Output:
	// balance: 100
	// <nil>
}

// Waiting for a lock obeys deadlines, which sync.Mutex cannot.
func ExampleLock_Acquire_timeout() {
	ctx := context.Background()
	var lock anyio.Lock
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		if err := lock.Acquire(ctx); err != nil {
			return err
		}
		defer lock.Release()
		h := tg.Go(func(ctx context.Context) error {
			timedOut, err := anyio.MoveOnAfter(ctx, time.Millisecond, lock.Acquire)
			fmt.Println("gave up:", timedOut)
			return err
		})
		return h.Wait(ctx)
	})
	fmt.Println(err)
	// Output:
	// gave up: true
	// <nil>
}

func ExampleCondition() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		var cond anyio.Condition
		var queue []string
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				for range 2 {
					err := cond.Do(ctx, func(ctx context.Context) error {
						if err := cond.WaitFor(ctx, func() bool { return len(queue) > 0 }); err != nil {
							return err
						}
						fmt.Println("got", queue[0])
						queue = queue[1:]
						return nil
					})
					if err != nil {
						return err
					}
				}
				return nil
			})
			for _, item := range []string{"apple", "pear"} {
				err := cond.Do(ctx, func(context.Context) error {
					queue = append(queue, item)
					cond.Notify(1)
					return nil
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	})
	fmt.Println(err)
	// Output:
	// got apple
	// got pear
	// <nil>
}

func ExampleSemaphore() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		sem := anyio.NewSemaphore(2) // at most two downloads at once
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for range 5 {
				tg.Go(func(ctx context.Context) error {
					return sem.Do(ctx, func(ctx context.Context) error {
						return anyio.Sleep(ctx, time.Microsecond)
					})
				})
			}
			return nil
		})
		fmt.Println("free slots:", sem.Value())
		return err
	})
	fmt.Println(err)
	// Output:
	// free slots: 2
	// <nil>
}

func ExampleCapacityLimiter() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		limiter := anyio.NewCapacityLimiter(2)
		for _, customer := range []string{"ann", "bob"} {
			if err := limiter.AcquireOnBehalfOf(ctx, customer); err != nil {
				return err
			}
		}
		fmt.Println(limiter.Statistics().Borrowers, limiter.TryAcquire())
		limiter.SetTotalTokens(3) // while in use
		fmt.Println(limiter.TryAcquire(), limiter.AvailableTokens())
		fmt.Println(limiter.AcquireOnBehalfOf(ctx, "bob"))
		limiter.ReleaseOnBehalfOf("bob")
		fmt.Println(limiter.BorrowedTokens(), "borrowed")
		limiter.Release() // the task's own
		return nil
	})
	fmt.Println(err)
	// Output:
	// [ann bob] anyio: operation would block
	// <nil> 0
	// anyio: this borrower is already holding one of this CapacityLimiter's tokens: release it first, or acquire on behalf of another borrower
	// 2 borrowed
	// <nil>
}

func ExampleResourceGuard() {
	type connection struct {
		reading anyio.ResourceGuard
	}
	conn := connection{reading: anyio.ResourceGuard{Action: "reading from"}}
	err := conn.reading.Do(func() error { // somebody reads
		return conn.reading.Do(func() error { return nil }) // and somebody else tries to
	})
	fmt.Println(err)
	// Output: anyio: another task is already reading from this resource
}
