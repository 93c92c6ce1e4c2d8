package anyioutils_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyioutils"
)

// loop runs an example on an event loop, where the order of steps is known.
func loop(main func(ctx context.Context) error) {
	if err := anyio.Run(context.Background(), main, anyio.On(anyio.EventLoop())); err != nil {
		fmt.Println("error:", err)
	}
}

func ExampleEvent() {
	loop(func(ctx context.Context) error {
		var open anyioutils.Event
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				for day := range 2 {
					if err := open.Wait(ctx); err != nil {
						return err
					}
					fmt.Println("in on day", day)
					open.Clear()
				}
				return nil
			})
			for range 2 {
				open.Set()
				if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
					return err
				}
			}
			return nil
		})
	})
	// Output:
	// in on day 0
	// in on day 1
}

func ExampleFuture() {
	loop(func(ctx context.Context) error {
		answer := anyioutils.NewFuture[int]()
		_, err := answer.AddDoneCallback(func(f *anyioutils.Future[int]) error {
			v, err := f.Value()
			fmt.Println("called with", v)
			return err
		})
		if err != nil {
			return err
		}
		if err := answer.Set(42); err != nil {
			return err
		}
		v, err := answer.Await(ctx)
		fmt.Println("awaited", v)
		return err
	})
	// Output:
	// called with 42
	// awaited 42
}

func fetch(name string, err error) func(ctx context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
			return "", err
		}
		return "page of " + name, err
	}
}

func ExampleCreateTask() {
	loop(func(ctx context.Context) error {
		return anyioutils.WithTaskGroup(ctx, func(ctx context.Context, _ *anyioutils.TaskGroup) error {
			task, err := anyioutils.CreateTask(ctx, fetch("ann", nil))
			if err != nil {
				return err
			}
			page, err := task.Await(ctx)
			fmt.Println(page)
			return err
		})
	})
	// Output: page of ann
}

func ExampleOnError() {
	loop(func(ctx context.Context) error {
		return anyioutils.WithTaskGroup(ctx, func(ctx context.Context, _ *anyioutils.TaskGroup) error {
			_, err := anyioutils.CreateTask(ctx, fetch("bob", errors.New("no such page")),
				anyioutils.OnError(func(ctx context.Context, err error) bool {
					fmt.Println("handled:", err)
					return true
				}))
			return err
		})
	})
	// Output: handled: no such page
}

func ExampleBackground() {
	loop(func(ctx context.Context) error {
		err := anyioutils.WithTaskGroup(ctx, func(ctx context.Context, _ *anyioutils.TaskGroup) error {
			_, err := anyioutils.CreateTask(ctx, func(ctx context.Context) (int, error) {
				return 0, anyio.SleepForever(ctx) // a heartbeat, say
			}, anyioutils.Background())
			return err
		})
		fmt.Println("over")
		return err
	})
	// Output: over
}

func ExampleStartTask() {
	loop(func(ctx context.Context) error {
		return anyioutils.WithTaskGroup(ctx, func(ctx context.Context, tg *anyioutils.TaskGroup) error {
			server, err := anyioutils.StartTask(ctx, func(ctx context.Context, started func(port int)) error {
				started(8080)
				return anyio.SleepForever(ctx)
			})
			if err != nil {
				return err
			}
			port, err := server.WaitStarted(ctx)
			fmt.Println("serves on", port)
			tg.Cancel("enough")
			return err
		})
	})
	// Output: serves on 8080
}

func ExampleWait() {
	loop(func(ctx context.Context) error {
		return anyioutils.WithTaskGroup(ctx, func(ctx context.Context, tg *anyioutils.TaskGroup) error {
			slow := anyioutils.NewTask(func(ctx context.Context) (string, error) { return "", anyio.SleepForever(ctx) })
			fast := anyioutils.NewTask(fetch("cat", nil))
			done, pending, err := anyioutils.Wait(ctx, []*anyioutils.Task[string]{slow, fast},
				anyioutils.WaitOptions{ReturnWhen: anyioutils.FirstCompleted})
			for _, task := range done {
				page, _ := task.Value()
				fmt.Println(page)
			}
			for _, task := range pending {
				if _, err := task.Cancel(); err != nil {
					return err
				}
			}
			return err
		})
	})
	// Output: page of cat
}

func ExampleQueue() {
	loop(func(ctx context.Context) error {
		q := anyioutils.NewQueue[string](1)
		if err := q.Put(ctx, "a letter"); err != nil {
			return err
		}
		fmt.Println(q.TryPut("another one") == anyio.ErrWouldBlock)
		letter, err := q.Get(ctx)
		fmt.Println(letter)
		return err
	})
	// Output:
	// true
	// a letter
}

func ExampleMonitor() {
	loop(func(ctx context.Context) error {
		m := anyioutils.Monitor{Period: time.Millisecond}
		err := m.Do(ctx, func(ctx context.Context) error { return anyio.Sleep(ctx, 10*time.Millisecond) })
		fmt.Println(m.Result() >= 1)
		return err
	})
	// Output: true
}

func ExampleResourceLock() {
	loop(func(ctx context.Context) error {
		var files anyioutils.ResourceLock[string]
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for range 2 {
				tg.Go(func(ctx context.Context) error {
					return files.Do(ctx, "notes.txt", func(ctx context.Context) error {
						fmt.Println("opened")
						err := anyio.Sleep(ctx, time.Millisecond)
						fmt.Println("closed")
						return err
					})
				})
			}
			return nil
		})
	})
	// Output:
	// opened
	// closed
	// opened
	// closed
}

// The host here is a loop round a channel, as that of a user interface is.
func ExampleStartGuestRun() {
	calls := make(chan func())
	over := false
	err := anyioutils.StartGuestRun(context.Background(), func(ctx context.Context) (string, error) {
		fmt.Println("hello from a task")
		return "goodbye", anyio.Sleep(ctx, time.Millisecond)
	}, anyioutils.HostLoop{Post: func(f func()) { calls <- f }}, func(farewell string, err error) {
		fmt.Println(farewell, err)
		over = true
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for !over {
		(<-calls)()
	}
	// Output:
	// hello from a task
	// goodbye <nil>
}
