package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/anyio-go/anyio/inspect"
)

// patience is how long a process may take to answer: it has to stop for a moment, and
// write the stacks of all its goroutines.
const patience = 30 * time.Second

const whoListens = "\nOf your own processes that were begun with ANYIO_INSPECT=1 and import package inspect, import\n" +
	"package inspect/listen, or have called inspect.Listen.\n"

var psCommand = command{
	name:    "ps",
	args:    "[-- flags]",
	summary: "list the processes that can be looked at, or the members of a cluster",
	more:    whoListens + whoIsAMember,
	flags: func(fs *flag.FlagSet) func(ctx context.Context, std stdio, args []string) int {
		url := clusterFlag(fs)
		return func(ctx context.Context, std stdio, args []string) int {
			switch {
			case *url != "":
				return lookAtCluster(ctx, std, "ps", *url, args...)
			case len(args) > 0:
				return misused(std, "ps", fmt.Sprintf("unexpected argument: %q", args[0]))
			}
			return reported(std, ps(ctx, std))
		}
	},
}

func ps(ctx context.Context, std stdio) error {
	pids, err := inspect.Processes()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PID\tPROGRAM\tRUNS\tTASKS\tDEADLOCKS")
	for _, pid := range pids {
		s, err := look(ctx, pid)
		if err != nil {
			fmt.Fprintf(w, "%d\t%v\n", pid, err)
			continue
		}
		tasks, runs := 0, 0
		for _, r := range s.Runs {
			tasks += len(r.Tasks)
			if r.ID != 0 {
				runs++
			}
		}
		fmt.Fprintf(w, "%d\t%s\t%d\t%d\t%d\n", pid, s.Program, runs, tasks, len(s.Deadlocks))
	}
	return w.Flush()
}

// look takes a snapshot of a process.
func look(ctx context.Context, pid int) (*inspect.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return inspect.Fetch(ctx, pid)
}

var treeCommand = command{
	name:    "tree",
	args:    "pid | -- flags",
	summary: "show the tasks of a process, or of a cluster: what they wait for, where, and who has it",
	more:    whoListens + whoIsAMember,
	flags: func(fs *flag.FlagSet) func(ctx context.Context, std stdio, args []string) int {
		asJSON, url := fs.Bool("json", false, "print a JSON object"), clusterFlag(fs)
		return func(ctx context.Context, std stdio, args []string) int {
			if *url != "" {
				if *asJSON {
					args = append(args, "-json")
				}
				return lookAtCluster(ctx, std, "tree", *url, args...)
			}
			if len(args) != 1 {
				return misused(std, "tree", "want the ID of one process; anyio ps lists them")
			}
			s, code := snapshotOf(ctx, std, "tree", args[0])
			if s == nil {
				return code
			}
			if *asJSON {
				return reported(std, json.NewEncoder(std.out).Encode(s))
			}
			_, err := s.WriteTo(std.out)
			return reported(std, err)
		}
	},
}

var whyCommand = command{
	name:    "why",
	args:    "pid task",
	summary: "show the chain of waits that holds a task up, to its root",
	more:    "\nA task is named by its number, or as run.number where several runs have one.\n" + whoListens,
	flags: func(fs *flag.FlagSet) func(ctx context.Context, std stdio, args []string) int {
		return func(ctx context.Context, std stdio, args []string) int {
			if len(args) != 2 {
				return misused(std, "why", "want the ID of a process and the number of a task; anyio tree shows them")
			}
			s, code := snapshotOf(ctx, std, "why", args[0])
			if s == nil {
				return code
			}
			ref, err := taskOf(s, args[1])
			if err == nil {
				_, err = fmt.Fprint(std.out, s.WhyText(ref))
			}
			return reported(std, err)
		}
	},
}

// snapshotOf looks at the process that an argument names. If it cannot, it says so and
// returns nil and the exit status.
func snapshotOf(ctx context.Context, std stdio, command, arg string) (*inspect.Snapshot, int) {
	pid, err := strconv.Atoi(arg)
	if err != nil || pid <= 0 {
		return nil, misused(std, command, fmt.Sprintf("%q is no process ID", arg))
	}
	s, err := look(ctx, pid)
	if err != nil {
		return nil, reported(std, err)
	}
	return s, exitOK
}

// taskOf is the task that "5" or "1.5" names.
func taskOf(s *inspect.Snapshot, text string) (inspect.Ref, error) {
	var ref inspect.Ref
	run, number, both := strings.Cut(text, ".")
	if !both {
		number = run
	}
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return ref, fmt.Errorf("%q is no task: want a number as 5, or as 1.5 for that of run 1", text)
	}
	var found []inspect.Ref
	for _, r := range s.Runs {
		if at := (inspect.Ref{Run: r.ID, Task: n}); s.Task(at) != nil && (!both || strconv.FormatUint(r.ID, 10) == run) {
			found = append(found, at)
		}
	}
	switch len(found) {
	case 0:
		return ref, fmt.Errorf("there is no task %s; anyio tree %d shows those there are", text, s.PID)
	case 1:
		return found[0], nil
	}
	return ref, fmt.Errorf("%d runs have a task %s: name one as %d.%s", len(found), text, found[0].Run, text)
}

// reported says what went wrong, if something did, and returns the exit status.
func reported(std stdio, err error) int {
	if err == nil {
		return exitOK
	}
	fmt.Fprintf(std.err, "anyio: %s\n", strings.TrimPrefix(err.Error(), "inspect: "))
	return exitFailed
}
