package anyio_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

func TestFutureGivesItsValueToEveryWaiter(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var f anyio.Future[int] // the zero value is ready
		var got [3]int
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i := range got {
				tg.Go(func(ctx context.Context) (err error) {
					got[i], err = f.Await(ctx)
					return err
				})
			}
			testkit.Settled(t, ctx)
			for _, task := range anyio.RunningTasks(ctx)[1:] {
				if task.WaitsFor != "Future.Wait" {
					t.Errorf("waits for %q", task.WaitsFor)
				}
			}
			return f.Set(42)
		})
		if err != nil || got != [3]int{42, 42, 42} {
			t.Errorf("got %v, %v", got, err)
		}
		if v, err := f.Value(); v != 42 || err != nil || f.Err() != nil || f.Status() != anyio.Finished {
			t.Errorf("%v, %v, %v, %v", v, err, f.Err(), f.Status())
		}
	})
}

func TestFutureErrorIsWrappedForWhoAwaits(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		boom := errors.New("boom")
		f := anyio.NewFuture[string]("config")
		if err := f.SetError(boom); err != nil {
			t.Fatal(err)
		}
		v, err := f.Await(ctx)
		var failed *anyio.FutureError
		if !errors.As(err, &failed) || !errors.Is(err, boom) || failed.Canceled || failed.Future != "config" || v != "" {
			t.Errorf("Await: %q, %v", v, err)
		}
		if err.Error() != `anyio: future "config" failed: boom` {
			t.Error(err)
		}
		if f.Err() != boom || f.Status() != anyio.Failed {
			t.Errorf("%v, %v", f.Err(), f.Status())
		}
		if err := f.Wait(ctx); err != nil {
			t.Errorf("Wait tells of the outcome: %v", err)
		}
	})
}

func TestFutureHasOneOutcome(t *testing.T) {
	boom := errors.New("boom")
	outcomes := map[string]struct {
		make func(f *anyio.Future[int]) error
		then error
		want anyio.Status
		err  error
	}{
		"value":  {func(f *anyio.Future[int]) error { return f.Set(1) }, anyio.ErrFutureFinished, anyio.Finished, nil},
		"error":  {func(f *anyio.Future[int]) error { return f.SetError(boom) }, anyio.ErrFutureFinished, anyio.Failed, boom},
		"cancel": {func(f *anyio.Future[int]) error { f.Cancel(); return nil }, anyio.ErrFutureCanceled, anyio.Canceled, anyio.ErrFutureCanceled},
	}
	for name, o := range outcomes {
		t.Run(name, func(t *testing.T) {
			var f anyio.Future[int]
			if err := o.make(&f); err != nil {
				t.Fatal(err)
			}
			if err := f.Set(2); err != o.then {
				t.Errorf("Set: %v", err)
			}
			if err := f.SetError(errors.New("late")); err != o.then {
				t.Errorf("SetError: %v", err)
			}
			if f.Cancel() {
				t.Error("Cancel of a future with an outcome")
			}
			if f.Status() != o.want {
				t.Errorf("status %v", f.Status())
			}
			if err := f.Err(); !errors.Is(err, o.err) || (err == nil) != (o.err == nil) {
				t.Errorf("Err: %v, want %v", err, o.err)
			}
		})
	}
	if err := anyio.NewFuture[int]("pending").Err(); err != anyio.ErrNotFinished {
		t.Errorf("Err without an outcome: %v", err)
	}
}

func TestFutureWithoutOutcomeIsNotFinished(t *testing.T) {
	var f anyio.Future[int]
	if _, err := f.Value(); err != anyio.ErrNotFinished {
		t.Error(err)
	}
	if err := f.Err(); err != anyio.ErrNotFinished {
		t.Error(err)
	}
	var misuse *anyio.MisuseError
	if err := f.SetError(nil); !errors.As(err, &misuse) || f.Status() != anyio.Pending {
		t.Error(err)
	}
}

func TestCanceledFutureTellsWhoAwaitsAndCancelsNobody(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, early := range []bool{true, false} {
			f := anyio.NewFuture[int]("")
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				if early && !f.Cancel() {
					t.Error("Cancel reports that nothing was pending")
				}
				tg.Go(func(ctx context.Context) error { _, err := f.Await(ctx); return err })
				if !early {
					testkit.Settled(t, ctx)
					f.Cancel()
				}
				return nil
			})
			var failed *anyio.FutureError
			if !errors.Is(err, anyio.ErrFutureCanceled) || !errors.As(err, &failed) || !failed.Canceled || errors.Is(err, anyio.ErrCanceled) {
				t.Errorf("early %v: %v", early, err)
			}
			if failed.Error() != "anyio: future was canceled" || !errors.Is(f.Err(), anyio.ErrFutureCanceled) {
				t.Error(failed, f.Err())
			}
			if _, err := f.Value(); !errors.Is(err, anyio.ErrFutureCanceled) {
				t.Error(err)
			}
		}
	})
}

// A future that failed with the cancellation of some other task is no
// cancellation of those who await it.
func TestCancellationStoredInAFutureIsAFailure(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var f anyio.Future[int]
		_ = f.SetError(context.Canceled)
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
			_, err := f.Await(ctx)
			scope.Cancel("late")
			return err
		})
		var failed *anyio.FutureError
		if !errors.As(err, &failed) {
			t.Errorf("the scope swallowed the failure: %v", err)
		}
	})
}

func TestOneCanceledWaiterLeavesTheOthersAndTheFuture(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var f anyio.Future[int]
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			a := anyio.GoValue(tg, f.Await)
			b := anyio.GoValue(tg, f.Await)
			testkit.Settled(t, ctx)
			a.Cancel("test")
			testkit.Settled(t, ctx)
			if a.Status() != anyio.Canceled || f.Status() != anyio.Pending {
				t.Errorf("%v, %v", a, &f)
			}
			if err := f.Set(7); err != nil {
				return err
			}
			v, err := b.Await(ctx)
			if v != 7 {
				t.Errorf("the other waiter got %d", v)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestAwaitOfAFinishedFutureInACanceledScopeIsCanceled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var f anyio.Future[int]
		_ = f.Set(1)
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
			scope.Cancel("test")
			if v, err := f.Await(ctx); !errors.Is(err, anyio.ErrCanceled) || v != 0 {
				t.Errorf("%d, %v", v, err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestFuturePrintsNameAndStatus(t *testing.T) {
	f := anyio.NewFuture[int]("port")
	var g anyio.Future[int]
	g.Cancel()
	if s := fmt.Sprint(f, &g); s != `Future("port", pending) Future(canceled)` {
		t.Error(s)
	}
}

func TestFutureIsSetFromAPlainGoroutine(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		if b, _ := anyio.CurrentTask(ctx); b.Name == "" {
			t.Error("no task")
		}
		var f anyio.Future[int]
		done := make(chan error, 1)
		go func() { done <- f.Set(5) }()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if v, err := f.Await(ctx); v != 5 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
	})
}

func ExampleFuture() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		var port anyio.Future[int]
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				n, err := port.Await(ctx)
				fmt.Println("connecting to port", n)
				return err
			})
			return port.Set(8080)
		})
	}, anyio.On(sim.New(sim.Config{Seed: 1})))
	fmt.Println(err)
	// Output:
	// connecting to port 8080
	// <nil>
}
