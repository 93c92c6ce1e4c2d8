package anyio_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

func ExampleRun() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		begin := anyio.Now(ctx)
		err := anyio.Sleep(ctx, time.Hour)
		fmt.Println("slept for", anyio.Now(ctx).Sub(begin), "of virtual time")
		return err
	}, anyio.On(sim.New(sim.Config{Seed: 1})))
	fmt.Println(err)
	// Output:
	// slept for 1h0m0s of virtual time
	// <nil>
}

func ExampleWithTaskGroup() {
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i := range 3 {
				tg.Go(func(ctx context.Context) error {
					if err := anyio.Sleep(ctx, time.Duration(i)*time.Second); err != nil {
						return err
					}
					fmt.Println("task", i)
					return nil
				})
			}
			return nil
		})
		fmt.Println("all tasks have ended:", err)
		return err
	}, anyio.On(sim.New(sim.Config{})))
	// Output:
	// task 0
	// task 1
	// task 2
	// all tasks have ended: <nil>
}

func ExampleCancelScope() {
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
			scope.Cancel("the user left")
			err := anyio.Sleep(ctx, time.Second)
			var ce *anyio.CanceledError
			fmt.Println(errors.As(err, &ce), ce.Reason)
			return err // the scope removes it
		})
	})
	// Output: true the user left
}

func ExampleMoveOnAfter() {
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		timedOut, err := anyio.MoveOnAfter(ctx, time.Millisecond, func(ctx context.Context) error {
			return anyio.Sleep(ctx, time.Hour)
		})
		fmt.Println(timedOut, err)
		return err
	})
	// Output: true <nil>
}

func ExampleFailAfter() {
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		err := anyio.FailAfter(ctx, time.Millisecond, func(ctx context.Context) error {
			return anyio.Sleep(ctx, time.Hour)
		})
		fmt.Println(err)
		fmt.Println(errors.Is(err, anyio.ErrTimeout), errors.Is(err, context.DeadlineExceeded))
		return nil
	})
	// Output:
	// anyio: timeout: not done within 1ms
	// true true
}

func ExampleShielded() {
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		_, err := anyio.MoveOnAfter(ctx, time.Millisecond, func(ctx context.Context) error {
			err := anyio.SleepForever(ctx)
			fmt.Println("cleanup without a shield:", anyio.Sleep(ctx, time.Millisecond) == nil)
			fmt.Println("cleanup with a shield:", anyio.Shielded(ctx, time.Second, func(ctx context.Context) error {
				return anyio.Sleep(ctx, time.Millisecond)
			}) == nil)
			return err
		})
		return err
	})
	// Output:
	// cleanup without a shield: false
	// cleanup with a shield: true
}

func ExampleStart() {
	serve := func(ctx context.Context, started func(port int)) error {
		started(8080) // from here on Start's caller goes on
		return anyio.SleepForever(ctx)
	}
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			port, err := anyio.Start(ctx, tg, serve)
			fmt.Println("serving on port", port, err)
			tg.Cancel("enough")
			return nil
		})
	})
	// Output: serving on port 8080 <nil>
}

func ExampleGoValue() {
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			answer := anyio.GoValue(tg, func(ctx context.Context) (int, error) {
				return 42, anyio.Sleep(ctx, time.Millisecond)
			})
			v, err := answer.Await(ctx)
			fmt.Println(v, err, answer.Status())
			return err
		})
	})
	// Output: 42 <nil> finished
}

func ExampleTaskHandle_CancelAndWait() {
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			writer := tg.Go(func(ctx context.Context) error {
				err := anyio.SleepForever(ctx)
				fmt.Println("the writer has written the rest")
				return err
			})
			if err := writer.CancelAndWait(ctx, "the file is moved"); err != nil {
				return err
			}
			fmt.Println("now the file can be moved")
			return nil
		})
	})
	// Output:
	// the writer has written the rest
	// now the file can be moved
}

func ExampleGroupError() {
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				_ = anyio.SleepForever(ctx) // the other's failure cancels it
				return errors.New("could not say goodbye")
			}, anyio.Name("client"))
			tg.Go(func(ctx context.Context) error {
				return anyio.FailAfter(ctx, time.Second, anyio.SleepForever)
			}, anyio.Name("server"))
			return nil
		})
		fmt.Printf("%v\n%+v\n", err, err)
		fmt.Println(errors.Is(err, anyio.ErrTimeout))
		return nil
	}, anyio.On(sim.New(sim.Config{})))
	// Output:
	// anyio: 2 errors in task group: server: anyio: timeout: not done within 1s; client: could not say goodbye
	// 2 error(s) in task group
	//   server: anyio: timeout: not done within 1s
	//   client: could not say goodbye
	// true
}

func ExamplePanicError() {
	defer func() {
		pe := recover().(*anyio.PanicError)
		fmt.Printf("task %q panicked: %v\n", pe.Task, pe.Value)
	}()
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { panic("out of cheese") }, anyio.Name("kitchen"))
			return anyio.SleepForever(ctx)
		})
	}, anyio.OnPanic(func(pe *anyio.PanicError) { fmt.Println("reported at once:", pe.Value) }))
	// Output:
	// reported at once: out of cheese
	// task "kitchen" panicked: out of cheese
}
