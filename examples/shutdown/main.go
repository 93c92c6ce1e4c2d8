// Shutdown ends a program in good order on a signal: no new work is begun, what
// each worker holds is saved in a shielded scope although everything is canceled,
// and that has a time limit. A second signal would end it the hard way. The program
// signals itself (on Windows, where that is not possible, it sends itself nothing and
// cancels the work).
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
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

// serve runs the workers until a signal comes.
func serve(ctx context.Context, names []string, to *store) error {
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for _, name := range names {
			tg.Go(func(ctx context.Context) error { return work(ctx, name, to) }, anyio.Name(name))
		}
		if err := anyio.Sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
		if runtime.GOOS == "windows" {
			tg.Cancel("there are no signals to oneself")
			return nil
		}
		fmt.Println("sending myself SIGTERM")
		self, err := os.FindProcess(os.Getpid())
		if err != nil {
			return err
		}
		return self.Signal(syscall.SIGTERM) // the group goes on until the workers end
	})
}

func main() {
	to := &store{saved: map[string]int{}}
	names := []string{"mail", "orders", "search"}
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithShutdown(ctx, func(ctx context.Context) error { return serve(ctx, names, to) })
	})
	fmt.Println("the run ended by:", err)
	var signal *anyio.SignalError
	complete := errors.As(err, &signal) || runtime.GOOS == "windows" && err == nil
	for _, name := range names {
		n, ok := to.saved[name]
		complete = complete && ok && n > 0
		fmt.Printf("%-6s saved its items: %t\n", name, ok && n > 0)
	}
	if !complete { // another program would exit with signal.ExitCode()
		fmt.Fprintln(os.Stderr, "shutdown: something was lost:", err)
		os.Exit(1)
	}
}
