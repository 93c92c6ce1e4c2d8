// Package process runs other programs, and functions of this program in worker
// processes, under the rules of anyio: what a task waits for can be canceled, and
// when a scope is left no process of it is left behind.
//
//	out, err := process.Output(ctx, "git", "rev-parse", "HEAD")
//
// [Run] runs a [Command] to its end: it feeds its input while it drains its output,
// and a program that fails gives an [*ExitError] with what it said. [Start] gives a
// [Process] whose standard streams are byte streams.
//
// # Cancellation
//
// A canceled Run, or a Close in a canceled scope, closes the process's streams,
// asks it to terminate, kills it after a grace period, and returns when it has
// ended. With Command.KillGroup that holds for the processes it has started, too.
//
// # Worker processes
//
// A [Function], made by [Register], is called in a worker process: this program,
// started again. See [WorkerMain], with which main begins in such a program.
//
// # The simulator
//
// Processes are a part of the real world: in the simulator Run, Output and Start
// return an error that matches errors.ErrUnsupported. A Function is called there in
// this process, as one step.
//
// # Limitations
//
// There are no pseudo-terminals. What a program has started itself goes on after its
// end, unless Command.KillGroup is set. A function in a worker process is not told of a
// cancellation: its process is killed.
//
// On Windows Terminate is the same as Kill, and User, Group, ExtraGroups, NewSession,
// KillGroup and Umask give an error that matches errors.ErrUnsupported.
package process
