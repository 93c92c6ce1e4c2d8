package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
)

// comer waits at a barrier once.
func comer(r *record, b *asyncio.Barrier, name string) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		index, err := b.Wait(ctx)
		switch {
		case err == nil:
			r.add("%s:%d", name, index)
		case err == asyncio.ErrBrokenBarrier:
			r.add("%s:broken", name)
		default:
			r.add("%s:canceled", name)
			return err
		}
		return nil
	}
}

func TestBarrierLetsThePartiesThroughTogether(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		b, r := asyncio.NewBarrier(3), &record{}
		for range 2 {
			r.all = nil
			tasks := []*asyncio.Task[struct{}]{goes(t, ctx, comer(r, b, "a")), goes(t, ctx, comer(r, b, "b"))}
			if b.Parties() != 3 || b.Waiting() != 2 || b.Broken() || len(r.all) > 0 {
				t.Errorf("%d %d %v %v", b.Parties(), b.Waiting(), b.Broken(), r.all)
			}
			testkit.Must(t, comer(r, b, "c")(ctx))
			ended(t, ctx, tasks...)
			slices.Sort(r.all)
			r.want(t, "a:0 b:1 c:2")
			if b.Waiting() != 0 {
				t.Errorf("%d wait", b.Waiting())
			}
		}
		one := asyncio.NewBarrier(1)
		for range 2 {
			if i, err := one.Wait(ctx); i != 0 || err != nil {
				t.Errorf("%d %v", i, err)
			}
		}
		testkit.WantMisuse(t, "no parties", panics(func() { asyncio.NewBarrier(0) }))
	})
}

// Who comes while a round leaves waits for the next one.
func TestBarrierKeepsRoundsApart(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		b := asyncio.NewBarrier(2)
		count := [2]int{}
		var tasks []asyncio.Awaitable[struct{}]
		for range 20 { // at once
			tasks = append(tasks, asyncio.CreateTask(ctx, func(ctx context.Context) (struct{}, error) {
				index, err := b.Wait(ctx)
				count[index]++
				return struct{}{}, err
			}))
		}
		_, err := asyncio.Gather(ctx, tasks...).Await(ctx)
		testkit.WantNil(t, "Gather", err)
		if count != [2]int{10, 10} || b.Waiting() != 0 {
			t.Errorf("%v, %d wait", count, b.Waiting())
		}
	})
}

func TestBarrierIsResetAndBroken(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		b := asyncio.NewBarrier(3)
		both := func(end func(ctx context.Context) error, want string) {
			r := &record{}
			tasks := []*asyncio.Task[struct{}]{goes(t, ctx, comer(r, b, "a")), goes(t, ctx, comer(r, b, "b"))}
			testkit.Must(t, end(ctx))
			ended(t, ctx, tasks...)
			slices.Sort(r.all)
			r.want(t, want)
		}
		both(b.Reset, "a:broken b:broken")
		if b.Broken() || b.Waiting() != 0 {
			t.Error("broken by Reset")
		}
		both(b.Abort, "a:broken b:broken")
		if !b.Broken() {
			t.Error("not broken")
		}
		if _, err := b.Wait(ctx); err != asyncio.ErrBrokenBarrier {
			t.Error(err)
		}
		testkit.Must(t, b.Reset(ctx))
		both(func(ctx context.Context) error { _, err := b.Wait(ctx); return err }, "a:0 b:1")
	})
}

func TestWhoIsCanceledAtABarrierDoesNotCount(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		b, r := asyncio.NewBarrier(2), &record{}
		a := goes(t, ctx, comer(r, b, "a"))
		a.Cancel("")
		ended(t, ctx, a)
		timedOut, err := anyio.MoveOnAfter(ctx, time.Millisecond, comer(r, b, "main"))
		if !timedOut || err != nil || b.Waiting() != 0 || b.Broken() {
			t.Errorf("%v %v %d", timedOut, err, b.Waiting())
		}
		c := goes(t, ctx, comer(r, b, "c"))
		testkit.Must(t, comer(r, b, "d")(ctx))
		ended(t, ctx, c)
		slices.Sort(r.all)
		r.want(t, "a:canceled c:0 d:1 main:canceled")
	})
}

func TestBarrierCanceledEverywhere(t *testing.T) {
	canceledEverywhere(t, func() crew {
		b := asyncio.NewBarrier(2)
		work := func(ctx context.Context) error {
			for range 3 {
				_, err := b.Wait(ctx)
				if err == asyncio.ErrBrokenBarrier {
					return nil
				}
				if err != nil {
					return errors.Join(err, anyio.Shielded(ctx, anyio.Forever, b.Abort))
				}
			}
			return nil
		}
		return crew{
			work: []func(ctx context.Context) error{work, work},
			check: func(ctx context.Context) error {
				if b.Waiting() != 0 {
					return fmt.Errorf("%d wait", b.Waiting())
				}
				if err := b.Reset(ctx); err != nil || b.Broken() {
					return fmt.Errorf("Reset: %v", err)
				}
				other := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return b.Wait(ctx) })
				if _, err := b.Wait(ctx); err != nil {
					return err
				}
				_, err := other.Await(ctx)
				return err
			},
		}
	})
}

// A reset also reaches those who were let through and have not had their turn. Then the
// barrier is as new.
func TestBarrierIsResetWhileARoundLeaves(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		b := asyncio.NewBarrier(2)
		for range 2 {
			r := &record{}
			a := goes(t, ctx, comer(r, b, "a"))
			testkit.Must(t, comer(r, b, "main")(ctx))
			if b.Waiting() != 0 {
				t.Errorf("%d wait for others", b.Waiting())
			}
			testkit.Must(t, b.Reset(ctx))
			next := goes(t, ctx, comer(r, b, "next"))
			ended(t, ctx, a)
			r.want(t, "main:1 a:broken")
			testkit.Must(t, comer(r, b, "main")(ctx))
			ended(t, ctx, next)
			r.want(t, "main:1 a:broken main:1 next:0")
		}
	})
}
