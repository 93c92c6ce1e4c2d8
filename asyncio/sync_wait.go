package asyncio

import (
	"context"
	"slices"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A waitList is those who wait for something, in the order of their coming. Those that were
// woken or canceled stay until they have their turn: that is what the order depends on.
type waitList struct {
	loop *Loop // of who waited first
	all  []*Future[struct{}]
}

// touch tells who explores that the step may touch anything. Once the run has a Loop all of
// them do; what needs none may come before.
func touch() { kernel.Touch(nil, kernel.Changes) }

// taskLoop is the loop of a task that is about to call what may wait. The error is the
// task's cancellation by a scope, or that it is none of a loop's tasks.
func taskLoop(ctx context.Context, op string) (*Loop, error) {
	l, err := RunningLoop(ctx)
	if err != nil {
		return nil, err
	}
	l.use(op)
	if l.looper.Current() == nil {
		return nil, misuse(op + " outside of a task")
	}
	return l, kernel.Locate(ctx).CheckAtOnce()
}

// add gives a task a place in the list. The error is that others are of another loop.
func (ws *waitList) add(l *Loop) (*Future[struct{}], error) {
	if ws.loop == nil {
		ws.loop = l
	} else if ws.loop != l {
		return nil, misuse("waited for by a task of another event loop than the first time")
	}
	f := CreateFuture[struct{}](l)
	ws.all = append(ws.all, f)
	return f, nil
}

// wait lets the task wait at its place until it is woken. With an error it may have been
// woken, too, and then is to pass that on.
func (ws *waitList) wait(ctx context.Context, f *Future[struct{}]) (woken bool, err error) {
	err = f.wait(ctx)
	ws.remove(f)
	return f.state == finished, err
}

// remove takes a place out of the list, if it is there.
func (ws *waitList) remove(f *Future[struct{}]) {
	switch i := slices.Index(ws.all, f); {
	case i == 0: // mostly
		ws.all[0] = nil
		ws.all = ws.all[1:]
	case i > 0:
		ws.all = slices.Delete(ws.all, i, i+1)
	}
}

// use panics if somebody waits whom the caller may not wake.
func (ws *waitList) use(op string) {
	touch()
	if len(ws.all) > 0 {
		ws.loop.use(op)
	}
}

// claimed reports whether anybody waits who was not canceled.
func (ws *waitList) claimed() bool {
	for _, f := range ws.all {
		if f.state != canceled {
			return true
		}
	}
	return false
}

// wake wakes up to n of those who wait and returns how many.
func (ws *waitList) wake(n int) (woken int) {
	for _, f := range ws.all {
		if woken == n {
			break
		}
		if f.finish(struct{}{}) {
			woken++
		}
	}
	return woken
}

// take takes the first who waits out of the list and wakes it.
func (ws *waitList) take() {
	for len(ws.all) > 0 {
		f := ws.all[0]
		ws.remove(f)
		if f.finish(struct{}{}) {
			return
		}
	}
}
