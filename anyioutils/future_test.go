package anyioutils_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/anyioutils"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestFutureIsSetOnce(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for name, set := range map[string]func(f *anyioutils.Future[int]) error{
			"Set":      func(f *anyioutils.Future[int]) error { return f.Set(7) },
			"SetError": func(f *anyioutils.Future[int]) error { return f.SetError(testkit.ErrBoom) },
			"Cancel": func(f *anyioutils.Future[int]) error {
				ok, err := f.Cancel()
				if !ok {
					t.Error("Cancel of a pending future returned false")
				}
				return err
			},
		} {
			f := anyioutils.NewFuture[int]()
			_, err := f.Value()
			testkit.WantIs(t, "Value before", err, anyioutils.ErrInvalidState)
			testkit.WantIs(t, "Err before", f.Err(), anyioutils.ErrInvalidState)
			if f.Done() || f.Canceled() {
				t.Errorf("%s: done before", name)
			}
			testkit.WantNil(t, name, set(f))
			if !f.Done() {
				t.Errorf("%s: not done after", name)
			}
			testkit.WantIs(t, "Set after "+name, f.Set(8), anyioutils.ErrInvalidState)
			testkit.WantIs(t, "SetError after "+name, f.SetError(testkit.ErrBoom), anyioutils.ErrInvalidState)
			if ok, err := f.Cancel(); ok || err != nil {
				t.Errorf("Cancel after %s: %t, %v", name, ok, err)
			}
			testkit.WantNil(t, "Wait", f.Wait(ctx))
		}
	})
}

func TestFutureGivesItsOutcomeToAll(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var value, failure anyioutils.Future[int]
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for range 3 {
				tg.Go(func(ctx context.Context) error {
					for range 2 { // again and again
						if v, err := value.Await(ctx); v != 7 || err != nil {
							t.Errorf("%d, %v", v, err)
						}
						_, err := failure.Await(ctx)
						fe, _ := errors.AsType[*anyio.FutureError](err)
						if fe == nil || fe.Err != testkit.ErrBoom {
							t.Errorf("failed: %v", err)
						}
					}
					return nil
				})
			}
			testkit.Settled(t, ctx)
			testkit.WantNil(t, "Set", value.Set(7))
			testkit.WantNil(t, "SetError", failure.SetError(testkit.ErrBoom))
			return nil
		})
		testkit.WantNil(t, "group", err)
		if err := value.Err(); err != nil {
			t.Errorf("Err of one with a value: %v", err)
		}
		if err := failure.Err(); err != testkit.ErrBoom {
			t.Errorf("Err of one that failed: %v", err)
		}
		testkit.WantMisuse(t, "SetError(nil)", new(anyioutils.Future[int]).SetError(nil))
	})
}

func TestFutureIsCanceledWithAndWithoutAnError(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var quiet, loud anyioutils.Future[int]
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				if v, err := quiet.Await(ctx); v != 0 || err != nil {
					t.Errorf("Cancel: %d, %v", v, err)
				}
				_, err := loud.Await(ctx)
				if testkit.WantErr(t, err, anyioutils.ErrCanceled); anyio.IsCancellation(err) {
					t.Error("it is taken for a cancellation of the caller")
				}
				return nil
			})
			testkit.Settled(t, ctx)
			for name, cancel := range map[string]func() (bool, error){"Cancel": quiet.Cancel, "CancelWithError": loud.CancelWithError} {
				if ok, err := cancel(); !ok || err != nil {
					t.Errorf("%s: %t, %v", name, ok, err)
				}
			}
			return nil
		})
		testkit.WantNil(t, "group", err)
		for _, f := range []*anyioutils.Future[int]{&quiet, &loud} {
			_, err := f.Value()
			testkit.WantErr(t, err, anyioutils.ErrCanceled)
			testkit.WantErr(t, f.Err(), anyioutils.ErrCanceled)
			if !f.Canceled() || !f.Done() {
				t.Error("a canceled future is canceled and done")
			}
		}
	})
}

