// Command anyio-top shows what the tasks of another process do, in a terminal and again
// and again: which wait, for what, at which line, since when, and who has it.
//
//	anyio-top 14348
//
// Which processes can be looked at is listed by anyio ps, and told by package inspect. It
// only looks: there is no key that does something to the process. Press ? for the keys.
//
// # Limitations
//
// Each look stops the process for a moment, see package inspect; so the time between two
// looks is ten times what a look takes or more, but not more than a minute for that. How
// late the timers of event loops were is told of the last ten to twenty seconds.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/term"

	"github.com/anyio-go/anyio/inspect"
)

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
	exitSignal = 128 // and the number of the signal, as shells have it
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the program but for the process around it. It returns the exit status.
func run(args []string, stdout *os.File, stderr io.Writer) int {
	fs := flag.NewFlagSet("anyio-top", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	every := fs.Duration("every", 2*time.Second, "the time between two looks")
	long := fs.Duration("long", 10*time.Second, "tasks that wait for longer come first")
	err := fs.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, "usage: anyio-top [flags] pid\n\nshow what the tasks of a process do, live; anyio ps lists the processes\n\n")
		fs.SetOutput(stdout)
		fs.PrintDefaults()
		return exitOK
	}
	pid := 0
	switch {
	case err != nil:
	case fs.NArg() != 1:
		err = errors.New("want the ID of one process; anyio ps lists them")
	case *every <= 0:
		err = errors.New("-every must be more than 0")
	default:
		if pid, err = strconv.Atoi(fs.Arg(0)); err != nil || pid <= 0 {
			err = fmt.Errorf("%q is no process ID", fs.Arg(0))
		}
	}
	if err != nil {
		fmt.Fprintf(stderr, "anyio-top: %s\n", oneLine(err.Error()))
		return exitUsage
	}
	if !term.IsTerminal(stdout.Fd()) {
		fmt.Fprintf(stderr, "anyio-top: the output is no terminal: anyio tree %d prints what there is once\n", pid)
		return exitUsage
	}
	return show(pid, *every, *long, stdout, stderr)
}

// show draws until the user has seen enough, or the process has ended.
func show(pid int, every, long time.Duration, stdout *os.File, stderr io.Writer) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	m := newModel(source{
		fetch: func() (*inspect.Snapshot, error) {
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			return inspect.Fetch(ctx, pid)
		},
		gone: func() bool {
			pids, err := inspect.Processes()
			return err == nil && !slices.Contains(pids, pid)
		},
	}, every, long, lipgloss.NewRenderer(stdout))
	// The first look is taken before the screen is, so that an error is seen as of any other
	// command.
	first := m.src.look().(answer)
	if first.err != nil {
		fmt.Fprintf(stderr, "anyio-top: %s\n", first.why())
		return exitFailed
	}
	m.Update(first)
	p := tea.NewProgram(m, tea.WithAltScreen(), tea.WithoutSignalHandler())
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, os.Interrupt, syscall.SIGTERM)
	status := make(chan int, 1)
	go func() {
		defer close(status)
		if s, ok := (<-asked).(syscall.Signal); ok {
			status <- exitSignal + int(s)
			p.Quit() // as by a key, so that the terminal is given back
		}
	}()
	_, err := p.Run()
	signal.Stop(asked)
	close(asked)
	switch {
	case err != nil:
		fmt.Fprintf(stderr, "anyio-top: %s\n", oneLine(err.Error()))
		return exitFailed
	case m.ended:
		fmt.Fprintln(stdout, m.epitaph())
	}
	return <-status // exitOK if none has come
}

// oneLine is a text that may hold what another process has said.
func oneLine(text string) string { return printable(strings.ReplaceAll(text, "\n", " ")) }
