package anyio

import (
	"errors"
	"fmt"

	"github.com/anyio-go/anyio/internal/kernel"
)

// groupRunner is a task group as the kernel sees it: what runs its tasks.
type groupRunner TaskGroup

// RunTask runs the task's function on the task's goroutine and settles the task. A
// failure cancels the group first: nobody sees the task ended in a group that goes on.
func (r *groupRunner) RunTask(t *kernel.Task) {
	defer ended(t)
	returned(t, t.F(&t.Scope))
}

// groupOf is the group of a task that RunTask runs.
func groupOf(t *kernel.Task) *TaskGroup { return (*TaskGroup)(t.Runner().(*groupRunner)) }

// returned settles a task whose function has returned err. It is apart from RunTask
// for the sake of small stacks: what RunTask keeps counts for each waiting task.
//
//go:noinline
func returned(t *kernel.Task, err error) {
	if t.CloseOpen() && err == nil {
		err = misuse("task ended before a cancel scope or task group opened in it was ended: end what you open")
	}
	if kept := t.Abandon(); kept != nil {
		err = withMisuse(err, kept)
	}
	if t.LeavesLocked() {
		err = withMisuse(err, errLeftLocked)
	}
	if err == nil && bootOf(t) == nil {
		t.Settle(kernel.Finished, nil)
	} else {
		groupOf(t).settle(t, err)
	}
	t.Exit()
}

var errLeftLocked = misuse("task ended with its goroutine locked to a thread, where another task of the group may run next: call runtime.UnlockOSThread, or use package osthread")

// settle takes the error of a task's function.
func (tg *TaskGroup) settle(t *kernel.Task, err error) {
	how, rest := kernel.Finished, err
	if err != nil {
		cut := false
		if t.Scope.WasCanceled() {
			rest, cut = strip(err)
		}
		if isRequest(rest) {
			rest = nil
		}
		if rest != nil {
			how = kernel.Failed
		} else {
			how, rest = kernel.Canceled, err
		}
		// Thousands may end so at once: the first alone writes. What ends a service task is
		// the end of the others, and cuts nothing short.
		if cut && !t.IsService() && !tg.canceled.Load() && t.OuterCanceled() {
			tg.canceled.Store(true)
		}
	}
	toStarter := bootOf(t).ended(how, rest)
	if how == kernel.Failed && !toStarter {
		tg.fail(rest, t.Name())
	}
	t.Settle(how, rest)
}

// ended, called by defer, settles a task whose function has not returned: it has
// panicked, or called runtime.Goexit.
func ended(t *kernel.Task) {
	if t.Finished() {
		return
	}
	value := recover()
	tg := groupOf(t)
	t.CloseOpen()
	name := t.Name()
	if kept := t.Abandon(); kept != nil {
		tg.mu.Lock()
		tg.failed.add(kept, name)
		tg.mu.Unlock()
	}
	var err error
	if value != nil {
		err = tg.panicked(value, name)
	} else {
		err = fmt.Errorf("anyio: task %q called runtime.Goexit", name)
		tg.mu.Lock()
		tg.goexit = true
		tg.mu.Unlock()
		tg.g.Scope.Cancel(&kernel.Cause{Err: err, Task: name})
	}
	bootOf(t).ended(kernel.Failed, err)
	t.Settle(kernel.Failed, err)
	t.Exit()
}

// withMisuse is the error of a function beside that of a mistake found at its end; both
// may be nil.
func withMisuse(err, mistake error) error {
	switch {
	case err == nil:
		return mistake
	case mistake == nil:
		return err
	}
	return errors.Join(err, mistake)
}