// Callbacks are called in order inside Set, with the future done, and all of them
// whatever they return.
func TestFutureCallsItsCallbacks(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var f anyioutils.Future[int]
		var calls []string
		add := func(name string, err error) func() bool {
			remove, addErr := f.AddDoneCallback(func(g *anyioutils.Future[int]) error {
				if v, err := g.Value(); v != 7 || err != nil || g != &f {
					t.Errorf("%s: %d, %v", name, v, err)
				}
				calls = append(calls, name)
				return err
			})
			testkit.WantNil(t, "AddDoneCallback", addErr)
			return remove
		}
		first, second := errors.New("first"), errors.New("second")
		add("a", first)
		removed := add("b", nil)
		add("c", second)
		add("d", nil)
		if !removed() || removed() {
			t.Error("a callback is removed once")
		}
		err := f.Set(7)
		ce, _ := errors.AsType[*anyioutils.CallbackError](err)
		if ce == nil || !slices.Equal(ce.Errs, []error{first, second}) || !errors.Is(err, second) {
			t.Errorf("Set: %v", err)
		}
		add("late", nil)
		if want := []string{"a", "c", "d", "late"}; !slices.Equal(calls, want) {
			t.Errorf("called: %q, want %q", calls, want)
		}
		if removed() {
			t.Error("removed after the end")
		}
		remove, err := f.AddDoneCallback(func(*anyioutils.Future[int]) error { return first })
		if ce, _ := errors.AsType[*anyioutils.CallbackError](err); ce == nil || ce.Errs[0] != first || remove() {
			t.Errorf("late and failing: %v", err)
		}
	})
}

// One that panics keeps the others from nothing, and the panic goes on.
func TestFutureCallbackThatPanics(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var f anyioutils.Future[int]
		called := 0
		for i := range 3 {
			_, _ = f.AddDoneCallback(func(*anyioutils.Future[int]) error {
				if called++; i == 0 {
					panic("bomb")
				}
				return nil
			})
		}
		if v := testkit.Recovered(func() { _ = f.Set(1) }); v != "bomb" || called != 3 {
			t.Errorf("recovered %v after %d calls", v, called)
		}
		if v, err := f.Await(ctx); v != 1 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
	})
}

// Callbacks that are added and removed while the future is set are called exactly once,
// or not at all.
func TestFutureCallbacksAddedMeanwhile(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for range 20 {
			var f anyioutils.Future[int]
			counts := make([]int, 8)
			removed := make([]bool, len(counts))
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for i := range counts {
					tg.Go(func(ctx context.Context) error {
						remove, err := f.AddDoneCallback(func(*anyioutils.Future[int]) error {
							if !f.Done() {
								return fmt.Errorf("%d: called before the end", i)
							}
							counts[i]++
							return nil
						})
						if i%2 == 0 {
							removed[i] = remove()
						}
						return err
					})
				}
				return f.Set(1)
			})
			testkit.WantNil(t, "group", err)
			for i, n := range counts {
				if n != 1 && (n != 0 || !removed[i]) || n == 1 && removed[i] {
					t.Errorf("callback %d: %d calls, removed: %t", i, n, removed[i])
				}
			}
		}
	})
}

func TestCallbacksThatAreNilAreRefused(t *testing.T) {
	f := anyioutils.NewFuture[int]()
	task := anyioutils.NewTask(func(context.Context) (int, error) { return 1, nil })
	remove, err := f.AddDoneCallback(nil)
	testkit.WantMisuseText(t, err, "the callback is nil")
	if remove() {
		t.Error("a callback that was refused was removed")
	}
	_, err = task.AddDoneCallback(nil)
	testkit.WantMisuseText(t, err, "the callback is nil")
	testkit.WantNil(t, "Set", f.Set(1))
	_, err = f.AddDoneCallback(nil)
	testkit.WantMisuseText(t, err, "the callback is nil")
}
