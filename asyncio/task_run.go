package asyncio

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A runner is a loop as the kernel sees it: what runs its tasks.
type runner Loop

// RunTask runs a task's function and settles the task. One that was asked to end before it
// began does not begin.
func (r *runner) RunTask(t *kernel.Task) {
	part, ok := t.Meta().Boot.(*taskPart)
	if !ok { // one of this package's own
		defer func() { // also if a function of the user's has ended the goroutine
			t.CloseOpen()
			_ = t.Abandon()
			t.Settle(kernel.Finished, nil)
			t.Exit()
		}()
		_ = t.F(&t.Scope)
		return
	}
	defer part.exited()
	err := t.TakeRequest()
	if err == nil {
		err = t.F(&t.Scope)
	}
	if err == nil { // asked to end, it has waited for nothing since
		err = t.TakeRequest()
	}
	part.returned(err)
}

// returned ends a task whose function has returned err.
func (t *taskPart) returned(err error) {
	if t.kt.CloseOpen() {
		err = errors.Join(err, misuse("task ended before a cancel scope or task group opened in it was ended: end what you open"))
	}
	if kept := t.kt.Abandon(); kept != nil {
		err = errors.Join(err, kept)
	}
	t.settle(err)
}

// settle gives the task its outcome.
func (t *taskPart) settle(err error) {
	how := kernel.Finished
	switch {
	case err == nil:
		t.fut.settle(finished, nil)
	case isCanceled(err):
		how = kernel.Canceled
		t.fut.settle(canceled, err)
	default:
		how = kernel.Failed
		t.fut.fail(err)
	}
	t.kt.Settle(how, err)
	t.kt.Exit()
}

// isCanceled reports whether an error is what Python calls a CancelledError.
func isCanceled(err error) bool {
	return errors.Is(err, anyio.ErrCanceled) && anyio.IsCancellation(err)
}

// exited, called by defer, ends a task whose function has not returned: it has panicked,
// or called runtime.Goexit.
func (t *taskPart) exited() {
	if t.kt.Finished() {
		return
	}
	value := recover()
	t.kt.CloseOpen()
	_ = t.kt.Abandon()
	if value == nil {
		t.settle(fmt.Errorf("asyncio: task %q called runtime.Goexit", t.name))
		return
	}
	pe := panicked(value, t.name)
	if report := t.kt.Scope.Run().PanicHandler; report != nil {
		report(pe)
	} else {
		slog.Error("asyncio: task panicked", "task", t.name, "value", fmt.Sprint(pe.Value), "stack", string(pe.Stack))
	}
	t.settle(pe)
}

// partOf is what asyncio knows of a task, nil if that is one of package anyio which was
// not asked for.
func (l *Loop) partOf(t *kernel.Task) *taskPart {
	if m := t.Meta(); m != nil {
		if part, ok := m.Boot.(*taskPart); ok {
			return part
		}
	}
	return l.visitors[t]
}

// CurrentTask returns the task that calls it, nil in a callback. For a task of package
// anyio on the loop it is one that can be canceled and awaited likewise.
func CurrentTask(ctx context.Context) AnyTask {
	l := mustRunningLoop(ctx)
	t := l.looper.Current()
	if t == nil || t == l.host {
		return nil
	}
	return l.anyTask(t)
}

// AllTasks returns the tasks of the loop that have not ended, those of package anyio as
// well.
func AllTasks(ctx context.Context) []AnyTask { return mustRunningLoop(ctx).AllTasks() }

// AllTasks returns the tasks of the loop that have not ended, those of package anyio as
// well.
func (l *Loop) AllTasks() []AnyTask {
	l.use("AllTasks")
	var all []AnyTask
	for _, v := range l.run.Tasks() {
		if m := v.Task.Meta(); v.Task == l.host || m != nil && m.Boot == (ownTask{}) {
			continue
		}
		all = append(all, l.anyTask(v.Task))
	}
	return all
}

func (l *Loop) anyTask(t *kernel.Task) AnyTask {
	if part := l.partOf(t); part != nil {
		return part.self
	}
	return l.visitor(t)
}

// An ownTask marks tasks that are this package's own.
type ownTask struct{}

// visitor makes a task of package anyio one of asyncio. When it ends, so does the future.
func (l *Loop) visitor(t *kernel.Task) AnyTask {
	v := &Task[struct{}]{}
	v.f.future.loop, v.f.task, v.f.self = l, &v.taskPart, v
	v.fut, v.kt, v.self, v.name = &v.f.future, t, v, t.Name()
	if l.visitors == nil {
		l.visitors = make(map[*kernel.Task]*taskPart)
	}
	l.visitors[t] = &v.taskPart
	h := l.newHandle(func() {
		delete(l.visitors, t)
		switch how, err := t.Outcome(); how {
		case kernel.Canceled:
			v.f.settle(canceled, err)
		case kernel.Failed:
			v.f.settle(finished, err) // which its group knows of
		default:
			v.f.settle(finished, nil)
		}
	})
	t.DoneLatch().Notify(opAwaitTask, (*notice)(h))
	return v
}
