// Replay finds a race by trying seeds in the simulator, and replays it from the
// seed. The program under test loses an update now and then: on real threads once
// in a thousand runs, perhaps only in production. The simulator decides from a seed
// who runs at every blocking call, so a bad order is found by counting, and is the
// same each time. In a test of your own, package anyiotest runs the seeds.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

// An account is kept in a database: reading and writing it blocks.
type account struct {
	mu      anyio.Lock
	balance int
}

// read takes a few steps: a connection from the pool, the query, the answer.
func (a *account) read(ctx context.Context) (int, error) {
	for range 3 {
		if err := anyio.Sleep(ctx, 0); err != nil {
			return 0, err
		}
	}
	return a.balance, nil
}

func (a *account) write(ctx context.Context, balance int) error {
	if err := anyio.Sleep(ctx, 2*time.Millisecond); err != nil {
		return err
	}
	a.balance = balance
	return nil
}

// deposit is wrong: somebody else may write between its read and its write.
func (a *account) deposit(ctx context.Context, amount int) error {
	balance, err := a.read(ctx)
	if err != nil {
		return err
	}
	return a.write(ctx, balance+amount)
}

// depositLocked is right.
func (a *account) depositLocked(ctx context.Context, amount int) error {
	return a.mu.Do(ctx, func(ctx context.Context) error { return a.deposit(ctx, amount) })
}

type deposit func(a *account, ctx context.Context, amount int) error

// scenario is the test: three people deposit 2 ms apart, so that each comes in the
// instant in which the one before writes.
func scenario(ctx context.Context, add deposit) (balance int, err error) {
	a := &account{}
	err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for i, name := range []string{"ann", "ben", "cat"} {
			tg.Go(func(ctx context.Context) error {
				if err := anyio.Sleep(ctx, time.Duration(2*i)*time.Millisecond); err != nil {
					return err
				}
				return add(a, ctx, 100)
			}, anyio.Name(name))
		}
		return nil
	})
	return a.balance, err
}

// try runs the scenario with a seed. It returns the balance and the run's trace.
func try(seed uint64, add deposit, show bool) (balance int, trace uint64) {
	var start time.Time
	cfg := sim.Config{Seed: seed}
	if show {
		cfg.OnStep = func(s sim.Step) {
			if s.N == 1 {
				start = s.Now
			}
			fmt.Printf("  step %2d  %-4v %s\n", s.N, s.Now.Sub(start), s.Task)
		}
	}
	backend := sim.New(cfg)
	err := anyio.Run(context.Background(), func(ctx context.Context) (err error) {
		balance, err = scenario(ctx, add)
		return err
	}, anyio.On(backend), anyio.MainName("main"))
	if err != nil {
		fail(err)
	}
	return balance, backend.Hash()
}

func fail(v any) {
	fmt.Fprintln(os.Stderr, "replay:", v)
	os.Exit(1)
}

func main() {
	const seeds = 1000
	var bad, found uint64
	for seed := uint64(1); seed <= seeds; seed++ {
		if balance, _ := try(seed, (*account).deposit, false); balance != 300 {
			if found++; found == 1 {
				bad = seed
				fmt.Printf("seed %d: the balance is %d, not 300\n", seed, balance)
			}
		}
	}
	if found == 0 {
		fail("no seed shows the lost update")
	}
	fmt.Printf("%d of %d seeds lose an update\n\n", found, seeds)

	fmt.Printf("seed %d again, step by step (virtual time):\n", bad)
	balance, trace := try(bad, (*account).deposit, true)
	again, traceAgain := try(bad, (*account).deposit, false)
	if balance != again || trace != traceAgain {
		fail("a replay took another course")
	}
	fmt.Printf("balance %d, trace %016x; and once more: %d, %016x\n\n", balance, trace, again, traceAgain)

	for seed := uint64(1); seed <= seeds; seed++ {
		if balance, _ := try(seed, (*account).depositLocked, false); balance != 300 {
			fail(fmt.Sprintf("with the lock, seed %d ends with %d", seed, balance))
		}
	}
	fmt.Printf("with the lock, all %d seeds end with 300\n", seeds)
}
