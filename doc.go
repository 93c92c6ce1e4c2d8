// Package anyio is structured concurrency for Go: task groups that cannot leak,
// cancel scopes with deadlines and shields, and blocking calls that obey them.
//
//	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
//		tg.Go(fetchA)
//		tg.Go(fetchB)
//		return nil
//	}) // both have ended here; err holds the errors of both
//
// It works with the context of any program, without set-up. Run chooses another
// backend for the same code: Parallel (goroutines on all cores, the default),
// EventLoop (one thread, one task at a time), EventLoops (several of them), or the
// simulator of package sim (virtual time, an order of tasks that a seed decides and
// repeats).
//
// # Scopes and contexts
//
// A scope is the context of the code inside it. Every function here that can block
// takes a context first and belongs to the innermost scope of that context;
// contexts derived from it with package context are obeyed, too, and so is any
// context that has nothing to do with this package.
//
// # Cancellation
//
// Cancellation is a level, not an edge: once a scope is canceled, every blocking
// call in it fails with a *CanceledError, until the scope is left. On entry a call
// looks at its scope first: if that is canceled, the call has no effect, even if it
// could have finished at once. Once the other side has completed the operation — an
// item handed over, a lock granted — the call succeeds, even if a cancellation comes
// in the same instant. Return the error up to the scope that was canceled, which
// removes it; clean up inside Shielded.
//
// # Concurrency
//
// Every primitive may be used from any task, any goroutine and any backend at the same
// time. A goroutine that does not run a task of a loop may call blocking functions with
// the loop's context: it blocks itself, never the loop.
//
// # Limitations
//
// A cancellation ends calls of this module, and code that looks at the context. A task
// that waits by other means, such as a native channel, a sync.Mutex or a system call,
// is not interrupted, and on an event loop it holds up all other tasks: give what
// blocks to RunBlocking, and channels to stream.FromChan. The function that RunBlocking
// calls is not interrupted either.
//
// The event loop waits for sockets by epoll or kqueue; where there is neither, as on
// Windows, its calls on sockets are made on other goroutines. It does not run in a
// bubble of testing/synctest. Windows has no signals but os.Interrupt and SIGTERM.
package anyio
