package asyncio_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
)

// after returns a task that ends after a time.
func after[T any](ctx context.Context, d time.Duration, v T, err error) *asyncio.Task[T] {
	return asyncio.CreateTask(ctx, func(ctx context.Context) (T, error) {
		if err := asyncio.Sleep(ctx, d); err != nil {
			var zero T
			return zero, err
		}
		return v, err
	})
}

// A gate is what tasks wait for.
type gate struct{ *asyncio.Future[struct{}] }

func (g gate) open() { _ = g.SetResult(struct{}{}) }

// gated returns a task that ends when its gate opens.
func gated[T any](ctx context.Context, v T, err error) (*asyncio.Task[T], gate) {
	g := gate{asyncio.NewFuture[struct{}](ctx)}
	return asyncio.CreateTask(ctx, func(ctx context.Context) (T, error) {
		if _, err := g.Await(ctx); err != nil {
			var zero T
			return zero, err
		}
		return v, err
	}), g
}

// inTurn opens gates, each when all that came of the one before is done.
func inTurn(t *testing.T, ctx context.Context, gates ...gate) *asyncio.Task[int] {
	return asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
		for _, g := range gates {
			if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
				t.Error(err)
			}
			g.open()
		}
		return 0, nil
	})
}

func TestGatherKeepsTheOrder(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		a, ga := gated(ctx, "a", nil)
		b, gb := gated(ctx, "b", nil)
		inTurn(t, ctx, gb, ga)
		got, err := asyncio.Gather[string](ctx, a, b, a).Await(ctx)
		if err != nil || !slices.Equal(got, []string{"a", "b", "a"}) {
			t.Errorf("%v %v", got, err)
		}
		if got, err := asyncio.Gather[string](ctx).Await(ctx); err != nil || len(got) != 0 {
			t.Errorf("%v %v", got, err)
		}
	})
}

func TestGatherFailsWithTheFirstErrorAndTheOthersGoOn(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		a, ga := gated(ctx, 1, nil)
		b := after(ctx, 0, 0, testkit.ErrBoom)
		if _, err := asyncio.Gather[int](ctx, a, b).Await(ctx); err != testkit.ErrBoom || a.Done() {
			t.Errorf("%v %v", err, a.Done())
		}
		ga.open()
		if v, err := a.Await(ctx); v != 1 || err != nil {
			t.Errorf("%d %v", v, err)
		}
		all, err := asyncio.GatherResults[int](ctx, a, b).Await(ctx)
		if err != nil || all[0].Value != 1 || all[0].Err != nil || all[1].Err != testkit.ErrBoom {
			t.Errorf("%v %v", all, err)
		}
	})
}

func TestCancelOfGatherCancelsAll(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		a, b := after(ctx, time.Hour, 1, nil), after(ctx, time.Hour, 2, nil)
		all := asyncio.Gather[int](ctx, a, b)
		anyioWaits(t, ctx)
		if !all.Cancel("all") {
			t.Error("nothing to cancel")
		}
		_, err := all.Await(ctx)
		testkit.WantIs(t, "Await", err, anyio.ErrCanceled)
		_, _, err = asyncio.Wait(ctx, []asyncio.AnyFuture{a, b}, asyncio.WaitOptions{})
		testkit.WantNil(t, "Wait", err)
		if !a.Canceled() || !b.Canceled() {
			t.Error("one was not canceled")
		}
	})
}

func TestGatherOfATaskThatIsCanceledFails(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		a := after(ctx, time.Hour, 1, nil)
		b, gb := gated(ctx, 2, nil)
		all := asyncio.Gather[int](ctx, a, b)
		anyioWaits(t, ctx)
		a.Cancel("one")
		_, err := all.Await(ctx)
		testkit.WantIs(t, "Await", err, anyio.ErrCanceled)
		if all.Canceled() || b.Done() {
			t.Error("canceled as a whole")
		}
		gb.open()
		_, err = b.Await(ctx)
		testkit.WantNil(t, "the other", err)
	})
}

func TestWaitReturnsWhenItIsTold(t *testing.T) {
	for when, want := range map[asyncio.ReturnWhen]int{asyncio.FirstCompleted: 1, asyncio.FirstException: 2, asyncio.AllCompleted: 3} {
		t.Run(when.String(), func(t *testing.T) {
			onLoops(t, func(t *testing.T, ctx context.Context) {
				a, ga := gated(ctx, 1, nil)
				b, gb := gated(ctx, 2, testkit.ErrBoom)
				c, gc := gated(ctx, 3, nil)
				fs := []asyncio.AnyFuture{a, b, c}
				opener := inTurn(t, ctx, gc, gb, ga)
				done, left, err := asyncio.Wait(ctx, append(fs, fs[0]), asyncio.WaitOptions{ReturnWhen: when})
				if err != nil || len(done) != want || len(left) != 3-want {
					t.Errorf("%d %d %v", len(done), len(left), err)
				}
				if want < 3 && left[0] != fs[0] {
					t.Error("not in order")
				}
				_, _, err = asyncio.Wait(ctx, fs, asyncio.WaitOptions{})
				testkit.WantNil(t, "all", err)
				_ = b.Err()
				_, err = opener.Await(ctx)
				testkit.WantNil(t, "opener", err)
			})
		})
	}
}

