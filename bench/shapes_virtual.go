package main

import (
	"context"
	"flag"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/sim"
)

// --- V1: virtual sleeps in many tasks ---

func virtualSleeps(tasks int) func(context.Context, *meter, int) error {
	return func(ctx context.Context, m *meter, n int) error {
		m.start()
		defer m.stop()
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for range tasks {
				tg.Go(func(ctx context.Context) error {
					for range n / tasks {
						if err := anyio.Sleep(ctx, time.Second); err != nil {
							return err
						}
					}
					return nil
				})
			}
			return nil
		})
	}
}

func synctestSleeps(tasks int) func(*meter, int) error {
	return func(m *meter, n int) error {
		t := testingT()
		m.start() // on the world's clock, outside the bubble
		defer m.stop()
		synctest.Test(t, func(*testing.T) {
			var wg sync.WaitGroup
			for range tasks {
				wg.Go(func() {
					for range n / tasks {
						time.Sleep(time.Second)
					}
				})
			}
			wg.Wait()
		})
		return nil
	}
}

// testingT is a *testing.T, which synctest wants, in a program that is no test:
// testing.Main runs one test, which gives its T away and stays there until the
// program exits. Tests of this program put their own here.
var testingT = sync.OnceValue(func() *testing.T {
	testing.Init()
	_ = flag.CommandLine.Parse(nil) // its flags keep their defaults; our own are another set
	got := make(chan *testing.T)
	go testing.Main(
		func(string, string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: "Bench", F: func(t *testing.T) {
			got <- t
			select {}
		}}}, nil, nil)
	return <-got
})

// --- V2: a schedule point ---

// checkpoints lets two tasks give way to each other n times in all.
func checkpoints(ctx context.Context, m *meter, n int) error {
	m.start()
	defer m.stop()
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for range 2 {
			tg.Go(func(ctx context.Context) error {
				for range n / 2 {
					if err := lowlevel.Checkpoint(ctx); err != nil {
						return err
					}
				}
				return nil
			})
		}
		return nil
	})
}

// channelPingPong makes n/2 round trips, each two schedule points.
func channelPingPong(m *meter, n int) error {
	ping, pong := make(chan struct{}), make(chan struct{})
	go func() {
		for range ping {
			pong <- struct{}{}
		}
	}()
	m.start()
	for range n / 2 {
		ping <- struct{}{}
		<-pong
	}
	m.stop()
	close(ping)
	return nil
}

// --- V3: a step when there are many tasks ---

// manyTasks is how many; tests make it less.
var manyTasks = 100_000

func stepsOfMany(ctx context.Context, m *meter, n int) error { return steps(ctx, m, n, manyTasks) }

func stepsOfTwo(m *meter, n int) error {
	return anyio.Run(context.Background(), func(ctx context.Context) error {
		return steps(ctx, m, n, 2)
	}, anyio.On(backend("sim")))
}

// steps lets tasks give way to each other until they have done so n times in all. It
// measures neither their start nor their end.
func steps(ctx context.Context, m *meter, n, tasks int) error {
	up, done := 0, 0 // one task at a time runs
	var begin anyio.Event
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for range tasks {
			tg.Go(func(ctx context.Context) error {
				if up++; up == tasks {
					m.start()
					begin.Set()
				}
				if err := begin.Wait(ctx); err != nil {
					return err
				}
				for done < n {
					if err := lowlevel.Checkpoint(ctx); err != nil {
						return err
					}
					if done++; done == n {
						m.stop()
					}
				}
				return nil
			})
		}
		return nil
	})
}

// --- V4: a whole run ---

// shortRuns makes n runs of ten steps.
func shortRuns(m *meter, n int) error {
	m.start()
	defer m.stop()
	for range n {
		err := anyio.Run(context.Background(), func(ctx context.Context) error {
			for range 10 {
				if err := lowlevel.Checkpoint(ctx); err != nil {
					return err
				}
			}
			return nil
		}, anyio.On(sim.New(sim.Config{Seed: 1})))
		if err != nil {
			return err
		}
	}
	return nil
}

func synctestEmpty(m *meter, n int) error {
	t := testingT()
	m.start()
	defer m.stop()
	for range n {
		synctest.Test(t, func(*testing.T) {})
	}
	return nil
}
