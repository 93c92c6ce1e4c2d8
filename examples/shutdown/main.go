// Shutdown ends a program in good order on a signal: no new work is begun, what
// each worker holds is saved in a shielded scope although everything is canceled,
// and that has a time limit. A second signal would end it at once. The program
// signals itself (on Windows, where that is not possible, it cancels its group).
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/signals"
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
	to := &store{saved: map[string]int{}}
	names := []string{"mail", "orders", "search"}
	err := signals.WithShutdown(context.Background(), func(ctx context.Context) error {
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
				tg.Cancel("there is nobody to send the signal")
			}
			return nil // the group goes on until the workers end
		})
	})
	fmt.Println("the end:", err)
	complete := true
	for _, name := range names {
		n, ok := to.saved[name]
		complete = complete && ok && n > 0
		fmt.Printf("%-6s saved its items: %t\n", name, ok && n > 0)
	}
	if !complete {
		fmt.Fprintln(os.Stderr, "shutdown: something was lost:", err)
		os.Exit(1)
	}
	// A real program would now end with the code that a shell expects after a signal:
	// of errors.AsType[*signals.Error](err) the method ExitCode tells it.
}
