// Package anyioutils has what Python's anyioutils has for AnyIO, for those who port
// programs that use it: futures and tasks with callbacks, task groups that are found in
// the context, background tasks, a queue, a monitor of the loop, locks by key, and runs
// that are guests of another loop.
//
// It is written over package anyio and runs on each of its backends. Everything may be
// used by any task and goroutine at any time, and mixed with the rest of anyio: a [Task]
// belongs to an ordinary task group, a [Future] is waited for in an ordinary scope.
//
// New programs seldom need it. Without callbacks, and without groups that are found
// rather than passed, [anyio.Future], [anyio.GoValue] and [stream.Memory] do the same.
//
// # Limitations
//
// In the simulator what goroutines outside the run do is not decided by the seed. A guest
// of another loop is always an event loop: neither of the other backends can be one.
// Under the race detector tasks of a guest do not run on the thread of their host,
// though never beside it.
package anyioutils
