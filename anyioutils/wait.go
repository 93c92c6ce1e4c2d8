package anyioutils

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/inside"
)

// A Waitable is a *Future, a *Task or a *StartedTask. It cannot be implemented outside
// this package.
type Waitable interface {
	// Done reports whether there is an outcome.
	Done() bool
	// Canceled reports whether the outcome is a cancellation.
	Canceled() bool
	// Err returns the error of the outcome, nil if that is a value.
	Err() error

	watch(f func()) (remove func() bool)
	unclaimed() bool
	startIn(g Group) error
}

// unclaimed reports whether nobody is to run the task; a future has no need of it.
func (t *Task[T]) unclaimed() bool {
	t.state.Lock()
	defer t.state.Unlock()
	return !t.given && !t.begun
}

func (f *Future[T]) unclaimed() bool     { return false }
func (f *Future[T]) startIn(Group) error { return nil }

// A ReturnWhen says what Wait waits for.
type ReturnWhen int

const (
	AllCompleted   ReturnWhen = iota // until all have an outcome
	FirstCompleted                   // until one has
	FirstError                       // until one has an error, or all have an outcome
)

// WaitOptions are the options of Wait. The zero value waits for all, without a limit.
type WaitOptions struct {
	ReturnWhen ReturnWhen
	// Timeout is how long to wait at most: forever if it is zero, not at all if it is
	// negative.
	Timeout time.Duration
	// Group is where tasks are started that were made by NewTask and have not begun. If
	// it is nil, the group of the context is used.
	Group Group
}

// Wait waits until some or all of the futures and tasks have an outcome, and returns those
// that have, and those that have not, in the order in which they were given, each once. A
// timeout is not an error. Tasks and futures are not affected when Wait returns, and those
// that are pending go on. A cancellation of a task or future is an outcome, but not an error.
//
// Tasks that have not begun are started in a group; if they need one and there is none, the
// error is ErrNoTaskGroup. Without anything to wait for, or with an unknown ReturnWhen, it is
// an *anyio.MisuseError. Cancellation: nothing is lost; tasks that were started go on.
func Wait[W Waitable](ctx context.Context, all []W, o WaitOptions) (done, pending []W, err error) {
	if o.ReturnWhen < AllCompleted || o.ReturnWhen > FirstError {
		return nil, nil, misuse(fmt.Sprintf("Wait: ReturnWhen %d is none of AllCompleted, FirstCompleted and FirstError", o.ReturnWhen))
	}
	if all, err = distinct(all); err != nil {
		return nil, nil, err
	}
	if err := startAll(ctx, all, o.Group); err != nil {
		return nil, nil, err
	}
	c := counter{when: o.ReturnWhen, left: len(all)}
	for _, w := range all {
		defer w.watch(func() { c.completed(w) })()
	}
	wait := c.enough.Wait
	if o.Timeout == 0 {
		err = wait(ctx)
	} else {
		_, err = anyio.MoveOnAfter(ctx, o.Timeout, wait)
	}
	if err != nil {
		return nil, nil, err
	}
	for _, w := range all {
		if w.Done() {
			done = append(done, w)
		} else {
			pending = append(pending, w)
		}
	}
	return done, pending, nil
}

// distinct takes out what is there twice.
func distinct[W Waitable](all []W) ([]W, error) {
	if len(all) == 0 {
		return nil, misuse("Wait needs at least one future or task: it would wait forever")
	}
	seen := make(map[Waitable]bool, len(all))
	var once []W
	for i, w := range all {
		if Waitable(w) == nil {
			return nil, misuse(fmt.Sprintf("Wait: number %d of the futures and tasks is nil", i))
		}
		if !seen[w] {
			seen[w] = true
			once = append(once, w)
		}
	}
	return once, nil
}

// startAll starts the tasks that have not begun.
func startAll[W Waitable](ctx context.Context, all []W, group Group) (err error) {
	for _, w := range all {
		if !w.unclaimed() {
			continue
		}
		if group == nil {
			if group, err = groupOf(ctx); err != nil {
				return err
			}
		}
		if err := w.startIn(group); err != nil {
			return err
		}
	}
	return nil
}

// A counter counts outcomes until there are enough.
type counter struct {
	when   ReturnWhen
	enough anyio.Event

	mu   sync.Mutex // guards left
	left int
}

// completed is told of an outcome.
func (c *counter) completed(w Waitable) {
	inside.Touch(c)
	c.mu.Lock()
	c.left--
	enough := c.left == 0 || c.when == FirstCompleted || c.when == FirstError && isFailure(w.Err())
	c.mu.Unlock()
	if enough {
		c.enough.Set()
	}
}

func isFailure(err error) bool { return err != nil && !errors.Is(err, ErrCanceled) }
