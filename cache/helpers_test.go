package cache_test

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cache"
)

// A loader is a function to be cached that waits until it may go on.
type loader struct {
	calls  []string // the keys that it was called for; of tasks that take turns
	begun  anyio.Event
	answer anyio.Event
	ended  anyio.Event
}

func (l *loader) load(ctx context.Context, key string) (string, error) {
	l.calls = append(l.calls, key)
	l.begun.Set()
	defer l.ended.Set()
	if err := l.answer.Wait(ctx); err != nil {
		return "", err
	}
	return "value of " + key, nil
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

// get asks for a key in a task of its own.
func get[K comparable, V any](tg *anyio.TaskGroup, c *cache.Cache[K, V], key K) *anyio.ValueHandle[outcome[V]] {
	return anyio.GoValue(tg, func(ctx context.Context) (outcome[V], error) {
		v, err := c.Get(ctx, key)
		return outcome[V]{v, err}, nil
	})
}

type outcome[V any] struct {
	value V
	err   error
}

// wantValue asks for a key that must have this value.
func wantValue[K, V comparable](t *testing.T, ctx context.Context, c *cache.Cache[K, V], key K, want V) {
	t.Helper()
	if v, err := c.Get(ctx, key); v != want || err != nil {
		t.Errorf("%v: got %v, %v, want %v", key, v, err, want)
	}
}

func wantStatistics[K comparable, V any](t *testing.T, ctx context.Context, c *cache.Cache[K, V], want cache.Statistics) {
	t.Helper()
	if got := c.Statistics(ctx); got != want {
		t.Errorf("statistics: %+v, want %+v", got, want)
	}
}
