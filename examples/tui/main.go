// Command tui runs an event loop inside that of a terminal's user interface: a thousand
// tasks and a TCP server run in calls that bubbletea's loop makes, and touch what it
// shows without a lock.
//
//	go run . -listen 127.0.0.1:7777
//
// While it runs, type something, press F2 for four tasks that compute all the time, and
// let another terminal talk to the server: nc 127.0.0.1 7777. Escape ends it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyioutils"
)

func main() {
	tasks := flag.Int("tasks", 1000, "how many tasks run beside the server")
	listen := flag.String("listen", "127.0.0.1:0", "where the server listens")
	flag.Parse()
	if _, err := run(*tasks, *listen, tea.WithAltScreen()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run shows the screen until the user ends it. It returns what was shown last.
func run(tasks int, listen string, opts ...tea.ProgramOption) (*screen, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s := newScreen(tasks, cancel)
	// A signal would end the program before its guest.
	p := tea.NewProgram(s, append(opts, tea.WithoutSignalHandler())...)

	// Send waits until the loop has taken the message, so it is for other goroutines
	// than the loop's. That is what Post asks for.
	host := anyioutils.HostLoop{Post: func(f func()) { p.Send(call(f)) }}
	main := func(ctx context.Context) (struct{}, error) { return struct{}{}, guest(ctx, s, listen) }
	done := func(_ struct{}, err error) { s.over, s.err = true, err }
	if err := anyioutils.StartGuestRun(ctx, main, host, done); err != nil {
		return nil, err
	}
	if _, err := p.Run(); err != nil {
		return nil, err
	}
	if anyio.IsCancellation(s.err) { // by the user
		return s, nil
	}
	return s, s.err
}
