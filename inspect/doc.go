// Package inspect shows from outside what the tasks of a process do: what runs, what waits
// for what and where, who holds it, which tasks wait for each other and will forever.
//
// A program that imports it keeps account of its runs:
//
//	import "github.com/anyio-go/anyio/inspect"
//
//	http.Handle("/debug/anyio/", inspect.Handler())
//
// serves a page for people, beside those of package net/http/pprof, and the same as JSON and
// as text. Take is what all of them show. Nothing of that changes what it looks at.
//
// Hook lets functions be told of what happens as it happens, LogHandler lets logs tell tasks,
// Trace execution traces.
//
// Importing the package costs each run, and each wait of a task, a look at the clock. A look
// stops the world while the runtime writes the stacks of all goroutines, which takes about
// 20 µs for each: a process with 100,000 of them stands still for some seconds.
//
// # Limitations
//
// Who can end a wait is known for a Lock, an RWLock, a CapacityLimiter, the end of a group,
// TaskHandle.Wait, Start, and the calls of a portal. It is not for an Event, a stream, a
// socket: anybody may set it, or send. So a deadlock by those is not found here, but the
// tasks are seen to wait, and since when. What waits with a deadline will go on, and counts
// as no deadlock. A wait for several things, by Select, counts as one that may end. That a
// task has started is expected to be told by itself, not by another one it has given that to.
//
// The page shows as many tasks as a browser can scroll through, which is some hundred
// thousand; its search finds the others.
//
// Where a lock was acquired is known of the first 8,192 acquisitions of a process, and of
// all in runs with anyio.Debug.
package inspect

import "github.com/anyio-go/anyio/internal/kernel"

func init() { kernel.KeepRuns() }
