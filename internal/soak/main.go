// Command soak runs a mixed load on the real backends and fails if memory, goroutines,
// descriptors or heap objects grow meanwhile, or if a call of the load gives what
// it must not give.
//
//	go run ./internal/soak            a minute
//	go run ./internal/soak -for 8h    a night
//
// The load talks to nobody but itself, over the loopback interface.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/anyio-go/anyio"
)

func main() {
	if os.Getenv(childEnv) != "" {
		fmt.Print("child")
		return
	}
	length := flag.Duration("for", time.Minute, "how long to run; the first quarter, at most 10 minutes, is to get warm")
	backends := flag.String("backends", "parallel,eventloop", "comma-separated `names` of backends that run at the same time")
	leak := flag.String("leak", "", "`quantity` to let grow, to see that it is noticed: memory, goroutines, descriptors or objects")
	flag.Parse()
	leave, ok := leaks[*leak]
	if !ok {
		fmt.Fprintf(os.Stderr, "soak: -leak=%s: there is no such quantity\n", *leak)
		os.Exit(2)
	}
	if err := soak(*length, strings.Split(*backends, ","), leave); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

// soak runs the load on all the backends at once and measures. Leave is called at each
// sample. What seems to grow is measured once more: other work of the machine holds up
// the load, which has more under way meanwhile.
func soak(length time.Duration, backends []string, leave func()) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, len(backends))
	for _, name := range backends {
		on, err := anyio.BackendByName(name)
		if err != nil {
			return err
		}
		go func() {
			err := anyio.Run(ctx, load, anyio.On(on))
			if ctx.Err() != nil && errors.Is(err, anyio.ErrCanceled) {
				err = nil // it was told to end
			}
			cancel()
			ended <- err
		}()
	}
	verdict := judge(os.Stdout, observe(ctx, length, leave))
	if verdict != nil && ctx.Err() == nil {
		fmt.Printf("%v\nlooking again: what leaks goes on growing, what a busy machine held up does not\n", verdict)
		verdict = judge(os.Stdout, observe(ctx, length, leave))
	}
	lasted := ctx.Err() == nil
	cancel()
	var errs []error
	for range backends {
		errs = append(errs, <-ended)
	}
	for _, c := range cases {
		fmt.Printf("%-12s %10d rounds\n", c.name, c.rounds.Load())
	}
	if lasted {
		errs = append(errs, verdict)
	}
	return errors.Join(errs...)
}
