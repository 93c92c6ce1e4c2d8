package aiter_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/aiter"
	"github.com/anyio-go/anyio/internal/testkit"
)

// waiting is a sequence that waits before each item, counts those it has given, and tells
// when it was left.
type waiting struct {
	given int
	left  bool
	fail  error // comes after the last item
}

func (w *waiting) of(ctx context.Context, items ...int) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		defer func() { w.left = true }()
		for _, item := range items {
			if err := anyio.Sleep(ctx, 0); err != nil {
				yield(0, err)
				return
			}
			w.given++
			if !yield(item, nil) {
				return
			}
		}
		if w.fail != nil {
			yield(-1, w.fail)
		}
	}
}

func ints(ctx context.Context, items ...int) iter.Seq2[int, error] {
	return new(waiting).of(ctx, items...)
}

func chars(ctx context.Context, text string) iter.Seq2[string, error] {
	return aiter.From(ctx, slices.Values(strings.Split(text, "")))
}

func even(_ context.Context, n int) (bool, error)       { return n%2 == 0, nil }
func below(_ context.Context, n int) (bool, error)      { return n < 3, nil }
func add(_ context.Context, a, b int) (int, error)      { return a + b, nil }
func double(_ context.Context, n int) (int, error)      { return 2 * n, nil }
func tens(_ context.Context, n int) (int, error)        { return n / 10, nil }
func text[T any](seq iter.Seq2[T, error], n int) string { return shown(first(seq, n)) }

// first are the first n items of a sequence as text, and its error, if it came before.
func first[T any](seq iter.Seq2[T, error], n int) (all []string, err error) {
	if n == 0 {
		return nil, nil
	}
	for item, err := range seq {
		if err != nil {
			return all, err
		}
		if all = append(all, fmt.Sprint(item)); len(all) == n {
			break
		}
	}
	return all, nil
}

func shown(items []string, err error) string {
	line := strings.Join(items, " ")
	if err != nil {
		line += " error: " + err.Error()
	}
	return line
}

func want(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %s\nwant %s", what, got, want)
	}
}

// canceled runs body in a scope that is canceled already.
func canceled(t *testing.T, ctx context.Context, body func(ctx context.Context)) {
	t.Helper()
	testkit.Must(t, anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
		scope.Cancel("test")
		body(ctx)
		return nil
	}))
}
