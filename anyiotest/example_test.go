package anyiotest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/stream"
)

// A counter is what the examples test: it counts on its own while it is served.
type counter struct{ n int }

func (c *counter) serve(ctx context.Context) error {
	for {
		if err := anyio.Sleep(ctx, time.Minute); err != nil {
			return err
		}
		c.n++
	}
}

// A test that uses a server, with the virtual clock: it waits for an hour.
func TestExampleCounter(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		anyiotest.Fixture(t, ctx, func(ctx context.Context) (*counter, func(context.Context) error, error) {
			_, tg := anyio.OpenTaskGroup(ctx)
			c := &counter{}
			tg.Go(c.serve)
			return c, func(context.Context) error {
				tg.Cancel("the test is over")
				err := tg.End(nil)
				if c.n != 60 {
					t.Errorf("counted to %d, want 60", c.n)
				}
				return err
			}, nil
		})
		if err := anyio.Sleep(ctx, time.Hour+time.Second); err != nil {
			t.Fatal(err)
		}
	}, anyiotest.Only("sim"))
}

// A search for an order of two tasks in which money is lost: there is none, as the lock is
// held over the whole transfer.
func TestExampleSearch(t *testing.T) {
	anyiotest.Search(t, func(t testing.TB, ctx context.Context) {
		var lock anyio.Lock
		accounts := map[string]int{"a": 100, "b": 100}
		transfer := func(from, to string) func(ctx context.Context) error {
			return func(ctx context.Context) error {
				return lock.Do(ctx, func(ctx context.Context) error {
					balance := accounts[from]
					if err := anyio.Sleep(ctx, time.Millisecond); err != nil { // asks another service
						return err
					}
					accounts[from] = balance - 30
					accounts[to] += 30
					return nil
				})
			}
		}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(transfer("a", "b"))
			tg.Go(transfer("b", "a"))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if sum := accounts["a"] + accounts["b"]; sum != 200 {
			t.Errorf("there is %d in all, want 200", sum)
		}
	}, anyiotest.Schedules(500))
}

// Every way in which a producer that closes its stream meets two consumers.
func TestExampleExplore(t *testing.T) {
	all := anyiotest.Explore(t, func(t testing.TB, ctx context.Context) {
		send, receive := stream.Memory[int](1)
		defer receive.Close(ctx)
		var got [2]int
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i := range got {
				tg.Go(func(ctx context.Context) error {
					for v, err := range receive.All(ctx) {
						if err != nil {
							return err
						}
						got[i] += v
					}
					return nil
				})
			}
			defer send.Close(ctx)
			return send.Send(ctx, 7)
		})
		if sum := got[0] + got[1]; err != nil || sum != 7 {
			t.Errorf("received a sum of %d, error %v", sum, err)
		}
	})
	if !all {
		t.Error("there are more schedules than the budget")
	}
}

// The steps of two tasks in one order, on any backend.
func ExampleSequencer() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var seq anyiotest.Sequencer
			say := func(text string) func(context.Context) error {
				return func(context.Context) error { fmt.Println(text); return nil }
			}
			tg.Go(func(ctx context.Context) error {
				if err := seq.Do(ctx, 0, say("client: hello")); err != nil {
					return err
				}
				return seq.Do(ctx, 2, say("client: bye"))
			})
			tg.Go(func(ctx context.Context) error {
				return seq.Do(ctx, 1, say("server: hello, client"))
			})
			return nil
		})
	}, anyio.On(sim.New(sim.Config{Seed: 1})))
	fmt.Println(err)
	// Output:
	// client: hello
	// server: hello, client
	// client: bye
	// <nil>
}

// In tests t is given; here it only prints.
func ExampleCancelEverywhere() {
	t := &printer{}
	report := anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
		free := true // a place that is taken for a while
		return anyiotest.Scenario{
			Body: func(ctx context.Context) error {
				free = false
				if err := anyio.Sleep(ctx, time.Second); err != nil {
					return err // the place is lost
				}
				free = true
				return nil
			},
			Check: func(ctx context.Context, err error) error {
				if !free {
					return fmt.Errorf("the place was not given back")
				}
				return err
			},
		}
	}, anyiotest.Seeds(1))
	fmt.Println("failed:", report.Failed)
	// Output:
	// canceled before the scenario began: the place was not given back
	// failed: true
}

// A Push that does not wait while there is room cannot be canceled then. Is that meant?
func ExampleCheckCheckpoint() {
	var items []int
	push := func(ctx context.Context) error {
		items = append(items, 1)
		return nil
	}
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		t := &printer{}
		anyiotest.CheckCheckpoint(t, ctx, push)
		anyiotest.CheckCheckpoint(t, ctx, func(ctx context.Context) error {
			if err := lowlevel.CheckpointIfCanceled(ctx); err != nil {
				return err
			}
			return push(ctx)
		})
		return nil
	})
	fmt.Println(len(items), "items")
	// Output:
	// want a cancellation: it is no checkpoint
	// 1 items
}

func ExampleFreePorts() {
	ports := anyiotest.NewFreePorts("tcp4")
	a, err := ports.Next()
	if err != nil {
		fmt.Println(err)
		return
	}
	b, err := ports.Next()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a > 0, b > 0, a != b)
	// Output: true true true
}

// A printer stands for a testing.T where there is none. It prints the first line
// of what goes wrong, without the seed.
type printer struct{ testing.TB }

func (*printer) Helper()      {}
func (*printer) Name() string { return "TestPlace" }
func (*printer) Errorf(format string, args ...any) {
	_, text, _ := strings.Cut(firstLine(fmt.Sprintf(format, args...)), ", ")
	fmt.Println(text)
}
func (*printer) Logf(string, ...any) {}
