package anyio_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
)

// A body that was cut short by the deadline is a timeout, whatever it made of the
// cancellation, and what it made of it is kept.
func TestTimeoutHoldsWhatTheBodyReturned(t *testing.T) {
	closing := fmt.Errorf("closing the file: %w", os.ErrClosed)
	bodies := []struct {
		name string
		text string // of the error besides the timeout
		wrap func(ctx context.Context, canceled error) error
		all  bool // nothing but the cancellation was in the error
	}{
		{"as it is", "", func(_ context.Context, err error) error { return err }, true},
		{"wrapped", ": fetching user 7", func(_ context.Context, err error) error { return fmt.Errorf("fetching user 7: %w", err) }, true},
		{"url", `: Get "http://x"`, func(_ context.Context, err error) error { return &url.Error{Op: "Get", URL: "http://x", Err: err} }, true},
		{"package context", ": waiting", func(context.Context, error) error { return fmt.Errorf("waiting: %w", context.DeadlineExceeded) }, true},
		{"joined", ": closing the file: file already closed", func(_ context.Context, err error) error { return errors.Join(err, closing) }, false},
		{"two wrapped", ": a, b: file already closed", func(_ context.Context, err error) error { return fmt.Errorf("a: %w, b: %w", err, os.ErrClosed) }, false},
		{"wrapped join", ": outer: closing the file: file already closed", func(_ context.Context, err error) error {
			return fmt.Errorf("outer: %w", errors.Join(err, closing))
		}, false},
		{"group", ": closer: closing the file: file already closed", func(ctx context.Context, _ error) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error { _ = anyio.SleepForever(ctx); return closing }, anyio.Name("closer"))
				return anyio.SleepForever(ctx)
			})
		}, false},
		{"wrapped group", ": all: closer: closing the file: file already closed", func(ctx context.Context, err error) error {
			return fmt.Errorf("all: %w", anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error { _ = anyio.SleepForever(ctx); return errors.Join(closing, err) }, anyio.Name("closer"))
				return anyio.SleepForever(ctx)
			}))
		}, false},
		{"both in a task of a group", ": closer: closing the file: file already closed", func(ctx context.Context, _ error) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error { return errors.Join(anyio.SleepForever(ctx), closing) }, anyio.Name("closer"))
				return nil
			})
		}, false},
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, b := range bodies {
			var returned error
			body := func(ctx context.Context) error {
				returned = b.wrap(ctx, anyio.SleepForever(ctx))
				return returned
			}
			for how, err := range map[string]error{
				"FailAfter": anyio.FailAfter(ctx, time.Millisecond, body),
				"FailAt":    anyio.FailAt(ctx, anyio.Now(ctx).Add(time.Millisecond), body),
				"Shielded":  anyio.Shielded(ctx, 0, body), //anyiovet:ignore shieldlimit the time is over at once
			} {
				te, ok := err.(*anyio.TimeoutError)
				if !ok || !errors.Is(err, anyio.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Fatalf("%s, %s: %T %v", b.name, how, err, err)
				}
				if errors.Is(err, anyio.ErrCanceled) || errors.Is(err, context.Canceled) || errors.As(err, new(*anyio.CanceledError)) || anyio.IsCancellation(err) {
					t.Errorf("%s, %s: is a cancellation: %v", b.name, how, err)
				}
				if !b.all && !errors.Is(err, os.ErrClosed) {
					t.Errorf("%s, %s: the other error is lost: %v", b.name, how, err)
				}
				if u := (*url.Error)(nil); b.name == "url" && (!errors.As(err, &u) || u.URL != "http://x") {
					t.Errorf("%s: no *url.Error in %v", how, err)
				}
				if _, rest, _ := strings.Cut(err.Error(), "not done "); !strings.HasSuffix(rest, b.text) || strings.Contains(err.Error(), "cancel") || strings.Contains(err.Error(), "\n") {
					t.Errorf("%s, %s: text %q, want ...%q", b.name, how, err, b.text)
				}
				if te.Err == nil {
					t.Errorf("%s, %s: no Err", b.name, how)
				}
			}
			timedOut, err := anyio.MoveOnAfter(ctx, time.Millisecond, body)
			if !timedOut || (err == nil) != b.all || err != nil && !errors.Is(err, os.ErrClosed) {
				t.Errorf("%s: MoveOnAfter: %v, %v", b.name, timedOut, err)
			}
			var scope *anyio.CancelScope
			err = anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
				scope = s
				s.Cancel("")
				return b.wrap(ctx, anyio.SleepForever(ctx))
			})
			if !scope.CancelCaught() || (err == nil) != b.all {
				t.Errorf("%s: scope: caught %v, %v", b.name, scope.CancelCaught(), err)
			}
			group := (*anyio.TaskGroup)(nil)
			err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				group = tg
				tg.Cancel("")
				return b.wrap(ctx, anyio.SleepForever(ctx))
			})
			if !group.CancelCaught() || (err == nil) != b.all {
				t.Errorf("%s: group: caught %v, %v", b.name, group.CancelCaught(), err)
			}
		}
	})
}

// A body that took no notice of the deadline, or failed otherwise, is no timeout.
func TestTimeoutIsToldOnlyIfItCutTheBodyShort(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, other := range []error{nil, testkit.ErrBoom, errors.Join(testkit.ErrBoom, os.ErrClosed), &anyio.TaskError{Err: context.Canceled}} {
			body := func(ctx context.Context) error { _ = anyio.SleepForever(ctx); return other }
			if err := anyio.FailAfter(ctx, 0, body); err != other {
				t.Errorf("FailAfter: %v, want %v", err, other)
			}
			if timedOut, err := anyio.MoveOnAfter(ctx, 0, body); timedOut || err != other {
				t.Errorf("MoveOnAfter: %v, %v, want %v", timedOut, err, other)
			}
		}
	})
}

// A group between an outer and an inner scope keeps the cancellation for the outer.
func TestGroupPassesTheOuterCancellationOn(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		inner := false
		outer, err := anyio.MoveOnAfter(ctx, time.Millisecond, func(ctx context.Context) (err error) {
			inner, err = anyio.MoveOnAfter(ctx, time.Hour, func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(anyio.SleepForever)
					_ = anyio.SleepForever(ctx)
					return testkit.ErrBoom
				})
			})
			return err
		})
		wantGroup(t, err, testkit.ErrBoom)
		if inner || !outer {
			t.Errorf("inner %v, outer %v", inner, outer)
		}
	})
}

func TestCanceledIsSaidOnce(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		_ = anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			derived, cancel := context.WithCancel(ctx)
			defer cancel()
			s.Cancel("drained")
			<-derived.Done() // package context tells it on
			errs := []error{anyio.Sleep(derived, 1)}
			_ = anyio.WithTaskGroup(derived, func(ctx context.Context, tg *anyio.TaskGroup) error {
				errs = append(errs, anyio.Sleep(ctx, 1))
				return nil
			})
			_ = anyio.WithCancelScope(context.WithoutCancel(ctx), func(ctx context.Context, s *anyio.CancelScope) error {
				s.CancelCause(fmt.Errorf("stopping: %w", errs[0]))
				errs = append(errs, anyio.Sleep(ctx, 1))
				return nil
			})
			for i, err := range errs {
				if n := strings.Count(err.Error(), "canceled"); n != 1 || !strings.Contains(err.Error(), "drained") || !errors.Is(err, context.Canceled) {
					t.Errorf("error %d: %v", i, err)
				}
			}
			return nil
		})
	})
}
