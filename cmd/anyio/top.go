package main

import (
	"context"
	"flag"
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
			return runProgram(ctx, std, topProgram, installTop, "-every", every.String(), "-long", long.String(), "--", args[0])
		}
	},
}

const installTop = "go install -C cmd/anyio-top ."
