package cache

import (
	"context"
	"errors"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/inside"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A call is one of the function, which several wait for. It is a task of the run, since
// any of those who wait may leave; the last of them ends the task's group.
type call[K comparable, V any] struct {
	table   *table[K, V]
	key     K
	waiting int // guarded by table.mu; never rises from 0 again

	group *anyio.TaskGroup // written by the first, before it leaves
	task  anyio.TaskHandle
	done  kernel.Latch
	value V // this and what follows is written before done
	err   error
}

var (
	groupOfRun = inside.GroupOfRun.(func(*kernel.Run) *anyio.TaskGroup)
	opGet      = kernel.RegisterPassiveOp("Cache.Get")
)

// start starts the task. Others may wait for it already.
func (c *call[K, V]) start(ctx context.Context, of *Cache[K, V]) {
	c.group = groupOfRun(kernel.Locate(ctx).Run())
	t := inside.Task(&c.task)
	t.DoneAt(&c.done)
	t.Prepare(func(ctx context.Context) error { return c.run(ctx, of.load) }, kernel.FuncPC(of.load), &kernel.TaskMeta{Values: inCall(ctx, c)})
	inside.Group(c.group).Spawn(t)
}

// run calls the function. Its error is for those who wait, the group hears of a
// cancellation only.
func (c *call[K, V]) run(ctx context.Context, load func(ctx context.Context, key K) (V, error)) (err error) {
	returned := false
	defer func() { c.table.finish(c, c.value, returned && c.err == nil && err == nil) }()
	value, err := load(ctx, c.key)
	if err != nil && inside.Task(&c.task).Scope.WasCanceled() {
		rest := inside.Strip(err)
		if rest == nil {
			return err
		}
		err = rest
	}
	if err == nil {
		c.value = value
	}
	c.err, returned = err, true
	return nil
}

// await waits for the outcome.
func (c *call[K, V]) await(ctx context.Context) (V, error) {
	var zero V
	canceled := c.done.Wait(ctx, opGet)
	if c.table.leave(c) {
		if canceled != nil {
			c.group.CancelCause(canceled)
			c.done.WaitShielded(ctx, opGet)
		}
		_ = c.group.End(nil) // a panic, or Goexit, goes on here
	} else if canceled != nil {
		return zero, canceled
	}
	switch how, err := inside.Task(&c.task).Outcome(); {
	case how == kernel.Finished:
		return c.value, c.err
	case canceled != nil:
		return zero, canceled
	case how == kernel.Failed:
		if p, ok := errors.AsType[*anyio.PanicError](err); ok {
			panic(p)
		}
		return zero, err
	}
	return zero, c.task.Err() // canceled by the end of the run
}

type callKey struct{}

// A chain are the calls that a context is within.
type chain struct {
	call  any
	outer *chain
}

func chainOf(ctx context.Context) *chain {
	in, _ := ctx.Value(callKey{}).(*chain)
	return in
}

func inCall(ctx context.Context, call any) context.Context {
	return context.WithValue(context.WithoutCancel(ctx), callKey{}, &chain{call, chainOf(ctx)})
}

// within reports whether a context is that of a call, or of one made by it.
func within(ctx context.Context, call any) bool {
	for in := chainOf(ctx); in != nil; in = in.outer {
		if in.call == call {
			return true
		}
	}
	return false
}
