// Package asyncio is Python's asyncio on the event loop of package anyio: callbacks,
// futures, tasks that are canceled by request, and what is built of them. It is for those
// who port asyncio programs, and for code made of callbacks. Who begins anew needs package
// anyio alone, whose scopes and groups do more and run on all backends.
//
// There is one loop, that of the run: Run begins one, and in a run of package anyio on a
// backend with a loop every function of this package works, too. Tasks of both kinds run
// side by side, and every function of package anyio works in both. In a simulation time
// and network are virtual, and where asyncio does not promise an order, the seed decides:
// callbacks keep theirs, while tasks that are ready take turns with them as they come.
//
// # One thread
//
// Callbacks and tasks run one at a time, and a task gives way only where it waits. So they
// may share data without locks, and the race detector knows that. But all of a loop,
// futures included, is for its tasks and callbacks alone. Goroutines outside use
// CallSoonThreadsafe and RunCoroutineThreadsafe; for the others they get a panic.
//
// # Cancellation
//
// Task.Cancel is a request to one task, made once: what it awaits is canceled, or its next
// wait fails, and then the task may do what it likes. A scope of package anyio that is
// canceled lets every wait in it fail. Both give errors that match anyio.ErrCanceled; a
// scope takes back its own cancellations only, and lets requests pass. A group of package
// anyio whose host is asked to end cancels its tasks, and returns the request.
//
// Errors are Python's exceptions: those of a task are the outcome of its future. A panic
// is reported at once, and is the error of the task it ends; Run raises that of its main
// function again.
//
// # Transports and protocols
//
// A protocol is called by the loop when its connection brings something, and has no task
// that waits: see BaseProtocol, Transport, and the loop's CreateConnection, CreateServer
// and their kin. What DataReceived is given is the transport's, and is to be copied if it
// is kept. In a simulation connections are those of its network, with all its faults.
//
// # Limitations
//
// Python's coroutine objects, generators and their functions have no meaning here; a task
// is made of a function. On Windows nothing tells of descriptors that the loop does not
// read or write itself: AddReader and AddWriter are not possible there.
package asyncio
