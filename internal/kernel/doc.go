// Package kernel is what every blocking call and every backend agree on: tasks,
// the tree of scopes, waiters, and timers. It knows no backend and no primitive.
//
// # What a backend supplies
//
//	Main(t)           run the root task; return when it has ended
//	Start(t)          let t.Run run some time later, never inside the call
//	Current()         the task on the calling goroutine (loops only)
//	Move, Stepping    the goroutine of the running task (loops only)
//	Park(t)           suspend the calling task until Unpark, which may come first
//	Unpark(t)         resume it; once for each Park; from any goroutine
//	Yield(forced)     a schedule point: let others run
//	Now(), Today()    the clock; Time and Instant convert
//	Arm, Disarm       timers; Fire is called when one is due
//	InPlace(detach)   whether what blocks is run by its caller, as a step if need be
//	Offload(job)      else run it where it holds up no task
//	WaitAllBlocked    return when every other task waits
//	Rand(n)           a random choice, repeatable in a simulation
//
// and the world round the tasks, which is another one in a simulation:
//
//	Network()         sockets and name resolution, see Network
//	Signals()         where signals come from and what they do
//	Admit(crossing)   why goroutines outside may not come in, or tasks go out
//	Outside(n)        tasks begin, or end, to wait for something outside
//	AfterDone(ctx, f) tell of the end of a context of others
//	DeadlineOf(ctx)   its deadline, if that is one of the run's clock
//	Alarm(after, f)   a timer that no task can hold up
//
// and if it is a loop that calls functions, too, what Looper says.
//
// That is all; see Backend and World for the exact duties. Features ask for these, and
// never which backend it is. On the parallel backend a waiter parks its goroutine by
// itself, so Park and Unpark are for loops.
//
// # How a blocking call works
//
// Enter finds the scope of the context (the context is the scope), is a schedule
// point, and fails if the scope is canceled: then the call has no effect. If the
// call cannot finish at once it prepares a Waiter, puts it into the primitive's
// queue under the primitive's lock, and calls Wait. From then on whoever swaps the
// waiter's word first decides: the primitive (Wake, then it hands over what was
// waited for, then Unpark) or the scope (abort). So what was handed over is never
// lost, and what was canceled never happened. Who ends several waits at once, as an
// event or the cancellation of a scope, swaps all the words before the first waiter
// goes on, see Woken.
//
// # Locks
//
// A scope's mu is taken parent first, and before a timer lock. A primitive's lock
// is never held across Wait or Unpark and never together with a scope's mu. Nothing
// is called while a lock is held that could call back.
//
// # Under the race detector
//
// Tasks that share only the kernel's own state are not ordered by that. So its locks
// and atomics are those of package quiet, which make no edge, and its functions are
// marked go:norace. What is promised is an edge by hand, race.ReleaseMerge and
// race.Acquire, and what is called for somebody else runs on a goroutine that knows
// nothing of the caller, race.Apart. Without -race all that is nothing.
package kernel
