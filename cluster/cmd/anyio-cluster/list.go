package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/internal/tasktree"
)

// A table is written with its columns under each other.
type table struct{ rows [][]string }

func (t *table) row(cells ...any) {
	var row []string
	for _, c := range cells {
		row = append(row, cmp.Or(tasktree.Printable(fmt.Sprint(c)), "-"))
	}
	t.rows = append(t.rows, row)
}

// write leaves out a table that has only its head.
func (t *table) write(w io.Writer, title string) error {
	if len(t.rows) < 2 {
		return nil
	}
	fmt.Fprint(w, title)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range t.rows {
		fmt.Fprintln(tw, strings.Join(row, "\t"))
	}
	return tw.Flush()
}

// list writes what members do.
func list(w io.Writer, members []cluster.Member) error {
	if len(members) == 0 {
		fmt.Fprintln(w, "no members")
		return nil
	}
	var who, workers, calls, held table
	who.row("MEMBER", "ID", "HOST", "PID", "PROGRAM", "RUNNING", "CAPACITY", "CALLS", "STREAMS", "LOCKS")
	workers.row("WORKER", "MEMBER", "RUNNING", "CAPACITY", "LABELS", "FUNCTIONS")
	calls.row("FUNCTION", "OF", "ON", "FOR", "DEADLINE", "STATE")
	held.row("HELD", "SLOTS", "BY", "TOKEN", "LEASE")
	runs := runsIn(members)
	more := 0
	for _, m := range members {
		if m.Silent {
			who.row(m.Name, m.ID, "silent: it does not answer")
			continue
		}
		who.row(m.Name, m.ID, m.Host, m.PID, m.Program, m.Statistics.Running, m.Statistics.Capacity, len(m.Calls), m.Streams, len(m.Held))
		for _, wk := range m.Workers {
			functions := strings.Join(slices.Sorted(maps.Keys(wk.Functions)), ", ")
			workers.row(wk.ID, wk.Name, wk.Running, wk.Capacity, strings.Join(wk.Labels, ", "), functions)
		}
		for _, call := range m.Running {
			calls.row(call.Function, caller(members, call), m.Name, short(call.For), deadline(call), state(call, "runs"))
		}
		for _, call := range m.Calls {
			switch {
			case call.Job != "" && call.Worker == "":
				calls.row(call.Function, m.Name, "", short(call.For), deadline(call), "waits for job "+call.Job)
			case call.Job != "": // the worker has told of it
			case call.Waits:
				calls.row(call.Function, m.Name, "", short(call.For), deadline(call), state(call, "waits for room"))
			case !runs[[2]any{m.ID, call.Number}]: // else the worker has told of it
				calls.row(call.Function, m.Name, call.WorkerName, short(call.For), deadline(call), state(call, "sent"))
			}
		}
		for _, h := range m.Held {
			held.row(h.Name, h.Slots, m.Name, h.Token, short(h.Left))
		}
		more += m.More
	}
	if err := who.write(w, ""); err != nil {
		return err
	}
	for _, t := range []*table{&workers, &calls, &held} {
		if err := t.write(w, "\n"); err != nil {
			return err
		}
	}
	if more > 0 {
		fmt.Fprintf(w, "and %d more calls\n", more)
	}
	return nil
}

// runsIn are the calls of which workers have told, by the caller and the number.
func runsIn(members []cluster.Member) map[[2]any]bool {
	runs := map[[2]any]bool{}
	for _, m := range members {
		for _, call := range m.Running {
			runs[[2]any{call.Caller, call.Number}] = true
		}
	}
	return runs
}

// caller tells whose call it is.
func caller(members []cluster.Member, call cluster.CallInfo) string {
	if call.Job != "" {
		return fmt.Sprintf("job %s, attempt %d", call.Job, call.Attempt)
	}
	for _, m := range members {
		if m.ID == call.Caller && m.Name != "" {
			return m.Name
		}
	}
	return call.Caller
}

func deadline(call cluster.CallInfo) string {
	if call.Deadline == nil {
		return ""
	}
	return short(*call.Deadline)
}

func state(call cluster.CallInfo, state string) string {
	if call.Ending != "" {
		return call.Ending
	}
	return state
}

func short(d time.Duration) string { return d.Round(time.Millisecond).String() }
