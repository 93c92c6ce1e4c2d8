package cache_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cache"
	"github.com/anyio-go/anyio/internal/testkit"
)

// In a bubble of package synctest calls are shared and values expire by its clock.
func TestCacheInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		c := cache.New(func(ctx context.Context, key string) (int, error) {
			calls++
			return calls, anyio.Sleep(ctx, time.Second)
		}, cache.Options{TTL: time.Minute})
		ctx := t.Context()
		get := func(ctx context.Context) (int, error) { return c.Get(ctx, "a") }
		values, err := anyio.Gather(ctx, get, get, get)
		if err != nil || len(values) != 3 || values[2] != 1 {
			t.Errorf("%v, %v", values, err)
		}
		testkit.Must(t, anyio.Sleep(ctx, 59*time.Second))
		wantValue(t, ctx, c, "a", 1)
		testkit.Must(t, anyio.Sleep(ctx, time.Second))
		wantValue(t, ctx, c, "a", 2)
	})
}
