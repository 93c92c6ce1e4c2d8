package cluster_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/process"
)

// What is nil gets an error that says so, in place of a panic that does not.
func TestNilArguments(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		var none *process.Function[int, int]
		for by, f := range map[string]func(c *cluster.Conn) error{
			"Call":    func(c *cluster.Conn) error { _, err := cluster.Call(ctx, c, double, 1); return err },
			"Map":     func(c *cluster.Conn) error { _, err := cluster.Map(ctx, c, double, []int{1}, 0); return err },
			"Work":    func(c *cluster.Conn) error { return cluster.Work(ctx, c, cluster.Worker{}) },
			"Submit":  func(c *cluster.Conn) error { _, err := cluster.Submit(ctx, c, double, 1); return err },
			"Attach":  func(c *cluster.Conn) error { _, err := cluster.Attach(ctx, c, double, "x"); return err },
			"NewLock": func(c *cluster.Conn) error { _, err := cluster.NewLock(c, "x", cluster.LockOptions{}); return err },
			"NewSemaphore": func(c *cluster.Conn) error {
				_, err := cluster.NewSemaphore(c, "x", 1, cluster.LockOptions{})
				return err
			},
			"NewEvent":    func(c *cluster.Conn) error { _, err := cluster.NewEvent(c, "x"); return err },
			"NewReceiver": func(c *cluster.Conn) error { _, _, err := cluster.NewReceiver[int](c, 1); return err },
			"NewSender":   func(c *cluster.Conn) error { _, _, err := cluster.NewSender[int](c); return err },
			"OpenSender":  func(c *cluster.Conn) error { _, err := cluster.OpenSender(ctx, c, cluster.Address[int]{}); return err },
			"OpenReceiver": func(c *cluster.Conn) error {
				_, err := cluster.OpenReceiver(ctx, c, cluster.Address[int]{}, 1)
				return err
			},
		} {
			testkit.WantMisuse(t, by, f(cluster.Serving(ctx)))
			testkit.WantMisuse(t, by, f(&cluster.Conn{}))
		}
		for what, f := range map[string]func() error{
			"Call of nil":      func() error { _, err := cluster.Call(ctx, c, none, 1); return err },
			"Call of none":     func() error { _, err := cluster.Call(ctx, c, &process.Function[int, int]{}, 1); return err },
			"Call by nil":      func() error { _, err := cluster.Call(ctx, c, double, 1, cluster.With(nil)); return err },
			"Map of nil":       func() error { _, err := cluster.Map(ctx, c, none, []int{1}, 1); return err },
			"Submit of nil":    func() error { _, err := cluster.Submit(ctx, c, none, 1); return err },
			"Submit by nil":    func() error { _, err := cluster.Submit(ctx, c, double, 1, cluster.With(nil)); return err },
			"Attach of nil":    func() error { _, err := cluster.Attach(ctx, c, none, "x"); return err },
			"NewReceiver, nil": func() error { _, _, err := cluster.NewReceiver[int](c, 1, cluster.With(nil)); return err },
			"NewSender, nil":   func() error { _, _, err := cluster.NewSender[int](c, cluster.With(nil)); return err },
			"Go of nil": func() error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					_, err := cluster.Go(tg, c, none, 1).Await(ctx)
					return err
				})
			},
		} {
			testkit.WantMisuse(t, what, f())
		}
		testkit.WantMisuse(t, "RegisterCodec", testkit.Recovered(func() { cluster.RegisterCodec(nil) }))
	})
}

// The capacity of workers may be as large as it gets, and a limit as small.
func TestExtremeLimits(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		endless := cluster.Worker{Capacity: math.MaxInt}
		working(t, ctx, c, endless, func(ctx context.Context) {
			working(t, ctx, c, endless, func(ctx context.Context) {
				for _, limit := range []int{0, -1, math.MinInt, math.MaxInt} {
					if err := anyio.Sleep(ctx, time.Millisecond); err != nil { // the list of workers is older
						t.Error(err)
					}
					meets, w := watching(t, fmt.Sprint(limit))
					err := anyio.FailAfter(ctx, patience, func(ctx context.Context) error {
						return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
							tg.Go(func(ctx context.Context) error {
								until(t, ctx, "all run at the same time", func() bool { return w.count.Load() == 5 })
								w.goOn.Set()
								return nil
							})
							_, err := cluster.Map(ctx, c, gives, slices.Repeat([]string{meets}, 5), limit)
							return err
						})
					})
					if err != nil {
						t.Error(limit, err)
					}
				}
				if n := c.Statistics().Capacity; n != math.MaxInt64 {
					t.Errorf("a capacity of %d", n)
				}
			})
		})
	})
}

// A function may have any name, also for jobs, which have a consumer of that name.
func TestLongNameOfAFunction(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, cluster.Worker{Jobs: true, Functions: []string{named.Name()}}, func(ctx context.Context) {
			if n, err := cluster.Call(ctx, c, named, 7); n != 7 || err != nil {
				t.Error(n, err)
			}
			if n, err := submit(t, ctx, c, named, 8).Await(ctx); n != 8 || err != nil {
				t.Error(n, err)
			}
		})
	})
}
