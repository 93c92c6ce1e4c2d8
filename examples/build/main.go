// Build runs commands as a build tool does: a target is begun when those that it needs
// are made, two commands run at a time, each line that they print is marked with the
// target's name, and the first failure ends all others, their processes included.
// The compiler is this program, started again, so that the example runs everywhere.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/process"
	"github.com/anyio-go/anyio/signals"
	"github.com/anyio-go/anyio/stream"
)

// A target is what a command makes.
type target struct {
	name  string
	needs []string
	args  []string
}

// make runs the target's command and prints what it says, line by line.
func (t target) make(ctx context.Context) error {
	p, err := process.Start(ctx, process.Command{
		Args: t.args, Stdin: process.Null, Stderr: process.ToStdout,
		Grace: time.Second, // from SIGTERM to SIGKILL, when the build is canceled
	})
	if err != nil {
		return err
	}
	defer p.Close(ctx) // in a canceled scope it ends the process
	for line, err := range stream.NewBufferedReceiver(p.Stdout).Lines(ctx, 64<<10) {
		if err != nil {
			_ = p.Kill() // Close would wait until it ends by itself
			return err
		}
		fmt.Printf("%-8s| %s\n", t.name, line)
	}
	code, err := p.Wait(ctx)
	if err == nil && code != 0 {
		err = fmt.Errorf("exit code %d", code)
	}
	return err
}

// build makes all targets. There is nothing to clean up here when one fails: the group
// cancels the others and returns when their processes have ended.
func build(ctx context.Context, jobs int, targets ...target) error {
	slots := anyio.NewCapacityLimiter(jobs)
	made := map[string]*anyio.Event{}
	for _, t := range targets {
		made[t.name] = &anyio.Event{}
	}
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for _, t := range targets {
			tg.Go(func(ctx context.Context) error {
				for _, need := range t.needs {
					if err := made[need].Wait(ctx); err != nil {
						return err
					}
				}
				if err := slots.Do(ctx, t.make); err != nil {
					return err
				}
				made[t.name].Set()
				return nil
			}, anyio.Name(t.name))
		}
		return nil
	})
}

func main() {
	if len(os.Args) == 4 && os.Args[1] == "compile" {
		compile(os.Args[2], os.Args[3])
	}
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
	run := func(name, how string, needs ...string) target {
		return target{name, needs, []string{self, "compile", name, how}}
	}
	// Ctrl-C ends a build in good order, too: WithShutdown cancels its scope.
	err = signals.WithShutdown(context.Background(), func(ctx context.Context) error {
		if err := build(ctx, 2, run("app", "well", "parser", "print"), run("parser", "well"), run("print", "well")); err != nil {
			return err
		}
		fmt.Print("all is made\n\n")

		start := time.Now()
		err := build(ctx, 2, run("endless", "slowly"), run("broken", "badly"), run("app", "well", "endless", "broken"))
		fmt.Println("failed:", err)
		fmt.Println("nobody has waited for the endless one:", time.Since(start) < time.Minute)
		return nil
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

// compile is what the processes do.
func compile(name, how string) {
	fmt.Println("compiling", name)
	switch how {
	case "slowly":
		time.Sleep(time.Hour)
	case "badly":
		fmt.Fprintln(os.Stderr, name+".go:7: undefined: x")
		os.Exit(3)
	}
	os.Exit(0)
}
