// Periodic runs a job at fixed times with a deadline for each run. A run that
// takes too long is cut short and the next one starts on time; sleeping until an
// absolute time keeps the schedule from drifting.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/anyio-go/anyio"
)

const (
	period   = 60 * time.Millisecond
	deadline = 45 * time.Millisecond
	rounds   = 8
)

// every calls job at start+period, start+2*period, …, each time with a deadline,
// until ctx is canceled or job returns an error that is no timeout. Times that
// have passed already are left out instead of being made up for in a burst.
func every(ctx context.Context, period, deadline time.Duration, job func(ctx context.Context, n int) error) error {
	start := anyio.Now(ctx)
	for n := 1; ; n++ {
		if late := anyio.Now(ctx).Sub(start); late > time.Duration(n)*period {
			n = int(late/period) + 1
		}
		if err := anyio.SleepUntil(ctx, start.Add(time.Duration(n)*period)); err != nil {
			return err
		}
		err := anyio.FailAfter(ctx, deadline, func(ctx context.Context) error { return job(ctx, n) })
		if errors.Is(err, anyio.ErrTimeout) {
			fmt.Printf("run %d: gave up (%v)\n", n, err)
		} else if err != nil {
			return err
		}
	}
}

// refresh is quick, but for every third run, which hangs.
func refresh(ctx context.Context, n int) error {
	if n%3 == 0 {
		return anyio.Sleep(ctx, time.Hour)
	}
	if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
		return err
	}
	fmt.Printf("run %d: refreshed\n", n)
	return nil
}

func main() {
	err := anyio.WithTaskGroup(context.Background(), func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(func(ctx context.Context) error { return every(ctx, period, deadline, refresh) }, anyio.Name("refresh"))
		if err := anyio.Sleep(ctx, rounds*period+period/2); err != nil {
			return err
		}
		tg.Cancel("that was enough")
		return nil
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "periodic:", err)
		os.Exit(1)
	}
	fmt.Println("stopped; nothing is left running")
}
