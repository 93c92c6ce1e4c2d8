package anyio_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
)

// fails is a task's function that returns err.
func fails(err error) func(context.Context) error {
	return func(context.Context) error { return err }
}

func wantGroup(t *testing.T, err error, want ...error) *anyio.GroupError {
	t.Helper()
	ge, ok := err.(*anyio.GroupError)
	if !ok || ge.Len() != len(want) {
		t.Fatalf("got %T %v, want a GroupError of %d", err, err, len(want))
	}
	for i, w := range want {
		if _, e := ge.At(i); e != w && !errors.Is(e, w) {
			t.Errorf("error %d: %v, want %v", i, e, w)
		}
	}
	return ge
}

func TestGroupErrorHoldsOneErrorToo(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(fails(testkit.ErrBoom), anyio.Name("bomb"))
			return nil
		})
		if task, _ := wantGroup(t, err, testkit.ErrBoom).At(0); task != "bomb" {
			t.Errorf("task: %q", task)
		}
		err = anyio.WithTaskGroup(ctx, func(context.Context, *anyio.TaskGroup) error { return testkit.ErrBoom })
		if task, _ := wantGroup(t, err, testkit.ErrBoom).At(0); task != "" {
			t.Errorf("task of the body's error: %q", task)
		}
	})
}

func TestBodysErrorComesFirstThenTasksInOrderOfTheirEnd(t *testing.T) {
	second := errors.New("second")
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				_ = anyio.SleepForever(ctx) // canceled by the failure of the other
				return second
			})
			tg.Go(func(ctx context.Context) error { testkit.Settled(t, ctx); return testkit.ErrBoom })
			_ = anyio.SleepForever(ctx)
			_ = anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error { testkit.Settled(t, ctx); return nil })
			return io.EOF
		})
		wantGroup(t, err, io.EOF, testkit.ErrBoom, second)
	})
}

func TestFirstFailureCancelsSiblingsAndHost(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for range 3 {
				tg.Go(anyio.SleepForever)
			}
			tg.Go(fails(testkit.ErrBoom))
			return anyio.SleepForever(ctx)
		})
		wantGroup(t, err, testkit.ErrBoom)
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for range 3 {
				tg.Go(anyio.SleepForever)
			}
			return testkit.ErrBoom
		})
		wantGroup(t, err, testkit.ErrBoom)
	})
}

func TestCancellationsAreFilteredOutOfNestedGroups(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, inner *anyio.TaskGroup) error {
					inner.Go(anyio.SleepForever)
					inner.Go(func(ctx context.Context) error {
						_ = anyio.SleepForever(ctx)
						return io.EOF
					})
					return anyio.SleepForever(ctx)
				})
			})
			tg.Go(anyio.SleepForever)
			tg.Go(func(ctx context.Context) error { testkit.Settled(t, ctx); return testkit.ErrBoom })
			return anyio.SleepForever(ctx)
		})
		ge := wantGroup(t, err, testkit.ErrBoom, io.EOF)
		_, inner := ge.At(1)
		wantGroup(t, inner, io.EOF) // the nesting is kept
		if errors.Is(err, anyio.ErrCanceled) {
			t.Errorf("a cancellation is left: %v", err)
		}
	})
}

func TestScopeStripsCancellationsFromATree(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Cancel("")
			ce := anyio.Sleep(ctx, 0)
			return errors.Join(ce, fmt.Errorf("%w", ce))
		})
		testkit.WantNil(t, "only cancellations", err)
		err = anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			inner := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				return errors.Join(testkit.ErrBoom, fmt.Errorf("%w", anyio.ErrCanceled))
			})
			s.Cancel("")
			return inner
		})
		if !errors.Is(err, testkit.ErrBoom) || errors.Is(err, anyio.ErrCanceled) {
			t.Errorf("mixed tree: %v", err)
		}
		mixed := fmt.Errorf("%w and %w", testkit.ErrBoom, anyio.ErrCanceled)
		err = anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			s.Cancel("")
			return mixed
		})
		if err != mixed {
			t.Errorf("an error that cannot be made anew: %v", err)
		}
	})
}

