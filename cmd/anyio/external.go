package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// findProgram finds a program where programs are, or beside this one.
func findProgram(name, install string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	if self, err := os.Executable(); err == nil {
		if path, err := exec.LookPath(filepath.Join(filepath.Dir(self), name)); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("the program %s is not installed; in a copy of the repository: %s", name, install)
}

// runProgram lets another program have the terminal until it ends. What asks this process to
// end, asks that one.
func runProgram(ctx context.Context, std stdio, name, install string, args ...string) int {
	path, err := findProgram(name, install)
	if err != nil {
		return reported(std, err)
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	c := exec.CommandContext(ctx, path, args...)
	c.Stdin, c.Stdout, c.Stderr = std.in, std.out, std.err
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) } // it gives the terminal back as it was
	c.WaitDelay = 10 * time.Second
	err = c.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return exit.ExitCode()
	case err != nil && ctx.Err() != nil:
		return exitInterrupted
	}
	return reported(std, err)
}
