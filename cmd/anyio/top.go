package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// topProgram is a program of its own, as it needs what no other command does.
const topProgram = "anyio-top"

var topCommand = command{
	name:    "top",
	args:    "pid",
	summary: "show the tasks of a process live, in a terminal; the program anyio-top does that",
	more: "\nanyio-top is a program of its own. From a copy of this repository it is installed by\n\n" +
		"\t" + installTop + "\n" + whoListens,
	flags: func(fs *flag.FlagSet) func(ctx context.Context, std stdio, args []string) int {
		every := fs.Duration("every", 2*time.Second, "the time between two looks")
		long := fs.Duration("long", 10*time.Second, "tasks that wait for longer come first")
		return func(ctx context.Context, std stdio, args []string) int {
			if len(args) != 1 {
				return misused(std, "top", "want the ID of one process; anyio ps lists them")
			}
			path, err := findTop()
			if err != nil {
				return reported(std, err)
			}
			return runTop(ctx, std, path, "-every", every.String(), "-long", long.String(), "--", args[0])
		}
	},
}

const installTop = "go install -C cmd/anyio-top ."

// findTop finds the program where programs are, or beside this one.
func findTop() (string, error) {
	if path, err := exec.LookPath(topProgram); err == nil {
		return path, nil
	}
	if self, err := os.Executable(); err == nil {
		if path, err := exec.LookPath(filepath.Join(filepath.Dir(self), topProgram)); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("the program %s is not installed; in a copy of the repository: %s", topProgram, installTop)
}

// runTop lets the program have the terminal until it ends. What asks this process to end,
// asks that one.
func runTop(ctx context.Context, std stdio, path string, args ...string) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	c := exec.CommandContext(ctx, path, args...)
	c.Stdin, c.Stdout, c.Stderr = std.in, std.out, std.err
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) } // it gives the terminal back as it was
	c.WaitDelay = 10 * time.Second
	err := c.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return exit.ExitCode()
	case err != nil && ctx.Err() != nil:
		return exitInterrupted
	}
	return reported(std, err)
}
