// Command anyio shows AnyIO for Go at work.
//
//	anyio demo    the quickstart, a pipeline over real files, an echo over TCP and TLS, and the simulator
//	anyio nc      netcat: stdin goes over a connection, what comes back goes to stdout
//	anyio ps      the processes that can be looked at, see package inspect; the members of a cluster
//	anyio tree    the tasks of one of them: what they wait for, where, and who has it
//	anyio top     the same, live in a terminal, by the program anyio-top
//	anyio why     the chain of waits that holds one of them up
//	anyio help    what there is, and the flags of each command
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// Exit statuses.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130 // as shells have it: 128 + SIGINT
)

// A command is a subcommand of the program. Its flags follow its name, and its
// arguments the flags. It deals with Ctrl-C itself.
type command struct {
	name    string
	args    string // for people; "" if it takes none
	summary string
	more    string // for its own help, after the summary
	// flags declares the command's flags and returns what runs it after they
	// are parsed.
	flags func(fs *flag.FlagSet) func(ctx context.Context, std stdio, args []string) int
}

// stdio is what a command reads from and writes to.
type stdio struct {
	in       io.Reader
	out, err io.Writer
}

var commands = []command{demoCommand, ncCommand, psCommand, treeCommand, topCommand, whyCommand}

func main() {
	os.Exit(run(context.Background(), os.Args[1:], stdio{os.Stdin, os.Stdout, os.Stderr}))
}

// run is the program but for the process around it. It returns the exit status.
func run(ctx context.Context, args []string, std stdio) int {
	if len(args) == 0 {
		usage(std.err)
		return exitUsage
	}
	name, args := args[0], args[1:]
	switch name {
	case "help", "-h", "-help", "--help":
		if len(args) == 0 {
			usage(std.out)
			return exitOK
		}
		name, args = args[0], []string{"-h"}
	}
	for _, c := range commands {
		if c.name == name {
			return c.run(ctx, args, std)
		}
	}
	fmt.Fprintf(std.err, "anyio: no such command: %q (try: anyio help)\n", name)
	return exitUsage
}

func (c command) run(ctx context.Context, args []string, std stdio) int {
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard) // Parse would print all flags after each error
	body := c.flags(fs)
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(std.out, "usage: anyio %s\n\n%s\n%s\n", strings.TrimSpace(c.name+" [flags] "+c.args), c.summary, c.more)
		fs.SetOutput(std.out)
		fs.PrintDefaults()
		return exitOK
	case err != nil:
		return c.misused(std, err.Error())
	case fs.NArg() > 0 && c.args == "":
		return c.misused(std, fmt.Sprintf("unexpected argument: %q", fs.Arg(0)))
	}
	return body(ctx, std, fs.Args())
}

// misused tells in one line what was wrong with the command's flags.
func (c command) misused(std stdio, text string) int { return misused(std, c.name, text) }

func misused(std stdio, name, text string) int {
	fmt.Fprintf(std.err, "anyio %s: %s\n", name, strings.ReplaceAll(text, "\n", " "))
	return exitUsage
}

func usage(w io.Writer) {
	fmt.Fprint(w, "AnyIO for Go: structured concurrency on three backends\n\nusage: anyio command [flags]\n\n")
	for _, c := range commands {
		fmt.Fprintf(w, "  %-14s  %s\n", c.name, c.summary)
	}
	fmt.Fprintf(w, "  %-14s  %s\n", "help [command]", "this text, or the flags of a command")
}
