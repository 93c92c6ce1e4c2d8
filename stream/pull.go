package stream

import (
	"iter"

	"github.com/anyio-go/anyio/internal/kernel"
)

// Pull is like iter.Pull2 but for sequences that wait, such as those of All, Lines and
// anyio.AsCompleted: it turns seq into a function that returns the next pair, so that
// several sequences can be read side by side.
//
//	next, stop := stream.Pull(r.All(ctx))
//	defer stop()
//	for v, err, ok := next(); ok; v, err, ok = next() { … }
//
// On an event loop and in the simulator iter.Pull itself must not be given such a
// sequence. It runs it on a goroutine of its own, and what waits there would stop the
// loop forever; the wait fails with an *anyio.MisuseError instead. What Pull makes runs
// as part of the task that calls next: while it waits, other tasks run.
//
// Next and stop are as those of iter.Pull2. The third value is false at the end of
// the sequence. Stop ends it early, and must be called unless next has reported the
// end; it waits for what the sequence does when it is left. Only one goroutine may
// call them at a time. A panic of seq is raised in the caller.
//
// Cancellation: what seq's own context says. Nothing is lost but what seq itself
// loses when it ends.
func Pull[K, V any](seq iter.Seq2[K, V]) (next func() (K, V, bool), stop func()) {
	var caller *kernel.Task // the loop's task that has called next or stop
	pull, end := iter.Pull2(func(yield func(K, V) bool) {
		from := caller.Continue()
		defer func() { caller.Return(from) }()
		seq(func(k K, v V) bool {
			caller.Return(from)
			more := yield(k, v)
			from = caller.Continue()
			return more
		})
	})
	next = func() (K, V, bool) {
		caller = kernel.LoopTask()
		return pull()
	}
	stop = func() {
		caller = kernel.LoopTask()
		end()
	}
	return next, stop
}
