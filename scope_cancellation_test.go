package anyio_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
)

// A statusError is an error of a library that has its own way to say "canceled".
type statusError struct{ code string }

// valueKey is the key of a context value.
type valueKey struct{}

func (e *statusError) Error() string { return "status " + e.code }

// statusCode looks into wraps and joins, as such functions do.
func statusCode(err error) string {
	if s, ok := errors.AsType[*statusError](err); ok {
		return s.code
	}
	return ""
}

// An exactStatus is recognized by itself, and not in what wraps it.
type exactStatus struct{ statusError }

var registerStatus = sync.OnceFunc(func() {
	lowlevel.RegisterCancellation(func(err error) bool { _, ok := err.(*exactStatus); return ok })
	lowlevel.RegisterCancellation(func(error) bool { return false })
	lowlevel.RegisterCancellation(func(err error) bool { return statusCode(err) == "Canceled" })
})

// A function that looks at nothing but the error it is given is asked about what that wraps.
func TestRegisteredFunctionsAreAskedAboutWraps(t *testing.T) {
	registerStatus()
	var err error = &exactStatus{}
	for wraps := range 200 {
		if got, want := anyio.IsCancellation(err), wraps < 100; got != want {
			t.Errorf("within %d wraps: %v, want %v", wraps, got, want)
		}
		err = fmt.Errorf("call: %w", err)
	}
}

func TestRegisteredErrorsAreCancellations(t *testing.T) {
	registerStatus()
	status := func(code string) func(context.Context) error {
		return func(ctx context.Context) error {
			_ = anyio.SleepForever(ctx)
			return fmt.Errorf("call: %w", &statusError{code})
		}
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		// Canceled tasks of a group that fails do not fail three more times.
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for range 3 {
				tg.Go(status("Canceled"))
			}
			tg.Go(fails(testkit.ErrBoom))
			return status("Canceled")(ctx)
		})
		wantGroup(t, err, testkit.ErrBoom)
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(status("Canceled"))
			tg.Cancel("")
			_ = h.Wait(context.WithoutCancel(ctx))
			if h.Status() != anyio.Canceled || !errors.Is(h.Err(), anyio.ErrTaskCanceled) {
				t.Errorf("task: %v, %v", h.Status(), h.Err())
			}
			return nil
		})
		testkit.WantNil(t, "canceled group", err)

		timedOut, err := anyio.MoveOnAfter(ctx, time.Millisecond, status("Canceled"))
		if !timedOut || err != nil {
			t.Errorf("MoveOnAfter: %v, %v", timedOut, err)
		}
		err = anyio.FailAfter(ctx, time.Millisecond, status("Canceled"))
		if !errors.Is(err, anyio.ErrTimeout) || statusCode(err) != "Canceled" {
			t.Errorf("FailAfter: %v", err)
		}
		err = anyio.Shielded(ctx, time.Millisecond, status("Canceled"))
		if !errors.Is(err, anyio.ErrTimeout) {
			t.Errorf("Shielded: %v", err)
		}
		testkit.WantNil(t, "scope", anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			s.Cancel("")
			return errors.Join(status("Canceled")(ctx), anyio.Sleep(ctx, 0))
		}))

		// Other codes, and scopes that are not canceled, are failures as before.
		if timedOut, err := anyio.MoveOnAfter(ctx, time.Millisecond, status("Internal")); timedOut || statusCode(err) != "Internal" {
			t.Errorf("another code: %v, %v", timedOut, err)
		}
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error { return &statusError{"Canceled"} })
		if statusCode(err) != "Canceled" {
			t.Errorf("not canceled: %v", err)
		}
	})
}

func TestWhatIsACancellation(t *testing.T) {
	registerStatus()
	canceled := &statusError{"Canceled"}
	dialCtx, cancel := context.WithCancel(context.Background())
	cancel()
	_, dialErr := (&net.Dialer{}).DialContext(dialCtx, "tcp", "127.0.0.1:1")
	for _, c := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{testkit.ErrBoom, false},
		{anyio.ErrCanceled, true},
		{context.Canceled, true},
		{context.DeadlineExceeded, true},
		{dialErr, true}, // net.OpError with an error that matches context.Canceled
		{fmt.Errorf("call: %w", context.Canceled), true},
		{canceled, true},
		{fmt.Errorf("call: %w", canceled), true},
		{errors.Join(canceled, context.Canceled), true},
		{errors.Join(canceled, testkit.ErrBoom), false},
		{fmt.Errorf("call: %w", errors.Join(canceled, testkit.ErrBoom)), false},
		{fmt.Errorf("%w and %w", canceled, testkit.ErrBoom), false},
		{&statusError{"Internal"}, false},
		{&anyio.TaskError{Err: canceled}, false},
		{fmt.Errorf("waiting: %w", &anyio.TaskError{Err: canceled}), false},
		{&anyio.FutureError{Err: context.Canceled}, false},
		{&anyio.TimeoutError{Err: canceled}, false},
		{&anyio.PanicError{Value: canceled}, false},
		{anyio.ErrTimeout, false},
	} {
		if got := anyio.IsCancellation(c.err); got != c.want {
			t.Errorf("IsCancellation(%v) = %v", c.err, got)
		}
	}
	testkit.WantMisuse(t, "nil function", testkit.Recovered(func() { lowlevel.RegisterCancellation(nil) }))
}

// Others may register and ask at the same time.
func TestCancellationsAreRegisteredAndAskedAtOnce(t *testing.T) {
	registerStatus()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			lowlevel.RegisterCancellation(func(error) bool { return false })
			if !anyio.IsCancellation(&statusError{"Canceled"}) {
				t.Error("forgotten")
			}
		})
	}
	wg.Wait()
}

// A mute context is done without saying why, as package context forbids.
type mute struct {
	context.Context
	done chan struct{}
}

func (m *mute) Done() <-chan struct{} { return m.done }
func (m *mute) Err() error            { return nil }

func TestContextThatIsDoneWithoutAnErrorIsCanceled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, when := range []string{"before", "while waiting"} {
			use := map[string]func(ctx context.Context) error{
				"Sleep": func(ctx context.Context) error { return anyio.Sleep(ctx, time.Hour) },
				"Lock": func(ctx context.Context) error {
					var l anyio.Lock
					if err := l.Acquire(context.WithoutCancel(ctx)); err != nil {
						return err
					}
					defer l.Release()
					return new(anyio.Event).Wait(ctx)
				},
				"a group in it": func(ctx context.Context) error {
					return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
						tg.Go(anyio.SleepForever)
						return nil
					})
				},
				"a scope in it": func(ctx context.Context) error {
					return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
						err := anyio.SleepForever(ctx)
						if ctx.Err() == nil {
							t.Error("Err of a scope in it is nil")
						}
						return err
					})
				},
				"values": func(ctx context.Context) error { return anyio.SleepForever(context.WithValue(ctx, valueKey{}, "v")) },
				"blocking": func(ctx context.Context) error {
					_, err := anyio.RunBlockingValue(ctx, func() (int, error) { return 0, anyio.SleepForever(ctx) })
					return err
				},
			}
			for name, f := range use {
				done := make(chan struct{})
				if when == "before" {
					close(done)
				}
				err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						testkit.WantCanceled(t, name+" canceled "+when, f(&mute{context.WithoutCancel(ctx), done}))
						return nil
					})
					if when != "before" {
						if name == "blocking" && testkit.Simulated(ctx) {
							close(done) // the function would hold up the whole simulation
							return nil
						}
						if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
							return err
						}
						close(done)
					}
					return nil
				})
				testkit.WantNil(t, name, err)
			}
		}
	})
}
