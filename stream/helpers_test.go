package stream_test

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
)

// idle waits until every other task of the run waits for something.
func idle(t *testing.T, ctx context.Context) {
	t.Helper()
	if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
		t.Error(err)
	}
}

// group runs body in a task group and reports an error of the group.
func group(t *testing.T, ctx context.Context, body func(ctx context.Context, tg *anyio.TaskGroup)) {
	t.Helper()
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		body(ctx, tg)
		return nil
	})
	if err != nil {
		t.Errorf("task group: %v", err)
	}
}

// canceled runs body in a scope that was canceled before.
func canceled(t *testing.T, ctx context.Context, body func(ctx context.Context) error) {
	t.Helper()
	var inner error
	err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
		s.Cancel("test")
		inner = body(ctx)
		return inner
	})
	if err != nil {
		t.Errorf("cancel scope: %v", err)
	}
	testkit.WantErr(t, inner, anyio.ErrCanceled)
}
