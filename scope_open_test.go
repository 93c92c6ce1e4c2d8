package anyio_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// A service is a type that owns a task group from Open to Close: what a context
// manager is in Python.
type service struct {
	ctx   context.Context
	tg    *anyio.TaskGroup
	trace []string
}

func openService(ctx context.Context) *service {
	s := &service{}
	s.ctx, s.tg = anyio.OpenTaskGroup(ctx)
	s.trace = append(s.trace, "opened")
	return s
}

// Close ends the service's tasks; err is what the work with it ended with.
func (s *service) Close(err error) error {
	s.tg.Cancel("the service is closed")
	err = s.tg.End(err)
	s.trace = append(s.trace, "closed")
	return err
}

// A timedService is a service with a scope round it, as a subclass calls super().
type timedService struct {
	*service
	scope *anyio.CancelScope
}

func openTimed(ctx context.Context, opts ...anyio.ScopeOption) *timedService {
	ctx, scope := anyio.OpenCancelScope(ctx, opts...)
	return &timedService{service: openService(ctx), scope: scope}
}

func (s *timedService) Close(err error) error {
	return s.scope.End(s.service.Close(err))
}

func TestTypeOwnsTasksFromOpenToClose(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		s := openTimed(ctx)
		var ended anyio.Event
		h := s.tg.Go(func(ctx context.Context) error {
			defer ended.Set()
			return anyio.SleepForever(ctx)
		})
		s.trace = append(s.trace, "used")
		testkit.WantNil(t, "Close", s.Close(nil))
		if got := strings.Join(s.trace, " "); got != "opened used closed" || !ended.IsSet() || h.Status() != anyio.Canceled {
			t.Errorf("%s, ended %v, %v", got, ended.IsSet(), h)
		}
		testkit.WantNil(t, "the scope outside", anyio.Sleep(ctx, 0))
		testkit.WantCanceled(t, "the service's context", anyio.Sleep(s.ctx, 0))

		again := openTimed(ctx) // the type may be opened again; each scope is new
		testkit.WantNil(t, "Close", again.Close(nil))
	})
}

func TestErrorOfTheWorkComesBackFromClose(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		s := openTimed(ctx)
		err := s.Close(testkit.ErrBoom)
		var group *anyio.GroupError
		if !errors.As(err, &group) || !errors.Is(err, testkit.ErrBoom) {
			t.Error(err)
		}
		_, scope := anyio.OpenCancelScope(ctx)
		if err := scope.End(testkit.ErrBoom); err != testkit.ErrBoom {
			t.Errorf("a scope changed the error: %v", err)
		}
	})
}

func TestFailedTaskCancelsTheWorkAndComesBackFromClose(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		s := openService(ctx)
		s.tg.Go(func(context.Context) error { return testkit.ErrBoom })
		err := anyio.SleepForever(s.ctx)
		testkit.WantCanceled(t, "the work", err)
		if err := s.Close(err); !errors.Is(err, testkit.ErrBoom) || errors.Is(err, anyio.ErrCanceled) {
			t.Error(err)
		}
	})
}

func TestOpenedScopeRemovesItsOwnCancellationAtClose(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		inner, scope := anyio.OpenCancelScope(ctx, anyio.Deadline(anyio.Now(ctx).Add(time.Millisecond)))
		err := anyio.SleepForever(inner)
		testkit.WantCanceled(t, "wait beyond the deadline", err)
		testkit.WantNil(t, "Close", scope.End(err))
		if !scope.CancelCaught() || !scope.CancelCalled() {
			t.Error("the scope did not catch its cancellation")
		}
	})
}

func TestOpenedScopeKeepsACancellationFromOutside(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, outer *anyio.CancelScope) error {
			inner, scope := anyio.OpenCancelScope(ctx)
			outer.Cancel("test")
			err := scope.End(anyio.Sleep(inner, 0))
			testkit.WantCanceled(t, "Close", err)
			if scope.CancelCaught() {
				t.Error("the inner scope caught the outer one's cancellation")
			}
			return err
		})
		testkit.WantNil(t, "outer scope", err)
	})
}

func TestOpenedScopeMayBeShielded(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, outer *anyio.CancelScope) error {
			outer.Cancel("test")
			inner, scope := anyio.OpenCancelScope(ctx, anyio.Shield())
			testkit.WantNil(t, "in the shield", anyio.Sleep(inner, 0))
			return scope.End(nil)
		})
		testkit.WantNil(t, "scope", err)
	})
}

func TestClosedTwiceTellsTheFix(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		_, scope := anyio.OpenCancelScope(ctx)
		testkit.WantNil(t, "first Close", scope.End(nil))
		testkit.WantMisuseText(t, scope.End(nil), "ended twice", "use WithCancelScope")
		s := openService(ctx)
		testkit.WantNil(t, "first Close", s.Close(nil))
		testkit.WantMisuseText(t, s.Close(nil), "ended twice", "use WithTaskGroup")
	})
}

func TestClosedInTheWrongOrderTellsTheFix(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		outerCtx, outer := anyio.OpenCancelScope(ctx)
		_, inner := anyio.OpenCancelScope(outerCtx)
		testkit.WantMisuseText(t, outer.End(nil), "before a scope opened inside it", "inner scopes first")
		testkit.WantNil(t, "inner", inner.End(nil))

		groupCtx, tg := anyio.OpenTaskGroup(ctx)
		_, inner = anyio.OpenCancelScope(groupCtx)
		testkit.WantMisuseText(t, tg.End(nil), "before a cancel scope opened in its body", "inner scopes first")
		testkit.WantNil(t, "inner", inner.End(nil))

		outerCtx, outer = anyio.OpenCancelScope(ctx)
		_, inner = anyio.OpenCancelScope(outerCtx)
		err := outer.End(testkit.ErrBoom)
		testkit.WantMisuseText(t, err, "before a scope opened inside it", "inner scopes first")
		if !errors.Is(err, testkit.ErrBoom) {
			t.Errorf("the error of the work is lost: %v", err)
		}
		testkit.WantNil(t, "inner", inner.End(nil))
	})
}

func TestClosedByAnotherTaskTellsTheFix(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		_, scope := anyio.OpenCancelScope(ctx)
		groupCtx, group := anyio.OpenTaskGroup(ctx)
		err := anyio.WithTaskGroup(groupCtx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			return tg.Go(func(context.Context) error {
				testkit.WantMisuseText(t, scope.End(nil), "another goroutine", "task group")
				testkit.WantMisuseText(t, group.End(nil), "another goroutine", "where you opened it")
				return nil
			}).Await(ctx)
		})
		testkit.WantNil(t, "group", err)
		testkit.WantNil(t, "group.Close", group.End(nil))
		testkit.WantNil(t, "scope.Close", scope.End(nil))
	})
}

func TestTasksCannotBeStartedInAClosedGroup(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		s := openService(ctx)
		testkit.WantNil(t, "Close", s.Close(nil))
		mustMisuse(t, "not active", func() { s.tg.Go(anyio.SleepForever) })
	})
}

func ExampleOpenTaskGroup() {
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		s := openService(ctx) // keeps the group and its context in its fields
		s.tg.Go(func(ctx context.Context) error {
			err := anyio.SleepForever(ctx)
			fmt.Println("worker canceled:", errors.Is(err, anyio.ErrCanceled))
			return err
		})
		err := anyio.Sleep(s.ctx, time.Second)
		err = s.Close(err)
		fmt.Println("closed:", err)
		return err
	}, anyio.On(sim.New(sim.Config{})))
	// Output:
	// worker canceled: true
	// closed: <nil>
}
