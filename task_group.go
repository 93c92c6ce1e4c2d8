package anyio

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A TaskGroup owns tasks. Its body and its tasks run in the group's cancel scope;
// the first failure cancels all of them; and WithTaskGroup does not return before
// every task has ended, whatever happened.
//
// Its methods may be called from any goroutine while the group is open, also
// while it waits for its tasks at the end.
type TaskGroup struct {
	g kernel.Group

	canceled atomic.Bool // a cancellation from outside a task cut it short
	caught   bool        // set at the end

	mu      sync.Mutex // guards what follows
	failed  GroupError // of the tasks, in the order in which they ended
	panics  []*PanicError
	unguard func() // ends the first panic's grace
	goexit  bool   // a task called runtime.Goexit
}

// WithTaskGroup runs body with a new task group, then waits for all its tasks.
//
// An error of the body or a task, other than a cancellation, cancels the group.
// All errors come back in one *GroupError, the body's first, then the tasks' in
// the order in which they ended. Cancellations of the group's own scope are
// dropped; one from outside is returned as it is if there was no other error. (Beside
// others it is left out, and the scope it belongs to still reports that it cut
// something short.) A panic in a task is raised again here as a *PanicError,
// runtime.Goexit in a task goes on here.
//
// Cancellation: when it comes from outside, body and tasks are canceled and waited for.
func WithTaskGroup(ctx context.Context, body func(ctx context.Context, tg *TaskGroup) error) error {
	tg := &TaskGroup{}
	tg.g.Init(ctx, kernel.NoDeadline, false)
	tg.g.Open((*groupRunner)(tg))
	ended := false
	defer func() {
		if !ended { // the body panics, or exits its goroutine: that goes on
			tg.abandon()
		}
	}()
	err := body(&tg.g.Scope, tg)
	ended = true
	return tg.end(err)
}

// OpenTaskGroup opens a group for types that open in one method and close in
// another; prefer WithTaskGroup. The returned context is the group's. End must
// be called by the goroutine that opened it.
func OpenTaskGroup(ctx context.Context) (context.Context, *TaskGroup) {
	tg := &TaskGroup{}
	tg.g.Init(ctx, kernel.NoDeadline, false)
	tg.g.Open((*groupRunner)(tg))
	tg.g.SetOpener()
	tg.g.Materialize()
	return &tg.g.Scope, tg
}

// groupOfRun opens a group that belongs to no scope of the caller's: the end of the run
// cancels it, and those who share it. The last of them ends it, on any goroutine.
func groupOfRun(r *kernel.Run) *TaskGroup {
	tg := &TaskGroup{}
	tg.g.Init(&r.Whole().Root, kernel.NoDeadline, false)
	tg.g.MoveTo(r)
	tg.g.Open((*groupRunner)(tg))
	tg.g.Materialize()
	return tg
}

// End ends a group opened by OpenTaskGroup as the end of WithTaskGroup's body
// does, with err as the body's error. A group ended twice, or by another goroutine,
// gives a *MisuseError.
func (tg *TaskGroup) End(err error) error {
	if tg.g.Closed() {
		return misuse("task group ended twice: call End once, or use WithTaskGroup, which ends it for you")
	}
	if tg.g.OpenedElsewhere() {
		return misuse("task group ended by another goroutine than the one that opened it: end it where you opened it; Cancel may be called from anywhere")
	}
	return tg.end(err)
}

// end waits for the tasks and makes the group's error.
func (tg *TaskGroup) end(err error) error {
	s := &tg.g.Scope
	var rest, requested error
	hostCanceled := false
	if err != nil {
		rest = err
		if s.WasCanceled() {
			rest, hostCanceled = strip(err)
		}
		if rest != nil {
			s.Cancel(&kernel.Cause{Err: rest})
		}
		if isRequest(rest) {
			rest, requested = nil, rest
		}
	}
	if err := tg.g.Join(); requested == nil {
		requested = err
	}
	err = tg.result(rest, hostCanceled)
	if err == nil {
		return requested
	}
	return err
}

