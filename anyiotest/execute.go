package anyiotest

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// execute runs body as the main task of a run and reports to t all that the run
// itself did wrong. It ends as body does: it returns, panics or exits.
func execute(t testing.TB, opts []anyio.RunOption, replay string, body func(ctx context.Context)) {
	t.Helper()
	e := &execution{replay: replay}
	e.execute(t, opts, body)
}

// execute is what the function does, for an execution that is zero but for replay.
func (e *execution) execute(t testing.TB, opts []anyio.RunOption, body func(ctx context.Context)) {
	e.fixtures.t, e.body = t, body
	defer e.report()
	e.err = anyio.Run(&e.fixtures, e.task, opts...)
}

// An execution is the run of one test.
type execution struct {
	fixtures // with the test, and the context that the run is given
	replay   string
	body     func(ctx context.Context)
	run      atomic.Pointer[kernel.Run]
	stop     atomic.Pointer[func()] // nil if there is none; a run that was given up may still run
	err      error
}

// task is the main task.
func (e *execution) task(ctx context.Context) error {
	r := kernel.Locate(ctx).Run()
	e.run.Store(r)
	if tr, ok := e.t.(*trial); ok {
		tr.began(r)
	}
	if unwatch := watch(e.t, r); unwatch != nil {
		e.stop.Store(&unwatch)
	}
	defer e.endLeft(ctx)
	e.open(ctx)
	defer e.tearDown()
	e.body(ctx)
	return nil
}

// endLeft ends what tasks are left, which is a failure.
func (e *execution) endLeft(ctx context.Context) {
	if left := endLeftTasks(ctx); left != "" {
		e.t.Helper()
		e.t.Errorf("the test is over, but these tasks still exist:\n%v", leftTasks{left})
	}
}

// report is deferred, and tells of what was wrong.
func (e *execution) report() {
	v := recover()
	if f := e.stop.Load(); f != nil {
		(*f)()
	}
	// Fatal after the end of waits leaves no error to return.
	if r := e.run.Load(); e.err == nil && r != nil && r.Killed() != nil {
		e.err = r.Killed().Err
	}
	if e.err != nil {
		e.t.Helper()
		e.t.Errorf("the run ended with an error: %v", e.err)
	}
	if e.replay != "" && (e.t.Failed() || v != nil) {
		e.t.Helper()
		e.t.Logf("replay: %s", e.replay)
	}
	if v != nil {
		panic(v) // an *anyio.PanicError, with the stack of the task
	}
}
