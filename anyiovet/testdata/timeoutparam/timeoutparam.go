// Package timeoutparam has functions with timeouts.
package timeoutparam

import (
	"context"
	"time"

	"github.com/anyio-go/anyio"
)

func Fetch(ctx context.Context, url string, timeout time.Duration) error { // want `timeoutparam: leave the timeout of Fetch to a scope of the caller`
	return anyio.FailAfter(ctx, timeout, anyio.SleepForever)
}

type Client[T any] struct{}

func (c *Client[T]) Dial(ctx context.Context, dialTimeout time.Duration) error { // want `timeoutparam: leave the timeout of Dial`
	return anyio.FailAfter(ctx, dialTimeout, anyio.SleepForever)
}

type conn struct{}

func (conn) Dial(ctx context.Context, timeout time.Duration) error {
	return fetch(ctx, timeout)
}

func fetch(ctx context.Context, timeout time.Duration) error {
	return anyio.FailAfter(ctx, timeout, anyio.SleepForever)
}

func Every(ctx context.Context, interval time.Duration) error { return anyio.Sleep(ctx, interval) }

func SetTimeout(timeout time.Duration) {}
