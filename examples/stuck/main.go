// Command stuck is a broken server: two of its tasks take the same two locks in opposite
// orders, and a third one waits for what never comes. It looks at itself by package inspect,
// and then ends. With -wait it goes on to hang, with a fourth task that holds up the event
// loop, so that it can be looked at from outside:
//
//	go run ./examples/stuck -wait
//	go run ./cmd/anyio ps
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/inspect"
)

// An account can be held by one transfer at a time.
type account struct {
	anyio.Lock
	balance int
}

// transfer takes both accounts. That others take them the other way round is the mistake.
func transfer(ctx context.Context, from, to *account, amount int, begun func()) error {
	return from.Do(ctx, func(ctx context.Context) error {
		begun()
		if err := anyio.Sleep(ctx, 0); err != nil { // to look at the balance
			return err
		}
		return to.Do(ctx, func(context.Context) error {
			from.balance -= amount
			to.balance += amount
			return nil
		})
	})
}

// poll waits in a way that stops the whole event loop: nobody else gets a turn.
func poll(ctx context.Context) error {
	for ctx.Err() == nil {
		time.Sleep(100 * time.Millisecond) // anyio.Sleep(ctx, …) would be right
	}
	return ctx.Err()
}

func serve(ctx context.Context, diagnose func(tg *anyio.TaskGroup) error) error {
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		alice, bob := &account{balance: 100}, &account{balance: 100}
		var both, audited anyio.Event
		begun := 0
		begins := func() { // by turns, as the tasks of one event loop are
			if begun++; begun == 2 {
				both.Set()
			}
		}
		tg.Go(func(ctx context.Context) error { return transfer(ctx, alice, bob, 10, begins) }, anyio.Name("alice to bob"))
		tg.Go(func(ctx context.Context) error { return transfer(ctx, bob, alice, 20, begins) }, anyio.Name("bob to alice"))
		tg.Go(audited.Wait, anyio.Name("audit"))
		if err := both.Wait(ctx); err != nil {
			return err
		}
		if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
			return err
		}
		return diagnose(tg)
	})
}

var errSeen = errors.New("seen enough")

func main() {
	wait := flag.Bool("wait", false, "go on to hang, until Ctrl-C")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := anyio.Run(ctx, func(ctx context.Context) error {
		return serve(ctx, func(tg *anyio.TaskGroup) error {
			if !*wait {
				fmt.Print(inspect.Take())
				return errSeen
			}
			unlisten, err := inspect.Listen()
			if err != nil {
				return err
			}
			defer unlisten()
			fmt.Printf("this hangs; look at it with: go run ./cmd/anyio tree %d\n", os.Getpid())
			tg.Go(poll, anyio.Name("poll"))
			return anyio.SleepForever(ctx)
		})
	}, anyio.On(anyio.EventLoop()), anyio.MainName("server"))
	if err != nil && !errors.Is(err, errSeen) && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
