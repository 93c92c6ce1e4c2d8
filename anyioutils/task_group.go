package anyioutils

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/inside"
)

// A TaskGroup is an anyio.TaskGroup that is found in the context, and whose background
// tasks are canceled at its end.
type TaskGroup struct {
	*anyio.TaskGroup

	mu         sync.Mutex // guards what follows
	background []backgroundTask
	ending     bool // background tasks are canceled
}

// groupKey is where a context has its *TaskGroup.
type groupKey struct{}

// WithTaskGroup runs body with a new task group, as anyio.WithTaskGroup does. CreateTask,
// StartTask and Wait find the group in the context of body and of the tasks.
//
// Background tasks are canceled when body has ended, the others are waited for.
// Cancellation: when it comes from outside, body and tasks are canceled and waited for.
func WithTaskGroup(ctx context.Context, body func(ctx context.Context, tg *TaskGroup) error) error {
	tg := &TaskGroup{}
	ctx = context.WithValue(ctx, groupKey{}, tg)
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, group *anyio.TaskGroup) error {
		tg.TaskGroup = group
		ended := false
		defer func() {
			if !ended { // the body panics, or exits its goroutine: that goes on
				_ = tg.endBackground()
			}
		}()
		err := body(ctx, tg)
		ended = true
		if failed := tg.endBackground(); failed != nil {
			err = errors.Join(err, failed)
		}
		return err
	})
}

// endBackground cancels the background tasks. It returns the errors of callbacks of those
// that have not begun.
func (tg *TaskGroup) endBackground() error {
	inside.Touch(tg)
	tg.mu.Lock()
	tg.ending = true
	tasks := tg.background
	tg.background = nil
	tg.mu.Unlock()
	var failed []error
	for _, t := range tasks {
		_, err := t.Cancel()
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// addBackground makes t a background task, until it is over. If the body has ended it is
// canceled at once.
func (tg *TaskGroup) addBackground(t backgroundTask) error {
	inside.Touch(tg)
	tg.mu.Lock()
	ending := tg.ending
	if !ending {
		tg.background = append(tg.background, t)
	}
	tg.mu.Unlock()
	if ending {
		_, err := t.Cancel()
		return err
	}
	t.watch(func() {
		inside.Touch(tg)
		tg.mu.Lock()
		defer tg.mu.Unlock()
		tg.background = slices.DeleteFunc(tg.background, func(other backgroundTask) bool { return other == t })
	})
	return nil
}

// A backgroundTask is a *Task.
type backgroundTask interface {
	Cancel() (ok bool, err error)
	watch(f func()) (remove func() bool)
}

// A Group runs tasks. It is an *anyio.TaskGroup or a *TaskGroup.
type Group interface {
	Go(f func(ctx context.Context) error, opts ...anyio.TaskOption) *anyio.TaskHandle
}

// A TaskOption is an option of NewTask, CreateTask and StartTask.
type TaskOption func(*taskOptions)

type taskOptions struct {
	name       string
	group      Group
	background bool
	onError    func(ctx context.Context, err error) (handled bool)
}

func optionsOf(opts []TaskOption) (o taskOptions) {
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// Name names the task; otherwise it is called after its function.
func Name(name string) TaskOption { return func(o *taskOptions) { o.name = name } }

// In chooses the group; otherwise it is found in the context. It has no effect on NewTask.
func In(tg Group) TaskOption { return func(o *taskOptions) { o.group = tg } }

// Background makes the task one that its group, a *TaskGroup, does not wait for: it is
// canceled when the body of the group has ended. It has no effect on NewTask.
func Background() TaskOption { return func(o *taskOptions) { o.background = true } }

// OnError sets a function that is called in the task with the error of its function, unless
// that is a cancellation of the task. If it returns true, the error is dropped and the
// task's value is the zero value.
func OnError(handle func(ctx context.Context, err error) (handled bool)) TaskOption {
	return func(o *taskOptions) { o.onError = handle }
}

// CreateTask starts f as a task of the group that ctx has, or that is given with In. f gets
// the context of the group. An error of f reaches both the group and those who wait. If
// there is no group, the error is ErrNoTaskGroup; if it has ended, or cannot have background
// tasks, an *anyio.MisuseError. Cancellation: ignored, it never waits; in a canceled group
// the task runs up to its first blocking call.
func CreateTask[T any](ctx context.Context, f func(ctx context.Context) (T, error), opts ...TaskOption) (*Task[T], error) {
	t := &Task[T]{}
	if err := t.create(ctx, f, optionsOf(opts), functionName(f)); err != nil {
		return nil, err
	}
	return t, nil
}

// create starts the task.
func (t *Task[T]) create(ctx context.Context, f func(ctx context.Context) (T, error), o taskOptions, name string) error {
	t.init(f, o, name)
	group := o.group
	if group == nil {
		found, err := groupOf(ctx)
		if err != nil {
			return err
		}
		group = found
	}
	own, _ := group.(*TaskGroup)
	if o.background && own == nil {
		return misuse("a background task in a group that cannot have one: use WithTaskGroup of package anyioutils")
	}
	if err := t.startIn(group); err != nil {
		return err
	}
	if o.background {
		return own.addBackground(t)
	}
	return nil
}

// groupOf finds the group of a context.
func groupOf(ctx context.Context) (Group, error) {
	if tg, ok := ctx.Value(groupKey{}).(*TaskGroup); ok {
		return tg, nil
	}
	return nil, ErrNoTaskGroup
}

// startIn starts the task in a group, if nobody is to run it yet. That the group has ended
// is an error here.
func (t *Task[T]) startIn(group Group) (err error) {
	if !t.claim() {
		return nil
	}
	defer func() {
		v := recover()
		if mistake, ok := v.(*anyio.MisuseError); ok {
			t.state.Lock()
			t.given = false
			t.state.Unlock()
			err = mistake
		} else if v != nil {
			panic(v)
		}
	}()
	group.Go(t.runIn, anyio.Name(t.name))
	return nil
}