// result leaves the scope of a group without tasks, and makes its error.
func (tg *TaskGroup) result(rest error, canceled bool) error {
	s := &tg.g.Scope
	canceled = canceled || tg.canceled.Load()
	outer := canceled && s.OuterCanceled()
	tg.caught = canceled && !outer
	var err error
	if outer {
		err = s.OuterErr()
	}
	if s.Leave() != nil {
		tg.failed.add(misuse("task group ended before a cancel scope opened in its body was ended: end inner scopes first"), "")
	}
	if tg.unguard != nil {
		tg.unguard()
	}
	if rest != nil || tg.failed.Len() > 0 {
		all := &GroupError{cut: outer}
		if rest != nil {
			all.add(rest, "")
		}
		all.errs = append(all.errs, tg.failed.errs...)
		all.names = append(all.names, tg.failed.names...)
		err = all
	}
	if len(tg.panics) > 0 {
		tg.raise(err)
	}
	if tg.goexit {
		runtime.Goexit()
	}
	return toldOnce(err)
}

// raise raises the first panic again, with the others and the group's other error. One
// that only aborts a response hides no other.
func (tg *TaskGroup) raise(err error) {
	first := max(0, slices.IndexFunc(tg.panics, func(p *PanicError) bool { return !p.aborts() }))
	pe := tg.panics[first]
	if len(tg.panics) > 1 {
		all := &GroupError{}
		if g, ok := err.(*GroupError); ok {
			*all = GroupError{slices.Clone(g.errs), slices.Clone(g.names), g.cut}
		} else if err != nil {
			all.add(err, "")
		}
		for i, p := range tg.panics {
			if i != first {
				all.add(p, p.Task)
			}
		}
		err = all
	}
	pe.with(err).raise()
}

// abandon ends the group of a body that panics or exits.
func (tg *TaskGroup) abandon() {
	tg.g.Scope.Cancel(&kernel.Cause{Reason: "the body of the task group panicked or exited"})
	_ = tg.g.Join()
	if tg.unguard != nil {
		tg.unguard()
	}
	tg.g.Scope.Leave()
}

// Cancel cancels the group's scope: the body and all tasks. Tasks that are still
// added run up to their first blocking call.
func (tg *TaskGroup) Cancel(reason string) {
	kernel.Preempt()
	tg.g.Scope.Cancel(&kernel.Cause{Reason: reason, PC: kernel.CallerPC(1)})
	kernel.PreemptEnd()
}

// CancelCause cancels the group's scope because of an error, which is shown by
// context.Cause but not returned by the group.
func (tg *TaskGroup) CancelCause(cause error) {
	kernel.Preempt()
	tg.g.Scope.Cancel(&kernel.Cause{Err: cause, PC: kernel.CallerPC(1)})
	kernel.PreemptEnd()
}

// CancelCalled reports whether the group was canceled, by Cancel or by a failure.
func (tg *TaskGroup) CancelCalled() bool { return tg.g.Scope.CancelCalled() }

// CancelCaught reports, after the end, whether a cancellation of the group's
// own scope cut something short.
func (tg *TaskGroup) CancelCaught() bool { return tg.caught }

// SetDeadline gives the group a deadline on the run's clock; the zero time
// removes it.
func (tg *TaskGroup) SetDeadline(t time.Time) {
	kernel.Preempt()
	tg.g.Scope.SetDeadline(tg.g.Run().Instant(t))
	kernel.PreemptEnd()
}

// SetShield shields the group from cancellation outside, or lifts the shield.
func (tg *TaskGroup) SetShield(on bool) {
	kernel.Preempt()
	tg.g.Scope.SetShield(on)
	kernel.PreemptEnd()
}

// fail records a task's error and cancels the group.
func (tg *TaskGroup) fail(err error, name string) {
	tg.mu.Lock()
	tg.failed.add(err, name)
	tg.mu.Unlock()
	tg.g.Scope.Cancel(&kernel.Cause{Err: err, Task: name})
}

// panicked records a panic, tells of it, and cancels the group.
func (tg *TaskGroup) panicked(value any, name string) error {
	pe := newPanicError(value, name)
	r := tg.g.Run()
	pe.report(r)
	tg.mu.Lock()
	tg.panics = append(tg.panics, pe)
	if tg.unguard == nil {
		tg.unguard = pe.guard(r)
	}
	tg.mu.Unlock()
	tg.g.Scope.Cancel(&kernel.Cause{Err: pe, Task: name})
	return pe
}
