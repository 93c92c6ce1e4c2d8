package anyioutils_test

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/anyioutils"
	"github.com/anyio-go/anyio/internal/testkit"
)

// Two wait while one uses the resource, and a fourth comes when the first has gone.
func TestResourceLockExcludesThoseWhoComeLate(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var lock anyioutils.ResourceLock[string]
		users, most := 0, 0
		var use func(ctx context.Context) error
		var late anyio.Event
		use = func(ctx context.Context) error {
			return lock.Do(ctx, "door", func(ctx context.Context) error {
				users++
				most = max(most, users)
				err := anyio.Sleep(ctx, 1)
				users--
				late.Set()
				return err
			})
		}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for range 3 {
				tg.Go(use)
			}
			if err := late.Wait(ctx); err != nil {
				return err
			}
			for range 3 {
				tg.Go(use)
			}
			return nil
		})
		testkit.WantNil(t, "group", err)
		if most != 1 {
			t.Errorf("%d used it at the same time", most)
		}
		if lock.Locked("door") {
			t.Error("still locked")
		}
	})
}

func TestResourceLockOfOtherKeysIsFree(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var lock anyioutils.ResourceLock[int]
		err := lock.Do(ctx, 1, func(ctx context.Context) error {
			if !lock.Locked(1) || lock.Locked(2) {
				t.Error("1 is locked and 2 is not")
			}
			err := lock.Do(ctx, 1, func(context.Context) error { return nil })
			testkit.WantMisuse(t, "the same key again", err)
			return lock.Do(ctx, 2, func(ctx context.Context) error { return testkit.ErrBoom })
		})
		if err != testkit.ErrBoom {
			t.Errorf("the error became %v", err)
		}
	})
}

// Who gives up, or panics, leaves the lock usable and nothing behind.
func TestResourceLockForgetsItsKeys(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var lock anyioutils.ResourceLock[int]
		nothing := func(context.Context) error { return nil }
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for key := range 50 {
				tg.Go(func(ctx context.Context) error {
					return lock.Do(ctx, key, func(ctx context.Context) error { return anyio.Sleep(ctx, 3) })
				})
				waiter := tg.Go(func(ctx context.Context) error { return lock.Do(ctx, key, nothing) })
				if key%2 == 0 {
					waiter.Cancel("test")
				}
			}
			return nil
		})
		testkit.WantNil(t, "group", err)
		if v := testkit.Recovered(func() {
			_ = lock.Do(ctx, 7, func(context.Context) error { panic("bomb") })
		}); v != "bomb" {
			t.Errorf("recovered %v", v)
		}
		testkit.WantNil(t, "after a panic", lock.Do(ctx, 7, nothing))
		if n := anyioutils.KeysOf(&lock); n != 0 {
			t.Errorf("%d keys are kept", n)
		}
	})
}
