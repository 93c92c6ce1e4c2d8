package main

import (
	"fmt"
	"io"
	"time"
)

// meaning says for the table what each shape is, per what it is counted.
var meaning = map[string]string{
	"S1a": "spawn and join a task, in groups of 100",
	"S1b": "the same; the peer's children have a context each, as ours always have",
	"S1c": "spawn and join a task, in groups of 10,000",
	"S2":  "a deadline round code that does not block",
	"S3":  "enter and leave a cancel scope",
	"S4":  "an item through a stream, buffer 128, 1 sender, 1 receiver",
	"S5":  "an item through a stream, no buffer, 1 to 1",
	"S6":  "an item through a stream, buffer 16, 8 to 8",
	"S7":  "a round trip over two streams",
	"S8a": "a lock that nobody else wants",
	"S8b": "a lock that 8 tasks want",
	"S9a": "cancel 10,000 blocked tasks, per task",
	"S9b": "memory of a blocked task",
	"S10": "a Select of 64 cases that are ready",
	"V1":  "a virtual sleep, in 1,000 tasks",
	"V2":  "a schedule point in the simulator",
	"V3":  "a step in the simulator with 100,000 tasks",
	"V4":  "a simulated run of 10 steps",
	"P1":  "RunBlocking of an empty function",
	"P2":  "a call through a portal from a goroutine outside",
	"P3":  "start a process and wait for it",
	"P4":  "open a file and read 1 MiB into a buffer",
	"P5":  "a call into a worker process, 100 bytes each way",
	"N1":  "TCP echo of 64 bytes, 64 connections",
	"N2":  "TCP echo of 64 bytes, 1,000 connections",
	"N3a": "send 64 KiB on one connection",
	"N3b": "receive 64 KiB on one connection",
	"N4a": "TLS echo of 64 bytes, 64 connections",
	"N4b": "a TLS handshake",
	"N5":  "memory of an idle connection that has a task",
	"N1a": "TCP echo by asyncio protocols, 64 connections",
	"N2a": "TCP echo by asyncio protocols, 1,000 connections",
	"N5b": "memory of an idle connection, with a buffer only while there is data",
	"N5a": "memory of an idle connection of an asyncio protocol",
	"N9":  "TCP echo, 1,000 connections, an event loop per processor",
	"N6":  "TCP echo with reads under a deadline, 64 connections",
	"N7":  "accept, one round trip, close",
	"N8":  "an HTTP request, 64 connections that stay",
	"A1":  "CallSoon and the callback, 100 at a time",
	"A2":  "CallLater and Cancel, a million other timers pending",
	"A3":  "TCP echo by asyncio streams, 64 connections",
	"A4":  "a future that another task sets",
	"C1":  "an empty function called in another member of a cluster",
	"C2":  "the same by Map, over 2 workers with room for 64 each",
	"C3":  "a job that is stored, done by one of 2 workers, and taken away",
	"C3a": "the same, with its result stored",
}

// markdown prints the table of the documentation's page on performance.
func markdown(w io.Writer, env environment, rows []row) {
	fmt.Fprintf(w, "%s on %s, %d processors, %s; medians of %d rounds of %v of processor time.\n\n",
		env.Go, env.System, env.Processors, env.Date.Format(time.DateOnly), env.Rounds, env.Round)
	fmt.Fprintln(w, "| shape | what | backend | ours | peer | peer's | ratio | goal |")
	fmt.Fprintln(w, "|---|---|---|---:|---|---:|---:|---:|")
	for _, r := range rows {
		goal := ""
		if r.Goal > 0 {
			goal = fmt.Sprintf("%.2f", r.Goal)
			if !r.Met {
				goal += " missed"
			}
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s | %.2f | %s |\n",
			r.Shape, meaning[r.Shape], r.Backend, amount(r.Ours, r.Unit), r.Peer, amount(r.Theirs, r.Unit), r.Ratio, goal)
	}
}

// amount has three digits or so.
func amount(v float64, unit string) string {
	switch {
	case unit != "ns":
		return fmt.Sprintf("%.0f B", v)
	case v >= 1e5:
		return fmt.Sprintf("%.0f µs", v/1e3)
	case v >= 1e4:
		return fmt.Sprintf("%.1f µs", v/1e3)
	case v >= 1e3:
		return fmt.Sprintf("%.2f µs", v/1e3)
	default:
		return fmt.Sprintf("%.0f ns", v)
	}
}
