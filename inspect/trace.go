package inspect

import (
	"context"
	"runtime/trace"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// Trace lets execution traces show the tasks of runs, until undo is called. While package
// runtime/trace writes a trace, also one of a flight recorder, each task that begins is a
// task there: with its name, with the task whose group it is in as its parent, and with its
// waits, named as in WaitBegan, as regions. That a scope of it was canceled, and how it
// ended, if not well, is logged in it. "go tool trace" shows them as user-defined tasks and
// regions; what a program traces itself with the context of a task is part of that.
//
// While no trace is written, a task costs about as much as with hooks that do nothing, so a
// server may call Trace once and for all. Tasks that have begun before a trace are not in it.
func Trace() (undo func()) {
	t := &tracer{}
	return Hook(Hooks{
		TaskContext: t.begin, TaskEnded: t.end, WaitBegan: t.wait, ScopeCanceled: t.canceled,
	})
}

// A tracer is one call of Trace. It is the key of what the contexts of tasks have for it.
type tracer struct {
	_ byte // each has an address of its own
}

// A traced is a task in a trace.
type traced struct {
	of   *kernel.Task // those in its groups find it, too
	task *trace.Task
}

func (tr *tracer) begin(ctx context.Context, t TaskEvent) context.Context {
	if !trace.IsEnabled() {
		return ctx
	}
	ctx, task := trace.NewTask(ctx, t.Name())
	return context.WithValue(ctx, tr, &traced{of: t.t, task: task})
}

// of is the task in the trace, nil if it is not in it.
func (tr *tracer) of(ctx context.Context, t TaskEvent) *traced {
	if v, ok := ctx.Value(tr).(*traced); ok && v.of == t.t {
		return v
	}
	return nil
}

func (tr *tracer) end(t TaskEvent, outcome anyio.Status, err error) {
	ctx := t.Context()
	v := tr.of(ctx, t)
	if v == nil {
		return
	}
	if err != nil {
		trace.Logf(ctx, "anyio", "%v: %v", outcome, err)
	}
	v.task.End()
}

func (tr *tracer) wait(t TaskEvent, op string) (ended func()) {
	ctx := t.Context()
	if tr.of(ctx, t) == nil {
		return nil
	}
	return trace.StartRegion(ctx, op).End
}

func (tr *tracer) canceled(t TaskEvent, err error) {
	if ctx := t.Context(); tr.of(ctx, t) != nil {
		trace.Log(ctx, "anyio", err.Error())
	}
}
