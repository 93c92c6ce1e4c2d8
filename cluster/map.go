package cluster

import (
	"context"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/process"
)

// Go starts a Call as a task of the group, with the name of the function. The group does
// not end before the function has.
func Go[In, Out any](tg *anyio.TaskGroup, c *Conn, fn *process.Function[In, Out], in In, opts ...CallOption) *anyio.ValueHandle[Out] {
	name := "cluster.Go"
	if fn != nil {
		name = fn.Name()
	}
	return anyio.GoValue(tg, func(ctx context.Context) (Out, error) {
		return Call(ctx, c, fn, in, opts...)
	}, anyio.Name(name))
}

// Map calls a function for each item, on all workers, at most limit at the same time, and
// returns the results in the order of the items. With limit <= 0 there are as many as the
// workers have room for when Map begins, and one at a time if there are no workers yet. The
// first error cancels what runs, and the errors come back as those of anyio.Map do.
// Cancellation: what runs is canceled and waited for; there are no results, unless every
// item succeeds nevertheless.
func Map[In, Out any](ctx context.Context, c *Conn, fn *process.Function[In, Out], items []In, limit int, opts ...CallOption) ([]Out, error) {
	o := optionsOf(opts)
	if err := checkCall("Map", c, fn, o.codec); err != nil {
		return nil, err
	}
	if limit <= 0 {
		limit = 0
		s, labels := signatureFor[In, Out](fn.Name()), o.labels
		all, err := c.directory.recent(ctx, s, labels)
		if err != nil {
			return nil, err
		}
		for _, w := range all {
			if w.unfit(s, labels) == "" {
				limit += min(w.Capacity, len(items)-limit)
			}
		}
		limit = max(limit, 1)
	}
	return anyio.Map(ctx, items, limit, func(ctx context.Context, in In) (Out, error) {
		return Call(ctx, c, fn, in, opts...)
	})
}
