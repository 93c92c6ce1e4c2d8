package anyioutils_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/anyioutils"
	"github.com/anyio-go/anyio/internal/testkit"
)

// A trio are two futures and a task that has not begun.
type trio struct {
	a, b *anyioutils.Future[int]
	c    *anyioutils.Task[int]
	all  []anyioutils.Waitable
}

func newTrio() trio {
	t := trio{a: anyioutils.NewFuture[int](), b: anyioutils.NewFuture[int](), c: anyioutils.NewTask(seven)}
	t.all = []anyioutils.Waitable{t.a, t.b, t.c, t.a}
	return t
}

func TestWaitReturnsWhenEnoughHaveAnOutcome(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, c := range []struct {
			name          string
			when          anyioutils.ReturnWhen
			act           func(s trio)
			done, pending func(s trio) []anyioutils.Waitable
		}{
			{"all", anyioutils.AllCompleted, func(s trio) { _, _ = s.a.CancelWithError(); _ = s.b.SetError(testkit.ErrBoom) },
				func(s trio) []anyioutils.Waitable { return []anyioutils.Waitable{s.a, s.b, s.c} }, nil},
			{"first", anyioutils.FirstCompleted, nil,
				func(s trio) []anyioutils.Waitable { return []anyioutils.Waitable{s.c} },
				func(s trio) []anyioutils.Waitable { return []anyioutils.Waitable{s.a, s.b} }},
			{"first error", anyioutils.FirstError, func(s trio) { _ = s.b.SetError(testkit.ErrBoom) },
				func(s trio) []anyioutils.Waitable { return []anyioutils.Waitable{s.b, s.c} },
				func(s trio) []anyioutils.Waitable { return []anyioutils.Waitable{s.a} }},
			{"no error", anyioutils.FirstError, func(s trio) { _, _ = s.b.CancelWithError(); _ = s.a.Set(1) },
				func(s trio) []anyioutils.Waitable { return []anyioutils.Waitable{s.a, s.b, s.c} }, nil},
		} {
			inGroup(t, ctx, func(ctx context.Context) {
				s := newTrio()
				if c.act != nil {
					create(t, ctx, func(ctx context.Context) (int, error) {
						_ = s.c.Wait(ctx)
						c.act(s)
						return 0, nil
					})
				}
				done, pending, err := anyioutils.Wait(ctx, s.all, anyioutils.WaitOptions{ReturnWhen: c.when})
				var want []anyioutils.Waitable
				if c.pending != nil {
					want = c.pending(s)
				}
				if err != nil || !slices.Equal(done, c.done(s)) || !slices.Equal(pending, want) {
					t.Errorf("%s: %d done, %d pending, %v", c.name, len(done), len(pending), err)
				}
			})
		}
	})
}

func TestWaitEndsWithItsTimeout(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		s := newTrio()
		for _, timeout := range []time.Duration{time.Millisecond, -1} {
			done, pending, err := anyioutils.Wait(ctx, []*anyioutils.Future[int]{s.a, s.b}, anyioutils.WaitOptions{Timeout: timeout})
			if err != nil || len(done) != 0 || !slices.Equal(pending, []*anyioutils.Future[int]{s.a, s.b}) {
				t.Errorf("%v, %v, %v", done, pending, err)
			}
		}
		testkit.WantNil(t, "Set", s.a.Set(1))
		done, _, err := anyioutils.Wait(ctx, []*anyioutils.Future[int]{s.a, s.b}, anyioutils.WaitOptions{Timeout: -1})
		if err != nil || !slices.Equal(done, []*anyioutils.Future[int]{s.a}) {
			t.Errorf("%v, %v", done, err)
		}
	})
}

func TestWaitForNothingIsRefused(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, all := range [][]anyioutils.Waitable{nil, {}, {anyioutils.NewFuture[int](), nil}} {
			_, _, err := anyioutils.Wait(ctx, all, anyioutils.WaitOptions{})
			testkit.WantMisuse(t, "Wait", err)
		}
	})
}

// Only tasks that nobody runs need a group.
func TestWaitStartsTasksInAGroup(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		s := newTrio()
		_, _, err := anyioutils.Wait(ctx, s.all, anyioutils.WaitOptions{})
		testkit.WantErr(t, err, anyioutils.ErrNoTaskGroup)
		err = anyio.WithTaskGroup(ctx, func(groupCtx context.Context, tg *anyio.TaskGroup) error {
			//anyiovet:ignore outerctx the group is given as an option
			done, _, err := anyioutils.Wait(ctx, s.all, anyioutils.WaitOptions{Group: tg, ReturnWhen: anyioutils.FirstCompleted})
			if !slices.Equal(done, []anyioutils.Waitable{s.c}) {
				t.Errorf("%v", done)
			}
			return err
		})
		testkit.WantNil(t, "group", err)
		done, _, err := anyioutils.Wait(ctx, []*anyioutils.Task[int]{s.c}, anyioutils.WaitOptions{})
		if err != nil || len(done) != 1 {
			t.Errorf("%v, %v", done, err)
		}
	})
}

// A Wait that is canceled leaves no trace, and what it has started goes on.
func TestWaitIsCanceled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		s := newTrio()
		inGroup(t, ctx, func(ctx context.Context) {
			for range 2 {
				cut, err := anyio.MoveOnAfter(ctx, -1, func(ctx context.Context) error {
					_, _, err := anyioutils.Wait(ctx, s.all, anyioutils.WaitOptions{})
					return err
				})
				if !cut || err != nil {
					t.Errorf("%t, %v", cut, err)
				}
			}
			if v, err := s.c.Await(ctx); v != 7 || err != nil {
				t.Errorf("%d, %v", v, err)
			}
		})
		if n := anyioutils.WatchersOf(s.a); n != 0 {
			t.Errorf("%d watchers are left", n)
		}
	})
}

// Many wait for the same ones while they get their outcomes.
func TestWaitOfManyAtOnce(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		inGroup(t, ctx, func(ctx context.Context) {
			var all []*anyioutils.Task[int]
			for range 20 {
				all = append(all, anyioutils.NewTask(seven))
			}
			for i := range 10 {
				create(t, ctx, func(ctx context.Context) (int, error) {
					done, pending, err := anyioutils.Wait(ctx, all, anyioutils.WaitOptions{ReturnWhen: anyioutils.ReturnWhen(i % 3)})
					if len(done) == 0 || len(done)+len(pending) != len(all) || i%3 != 1 && len(pending) > 0 {
						t.Errorf("%d done, %d pending", len(done), len(pending))
					}
					return 0, err
				})
			}
		})
	})
}

func TestWaitForNothingThatIsKnown(t *testing.T) {
	f := anyioutils.NewFuture[int]()
	for _, when := range []anyioutils.ReturnWhen{-1, 3} {
		_, _, err := anyioutils.Wait(t.Context(), []*anyioutils.Future[int]{f}, anyioutils.WaitOptions{ReturnWhen: when})
		testkit.WantMisuseText(t, err, "ReturnWhen")
	}
}
