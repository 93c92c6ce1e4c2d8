package anyio

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/anyio-go/anyio/internal/errgraph"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/quiet"
)

// An ItemError is the error of one of the items or functions that Map, ForEach, Gather
// and their kin were given. It matches what Err matches.
type ItemError struct {
	Index int // of the item, counted from 0
	Err   error
}

func (e *ItemError) Error() string {
	return errgraph.Text(e, func() string {
		return "item " + strconv.Itoa(e.Index) + ": " + errgraph.Say(e.Err)
	})
}

// Unwrap returns Err.
func (e *ItemError) Unwrap() error { return errgraph.One(e, e.Err) }

var _ = errgraph.Register(func(e *ItemError) []error { return []error{e.Err} })

// failures are the errors of items, or nil if the first one is to end all.
type failures struct{ last quiet.Pointer[failure] }

type failure struct {
	before *failure
	task   string
	err    *ItemError
}

// take is what the task of ctx is to return when the item at an index has ended with
// err: nothing if that is kept.
func (f *failures) take(ctx context.Context, index int, err error) error {
	if err == nil {
		return nil
	}
	e := &ItemError{index, err}
	if f == nil || isCanceledIn(ctx) && IsCancellation(err) {
		return e
	}
	task, _ := CurrentTask(ctx)
	n := &failure{task: task.Name, err: e}
	for {
		n.before = f.last.Load()
		if f.last.CompareAndSwap(n.before, n) {
			return nil
		}
	}
}

func isCanceledIn(ctx context.Context) bool {
	s := kernel.Locate(ctx).S
	return s != nil && s.WasCanceled()
}

// join returns the failures, and err, which is the group's that had the items' tasks.
func (f *failures) join(err error) error {
	last := f.last.Load()
	if last == nil {
		return err
	}
	var all []*failure
	for at := last; at != nil; at = at.before {
		all = append(all, at)
	}
	slices.SortFunc(all, func(a, b *failure) int { return cmp.Compare(a.err.Index, b.err.Index) })
	g := &GroupError{}
	for _, one := range all {
		g.add(one.err, one.task)
	}
	if rest, ok := errors.AsType[*GroupError](err); ok { // tasks that misused something
		g.cut = rest.cut
		for i, err := range rest.errs {
			g.add(err, rest.names[i])
		}
	} else {
		g.cut = err != nil // canceled
	}
	return g
}
