package anyiotest

import (
	"context"
	"errors"
	"testing"

	"github.com/anyio-go/anyio"
)

// CheckCheckpoint reports an error unless call is a checkpoint: in a scope that was canceled
// before, it returns the cancellation. A function that blocks and is none cannot be ended by
// those who call it, and a loop round it goes on for ever. What call has done although it was
// canceled is for the test to look at: as a rule it should be nothing.
//
// Cancellation: as call sees it; ctx itself must not be canceled.
func CheckCheckpoint(t testing.TB, ctx context.Context, call func(ctx context.Context) error) {
	t.Helper()
	if err, ok := canceled(t, ctx, call); ok && !isCanceled(err) {
		t.Errorf("anyiotest: in a canceled scope the call returned %v, want a cancellation: it is no checkpoint", err)
	}
}

// CheckNoCheckpoint reports an error if call is a checkpoint: if it returns the cancellation
// of a scope that was canceled before. What it does cannot be cut short between two
// checkpoints, and on a loop nobody else runs meanwhile, unless it blocks all the same.
//
// Cancellation: as call sees it; ctx itself must not be canceled.
func CheckNoCheckpoint(t testing.TB, ctx context.Context, call func(ctx context.Context) error) {
	t.Helper()
	if err, ok := canceled(t, ctx, call); ok && isCanceled(err) {
		t.Errorf("anyiotest: in a canceled scope the call returned a cancellation, want none: it is a checkpoint: %v", err)
	}
}

// canceled calls a function in a canceled scope. It is not ok if ctx is canceled, which tells
// nothing about the function.
func canceled(t testing.TB, ctx context.Context, call func(ctx context.Context) error) (err error, ok bool) {
	t.Helper()
	if err := ctx.Err(); err != nil {
		t.Errorf("anyiotest: the context is canceled already, so nothing can be told of the call: %v", err)
		return nil, false
	}
	_ = anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
		scope.Cancel("is it a checkpoint?")
		err = call(ctx)
		return nil
	})
	return err, true
}

// isCanceled also knows a cancellation that came with other errors.
func isCanceled(err error) bool {
	return anyio.IsCancellation(err) || errors.Is(err, anyio.ErrCanceled)
}
