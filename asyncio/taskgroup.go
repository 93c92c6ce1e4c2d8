package asyncio

import (
	"context"
	"slices"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/inside"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A TaskGroup bounds the life of tasks by that of a body, as Python's does: the first
// failure asks the others, and the task that runs the body, to end. anyio.TaskGroup does
// the same by its scope, on all backends.
type TaskGroup struct {
	loop     *Loop
	host     *taskPart
	tasks    []*taskPart
	errs     []error
	names    []string
	panicked *anyio.PanicError
	all      *Future[struct{}] // that the host waits for
	aborting bool
	asked    bool // the host was asked to end, by the group
	ended    bool
}

// WithTaskGroup runs body with a new group, then waits for the group's tasks. If body or a
// task fails, the other tasks are asked to end, and the error is a *anyio.GroupError of
// all that failed, in the order in which they did; body's is the last. Tasks that were
// canceled did not fail.
//
// Cancellation: the tasks are asked to end and waited for. If nothing failed, the error is
// that of the cancellation.
func WithTaskGroup(ctx context.Context, body func(ctx context.Context, tg *TaskGroup) error) error {
	l := mustRunningLoop(ctx)
	t := CurrentTask(ctx)
	if t == nil {
		return misuse("WithTaskGroup outside of a task")
	}
	tg := &TaskGroup{loop: l, host: t.part()}
	returned := false
	defer func() {
		if !returned { // body panics, or exits its goroutine
			tg.abort()
			tg.waitShielded(ctx)
			tg.ended = true
		}
	}()
	err := body(ctx, tg)
	returned = true
	return tg.end(ctx, err)
}

// GroupTask adds a task to a group, see CreateTask. It panics if the group has ended.
func GroupTask[T any](ctx context.Context, tg *TaskGroup, f func(ctx context.Context) (T, error), opts ...TaskOption) *Task[T] {
	if tg.ended {
		panic(misuse("GroupTask in a group that has ended"))
	}
	t := newTask(tg.loop, ctx, f, opts)
	tg.add(&t.taskPart)
	return t
}

// Go adds a task whose function has no result; see GroupTask.
func (tg *TaskGroup) Go(ctx context.Context, f func(ctx context.Context) error, opts ...TaskOption) *Task[struct{}] {
	return GroupTask(ctx, tg, func(ctx context.Context) (struct{}, error) { return struct{}{}, f(ctx) }, opts...)
}

func (tg *TaskGroup) add(t *taskPart) {
	t.fut.addCallback(func() { tg.done(t) })
	tg.tasks = append(tg.tasks, t)
	if tg.aborting {
		t.cancel("its group ends")
	}
}

// done is called when a task has ended.
func (tg *TaskGroup) done(t *taskPart) {
	tg.tasks = slices.Delete(tg.tasks, slices.Index(tg.tasks, t), slices.Index(tg.tasks, t)+1)
	if tg.all != nil && len(tg.tasks) == 0 {
		tg.all.finish(struct{}{})
	}
	if t.fut.Canceled() || t.fut.Err() == nil {
		return
	}
	tg.fail(t.fut.err, t.name)
	if tg.host.fut.Done() {
		tg.loop.CallExceptionHandler(ErrorContext{
			Message: "task " + t.name + " failed after its group's host had ended", Err: t.fut.err, Task: t.self})
		return
	}
	if !tg.aborting && !tg.asked {
		tg.abort()
		tg.asked = true
		tg.host.cancel("task " + t.name + " of its group failed")
	}
}

func (tg *TaskGroup) fail(err error, name string) {
	tg.errs, tg.names = append(tg.errs, err), append(tg.names, name)
	if pe, ok := err.(*anyio.PanicError); ok && tg.panicked == nil {
		tg.panicked = pe
	}
}

func (tg *TaskGroup) abort() {
	tg.aborting = true
	for _, t := range slices.Clone(tg.tasks) {
		t.cancel("its group ends")
	}
}

// end waits for the tasks and makes the error of a body that has returned err.
func (tg *TaskGroup) end(ctx context.Context, err error) error {
	var cancellation error
	if err != nil && isCanceled(err) {
		cancellation, err = err, nil
	}
	asked := tg.asked
	if asked && tg.takeBack() {
		cancellation = nil
	}
	if (err != nil || cancellation != nil) && !tg.aborting {
		tg.abort()
	}
	for len(tg.tasks) > 0 {
		tg.all = CreateFuture[struct{}](tg.loop)
		canceled := tg.all.wait(ctx)
		tg.all = nil
		if canceled != nil && !tg.aborting {
			cancellation = canceled
			tg.abort()
		}
		if kernel.Locate(ctx).Check() != nil { // a scope, in which nothing can be awaited
			tg.waitShielded(ctx)
			_ = tg.host.kt.TakeRequest() // to end, as the group does
		}
	}
	tg.ended = true
	if tg.asked && !asked { // while it waited here
		tg.takeBack()
	}
	if err != nil {
		tg.fail(err, "")
	}
	switch {
	case tg.panicked != nil:
		panic(tg.panicked)
	case len(tg.errs) > 0:
		return inside.NewGroupError(tg.errs, tg.names)
	}
	return cancellation
}

// takeBack takes back the group's request to the host, which may not have noticed. It
// reports whether there is no other.
func (tg *TaskGroup) takeBack() bool {
	if tg.host.Uncancel() > 0 {
		return false
	}
	_ = tg.host.kt.TakeRequest()
	return true
}

// waitShielded waits for the tasks, which were asked to end, not minding anything.
func (tg *TaskGroup) waitShielded(ctx context.Context) {
	for len(tg.tasks) > 0 {
		tg.all = CreateFuture[struct{}](tg.loop)
		tg.all.waitShielded(ctx)
		tg.all = nil
	}
}