func TestWaitWithATimeoutCancelsNothing(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		a := after(ctx, 0, 1, nil)
		b, gb := gated(ctx, 2, nil)
		done, left, err := asyncio.Wait(ctx, []asyncio.AnyFuture{a, b}, asyncio.WaitOptions{Timeout: 2 * time.Millisecond})
		if err != nil || len(done) != 1 || done[0] != a || len(left) != 1 || left[0] != b {
			t.Errorf("%v %v %v", done, left, err)
		}
		gb.open()
		_, err = b.Await(ctx)
		testkit.WantNil(t, "Await", err)
		_, _, err = asyncio.Wait(ctx, nil, asyncio.WaitOptions{})
		testkit.WantMisuse(t, "nothing", err)
	})
}

func TestWaitForCancelsAndWaits(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		cleaned := false
		slow := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			err := asyncio.Sleep(ctx, time.Hour)
			_ = asyncio.Sleep(ctx, time.Millisecond) // it takes its time
			cleaned = true
			return 0, err
		})
		_, err := asyncio.WaitFor(ctx, slow, time.Millisecond)
		testkit.WantIs(t, "late", err, anyio.ErrTimeout)
		if !cleaned || !slow.Canceled() {
			t.Error("it was not waited for")
		}
		for _, limit := range []time.Duration{time.Hour, anyio.Forever} {
			if v, err := asyncio.WaitFor(ctx, after(ctx, time.Millisecond, 5, nil), limit); v != 5 || err != nil {
				t.Errorf("%v: %d %v", limit, v, err)
			}
		}
		done := after(ctx, 0, 6, nil)
		_, _ = done.Await(ctx)
		if v, err := asyncio.WaitFor(ctx, done, 0); v != 6 || err != nil {
			t.Errorf("done: %d %v", v, err)
		}
		_, err = asyncio.WaitFor(ctx, after(ctx, time.Hour, 5, nil), -1)
		testkit.WantIs(t, "at once", err, anyio.ErrTimeout)
		// A task that ends nevertheless is in time.
		stubborn := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			_ = asyncio.Sleep(ctx, time.Hour)
			return 8, nil
		})
		if v, err := asyncio.WaitFor(ctx, stubborn, time.Millisecond); v != 8 || err != nil {
			t.Errorf("stubborn: %d %v", v, err)
		}
	})
}

func TestWaitForThatIsCanceledCancels(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		inner := after(ctx, time.Hour, 1, nil)
		outer := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return asyncio.WaitFor(ctx, inner, time.Hour) })
		anyioWaits(t, ctx)
		outer.Cancel("")
		_, err := outer.Await(ctx)
		testkit.WantIs(t, "Await", err, anyio.ErrCanceled)
		if !inner.Canceled() || !outer.Canceled() {
			t.Error("not canceled")
		}
		again := after(ctx, time.Hour, 1, nil)
		timedOut, err := anyio.MoveOnAfter(ctx, time.Millisecond, func(ctx context.Context) error {
			_, err := asyncio.WaitFor(ctx, again, time.Hour)
			return err
		})
		if !timedOut || err != nil {
			t.Errorf("%v %v", timedOut, err)
		}
		_, err = again.Await(ctx)
		testkit.WantIs(t, "by a scope", err, anyio.ErrCanceled)
	})
}

func TestShieldKeepsTheCancellationOut(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		inner, g := gated(ctx, 1, nil)
		outer := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return asyncio.Shield(ctx, inner).Await(ctx) })
		anyioWaits(t, ctx)
		outer.Cancel("")
		_, err := outer.Await(ctx)
		testkit.WantIs(t, "outer", err, anyio.ErrCanceled)
		g.open()
		if v, err := inner.Await(ctx); v != 1 || err != nil {
			t.Errorf("inner: %d %v", v, err)
		}
		if f := asyncio.Shield(ctx, inner); f != asyncio.Awaitable[int](inner) {
			t.Error("what is done needs no shield")
		}
		failing := asyncio.Shield(ctx, after(ctx, 0, 0, testkit.ErrBoom))
		if _, err := failing.Await(ctx); err != testkit.ErrBoom {
			t.Error(err)
		}
		gone := after(ctx, time.Hour, 0, nil)
		shield := asyncio.Shield(ctx, gone)
		anyioWaits(t, ctx)
		gone.Cancel("")
		_, err = shield.Await(ctx)
		testkit.WantIs(t, "the inner one was canceled", err, anyio.ErrCanceled)
		if !shield.Canceled() {
			t.Error("the shield is not canceled")
		}
	})
}

func TestAsCompletedIsInTheOrderOfTheEnds(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		r := &record{}
		c, gc := gated(ctx, "c", nil)
		a, ga := gated(ctx, "a", nil)
		b, gb := gated(ctx, "", testkit.ErrBoom)
		fs := []asyncio.Awaitable[string]{c, a, b}
		inTurn(t, ctx, ga, gb, gc)
		for v, err := range asyncio.AsCompleted(ctx, fs, anyio.Forever) {
			r.add("%s%v", v, err != nil)
		}
		r.want(t, "afalse true cfalse")
		late := after(ctx, time.Hour, "", nil)
		for _, err := range asyncio.AsCompleted(ctx, []asyncio.Awaitable[string]{late, fs[0]}, time.Millisecond) {
			r.add("%v", errors.Is(err, anyio.ErrTimeout))
		}
		r.want(t, "afalse true cfalse false true") // what is there is no more late
		late.Cancel("")
		_, _ = late.Await(ctx)
	})
}
