// Shutdown ends a program in good order on a signal: no new work is begun, what
// each worker holds is saved in a shielded scope although everything is canceled,
// and that has a time limit. The program signals itself (on Windows, where that is
// not possible, it cancels its context).
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/anyio-go/anyio"
)

// A store keeps what the workers have saved.
type store struct {
	mu    sync.Mutex // guards saved
	saved map[string]int
}

func (s *store) save(ctx context.Context, name string, n int) error {
	if err := anyio.Sleep(ctx, 20*time.Millisecond); err != nil { // it goes over a network
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saved[name] = n
	return nil
}

// work collects items until it is canceled, then saves what it has.
func work(ctx context.Context, name string, to *store) (err error) {
	n := 0
	defer func() {
		// ctx is canceled by now: a plain to.save(ctx, …) would fail at once.
		saving := anyio.Shielded(ctx, time.Second, func(ctx context.Context) error {
			return to.save(ctx, name, n)
		})
		err = errors.Join(err, saving)
	}()
	for {
		if err := anyio.Sleep(ctx, 5*time.Millisecond); err != nil {
			return err
		}
		n++
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program the hard way

	to := &store{saved: map[string]int{}}
	names := []string{"mail", "orders", "search"}
	err := anyio.Run(ctx, func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for _, name := range names {
				tg.Go(func(ctx context.Context) error { return work(ctx, name, to) }, anyio.Name(name))
			}
			if err := anyio.Sleep(ctx, 100*time.Millisecond); err != nil {
				return err
			}
			fmt.Println("sending myself SIGTERM")
			self, err := os.FindProcess(os.Getpid())
			if err == nil {
				err = self.Signal(syscall.SIGTERM)
			}
			if err != nil {
				stop()
			}
			return nil // the group goes on until the workers end
		})
	})
	complete := errors.Is(err, anyio.ErrCanceled) // and no error beside it
	fmt.Println("the run ended by:", err)
	for _, name := range names {
		n, ok := to.saved[name]
		complete = complete && ok && n > 0
		fmt.Printf("%-6s saved its items: %t\n", name, ok && n > 0)
	}
	if !complete {
		fmt.Fprintln(os.Stderr, "shutdown: something was lost:", err)
		os.Exit(1)
	}
}