func TestTimeoutsAndAwaitedFailuresAreNoCancellations(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			err := anyio.FailAfter(ctx, time.Millisecond, anyio.SleepForever)
			s.Cancel("")
			return err
		})
		if !errors.Is(err, anyio.ErrTimeout) {
			t.Errorf("a timeout was swallowed: %v", err)
		}
	})
}

func TestGroupErrorIsSplitByLeaves(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			return errors.Join(anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error { return io.EOF }))
		})
		wantGroup(t, err, io.EOF)
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(fails(io.EOF), anyio.Name("eof"))
					return testkit.ErrBoom
				})
			}, anyio.Name("inner"))
			return nil
		})
		ge := wantGroup(t, err, testkit.ErrBoom)
		matched, rest := ge.Split(func(e error) bool { return e == io.EOF })
		if !errors.Is(matched, io.EOF) || errors.Is(matched, testkit.ErrBoom) || !errors.Is(rest, testkit.ErrBoom) || errors.Is(rest, io.EOF) {
			t.Errorf("split: %v | %v", matched, rest)
		}
		if task, _ := matched.At(0); task != "inner" {
			t.Errorf("the name is lost: %q", task)
		}
		if matched, rest = ge.Split(func(error) bool { return true }); rest != nil || matched.Len() != 1 {
			t.Errorf("split of all: %v | %v", matched, rest)
		}
		if matched, rest = ge.Split(func(error) bool { return false }); matched != nil || rest.Len() != 1 {
			t.Errorf("split of none: %v | %v", matched, rest)
		}
		const want = "1 error(s) in task group\n  inner: 2 error(s) in task group\n    (body): boom\n    eof: EOF"
		if got := fmt.Sprintf("%+v", err); got != want {
			t.Errorf("%%+v:\n%s\nwant:\n%s", got, want)
		}
		const line = "inner: anyio: 2 errors in task group: boom; eof: EOF"
		if got := fmt.Sprintf("%v", err); got != line || err.Error() != line {
			t.Errorf("%%v: %s", got)
		}
	})
}

func TestLineOfManyErrorsShowsFewAndSaysHowMany(t *testing.T) {
	many := func(n int, text func(i int) string) error {
		return anyio.WithTaskGroup(context.Background(), func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i := range n {
				h := tg.Go(fails(errors.New(text(i))), anyio.Name(fmt.Sprint("t", i)))
				_ = h.Wait(context.WithoutCancel(ctx)) // for a known order
			}
			return nil
		})
	}
	same := func(int) string { return "connection refused" }
	each := func(i int) string { return fmt.Sprint("e", i) }
	for _, c := range []struct {
		err  error
		want string
	}{
		{many(200, same), "anyio: 200 errors in task group: t0: connection refused (and 199 more like it)"},
		{many(200, each), "anyio: 200 errors in task group: t0: e0; t1: e1; t2: e2; t3: e3; t4: e4; and 195 more"},
		{many(7, func(i int) string { return fmt.Sprint("e", i%3) }), "anyio: 7 errors in task group: t0: e0 (and 2 more like it); t1: e1 (and 1 more like it); t2: e2 (and 1 more like it)"},
		{many(5, same), "anyio: 5 errors in task group: t0: connection refused; t1: connection refused; t2: connection refused; t3: connection refused; t4: connection refused"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
	all := many(200, same)
	for _, err := range []error{all, fmt.Errorf("serving: %w", all)} {
		outer := anyio.WithTaskGroup(context.Background(), func(context.Context, *anyio.TaskGroup) error { return err })
		if n := strings.Count(fmt.Sprintf("%+v", outer), "\n"); n < 200 || n > 205 {
			t.Errorf("%%+v has %d lines:\n%+v", n, outer)
		}
	}
}
