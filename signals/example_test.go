package signals_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/signals"
	"github.com/anyio-go/anyio/sim"
)

func ExampleWithShutdown() {
	work := func(ctx context.Context) error {
		// Here the simulation does what elsewhere somebody does with Ctrl-C.
		if err := sim.Raise(ctx, os.Interrupt); err != nil {
			return err
		}
		err := anyio.SleepForever(ctx)
		saving := anyio.Shielded(ctx, time.Second, func(ctx context.Context) error {
			fmt.Println("saved what there was")
			return nil
		})
		return errors.Join(err, saving)
	}
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return signals.WithShutdown(ctx, work)
	}, anyio.On(sim.New(sim.Config{})))
	var signal *signals.Error
	if errors.As(err, &signal) {
		fmt.Println(err) // and then os.Exit(signal.ExitCode()), 130 on UNIX
	}
	// Output:
	// saved what there was
	// anyio: received signal: interrupt
}

func ExampleOpen() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		r, err := signals.Open(ctx, syscall.SIGHUP, syscall.SIGTERM)
		if err != nil {
			return err
		}
		defer r.Close(ctx)
		// In a simulation; elsewhere they come from the system.
		for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGHUP, syscall.SIGTERM} {
			if err := sim.Raise(ctx, s); err != nil {
				return err
			}
		}
		for s, err := range r.All(ctx) {
			switch {
			case err != nil:
				return err
			case s == syscall.SIGHUP:
				fmt.Println("reading the configuration again")
			default:
				fmt.Println("good bye")
				return nil
			}
		}
		return nil
	}, anyio.On(sim.New(sim.Config{})))
	fmt.Println(err)
	// Output:
	// reading the configuration again
	// reading the configuration again
	// good bye
	// <nil>
}
