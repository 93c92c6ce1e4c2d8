package asyncio_test

import (
	"context"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestWithTimeoutEndsItsBody(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var d *asyncio.Deadline
		err := asyncio.WithTimeout(ctx, time.Millisecond, func(ctx context.Context, own *asyncio.Deadline) error {
			d = own
			return asyncio.Sleep(ctx, time.Hour)
		})
		testkit.WantIs(t, "late", err, anyio.ErrTimeout)
		testkit.WantIs(t, "late", err, context.DeadlineExceeded)
		if !d.Expired() || asyncio.CurrentTask(ctx).Cancelling() != 0 {
			t.Error("it leaves something behind")
		}
		testkit.WantMisuse(t, "moved too late", d.Reschedule(d.Loop().Time()))
		err = asyncio.WithTimeout(ctx, time.Hour, func(ctx context.Context, own *asyncio.Deadline) error {
			d = own
			return asyncio.Sleep(ctx, time.Millisecond)
		})
		if err != nil || d.Expired() {
			t.Errorf("%v %v", err, d.Expired())
		}
		err = asyncio.WithTimeout(ctx, 0, func(ctx context.Context, _ *asyncio.Deadline) error { return asyncio.Sleep(ctx, time.Hour) })
		testkit.WantIs(t, "at once", err, anyio.ErrTimeout)
		err = asyncio.WithTimeout(ctx, time.Millisecond, func(ctx context.Context, _ *asyncio.Deadline) error {
			_ = asyncio.Sleep(ctx, time.Hour)
			return testkit.ErrBoom // it makes another error of it
		})
		testkit.WantErr(t, err, testkit.ErrBoom)
	})
}

func TestDeadlineCanBeMovedAndRemoved(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		err := asyncio.WithTimeout(ctx, anyio.Forever, func(ctx context.Context, d *asyncio.Deadline) error {
			if _, ok := d.When(); ok {
				t.Error("there is one")
			}
			testkit.WantNil(t, "Reschedule", d.Reschedule(l.Time()+time.Hour))
			testkit.WantNil(t, "Reschedule", d.Reschedule(l.Time()+time.Millisecond))
			if when, ok := d.When(); !ok || when > l.Time()+time.Hour {
				t.Errorf("%v %v", when, ok)
			}
			return asyncio.Sleep(ctx, 2*time.Hour)
		})
		testkit.WantIs(t, "moved", err, anyio.ErrTimeout)
		err = asyncio.WithTimeoutAt(ctx, l.Time()+5*time.Millisecond, func(ctx context.Context, d *asyncio.Deadline) error {
			testkit.WantNil(t, "Remove", d.Remove())
			return asyncio.Sleep(ctx, 10*time.Millisecond)
		})
		testkit.WantNil(t, "removed", err)
	})
}

func TestTimeoutsThatAreNestedAreToldApart(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		inner := error(nil)
		err := asyncio.WithTimeout(ctx, time.Millisecond, func(ctx context.Context, _ *asyncio.Deadline) error {
			inner = asyncio.WithTimeout(ctx, time.Hour, func(ctx context.Context, _ *asyncio.Deadline) error {
				return asyncio.Sleep(ctx, 2*time.Hour)
			})
			return inner
		})
		testkit.WantIs(t, "outer", err, anyio.ErrTimeout)
		testkit.WantIs(t, "inner", inner, anyio.ErrCanceled)
	})
}

func TestTimeoutIsNotMistakenForAnotherRequest(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			return 0, asyncio.WithTimeout(ctx, time.Hour, func(ctx context.Context, d *asyncio.Deadline) error {
				err := asyncio.Sleep(ctx, time.Hour)
				_ = d.Reschedule(0) // it expires, too
				_ = asyncio.Sleep(ctx, 0)
				_ = asyncio.Sleep(ctx, 0)
				return err
			})
		})
		anyioWaits(t, ctx)
		task.Cancel("")
		_, err := task.Await(ctx)
		testkit.WantIs(t, "Await", err, anyio.ErrCanceled)
	})
}

// The end of the host's group of package anyio ends its tasks, and the request goes on.
func TestTimeoutCutsAGroupOfPackageAnyio(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		r := &record{}
		for _, waits := range []bool{true, false} { // in the body, or at the group's end
			err := asyncio.WithTimeout(ctx, time.Millisecond, func(ctx context.Context, _ *asyncio.Deadline) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						err := anyio.SleepForever(ctx)
						r.add("child")
						return err
					})
					if waits {
						return anyio.SleepForever(ctx)
					}
					return nil
				})
			})
			testkit.WantIs(t, "group", err, anyio.ErrTimeout)
		}
		r.want(t, "child child")
	})
}
