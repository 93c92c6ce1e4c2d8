package anyiotest_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/lowlevel"
)

func TestCheckpointsAreToldFromWhatIsNone(t *testing.T) {
	type call = func(ctx context.Context) error
	calls := map[string]struct {
		call       call
		checkpoint bool
	}{
		"Checkpoint":           {lowlevel.Checkpoint, true},
		"CheckpointIfCanceled": {lowlevel.CheckpointIfCanceled, true},
		"SleepForever":         {anyio.SleepForever, true},
		"ctx.Err":              {func(ctx context.Context) error { return ctx.Err() }, true},
		"with another error":   {func(ctx context.Context) error { return errors.Join(lowlevel.Checkpoint(ctx), io.EOF) }, true},
		"nothing":              {func(context.Context) error { return nil }, false},
		"another error":        {func(context.Context) error { return io.EOF }, false},
		"shielded":             {func(ctx context.Context) error { lowlevel.ShieldedCheckpoint(ctx); return nil }, false},
		"swallowed":            {func(ctx context.Context) error { _ = lowlevel.Checkpoint(ctx); return nil }, false},
		"a scope of its own": {func(ctx context.Context) error {
			return anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error { return anyio.Sleep(ctx, 0) })
		}, false},
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for name, c := range calls {
			r := newRecorder(t)
			r.run(func() { anyiotest.CheckCheckpoint(r, ctx, c.call) })
			if r.Failed() == c.checkpoint {
				t.Errorf("%s, CheckCheckpoint: %q", name, r.text())
			}
			not := newRecorder(t)
			not.run(func() { anyiotest.CheckNoCheckpoint(not, ctx, c.call) })
			if not.Failed() != c.checkpoint {
				t.Errorf("%s, CheckNoCheckpoint: %q", name, not.text())
			}
		}
		if err := ctx.Err(); err != nil {
			t.Errorf("the context of the test was canceled: %v", err)
		}
	})
}

// A test whose context is canceled learns nothing, and is told so.
func TestCheckpointsAreNotToldInACanceledContext(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			s.Cancel("")
			for _, check := range []func(testing.TB, context.Context, func(context.Context) error){anyiotest.CheckCheckpoint, anyiotest.CheckNoCheckpoint} {
				r := newRecorder(t)
				r.run(func() {
					check(r, ctx, func(context.Context) error { t.Error("called"); return nil })
				})
				if !r.Failed() || !strings.Contains(r.text(), "canceled already") {
					t.Errorf("said %q", r.text())
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}
