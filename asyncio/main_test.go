package asyncio_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/asyncio"
)

func TestMain(m *testing.M) {
	beChild()
	os.Exit(anyiotest.Main(m, anyiotest.IgnoreFunction("asyncio_test.waitsAgain")))
}

// onLoops runs a test on the event loop and in simulations.
func onLoops(t *testing.T, f func(t *testing.T, ctx context.Context), opts ...anyiotest.Option) {
	t.Helper()
	anyiotest.Run(t, f, append(opts, anyiotest.Only("eventloop", "sim"))...)
}

// A record is what has happened, in order.
type record struct{ all []string }

func (r *record) add(format string, args ...any) { r.all = append(r.all, fmt.Sprintf(format, args...)) }

func (r *record) call(what string) func() { return func() { r.add("%s", what) } }

func (r *record) want(t *testing.T, want string) {
	t.Helper()
	if got := strings.Join(r.all, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func loopOf(t *testing.T, ctx context.Context) *asyncio.Loop {
	t.Helper()
	l, err := asyncio.RunningLoop(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// turns lets n iterations pass.
func turns(t *testing.T, ctx context.Context, n int) {
	t.Helper()
	for range n {
		if err := asyncio.Sleep(ctx, 0); err != nil {
			t.Fatal(err)
		}
	}
}

// settled lets all callbacks be called that are ready, in any order of tasks.
func settled(t *testing.T, ctx context.Context) {
	t.Helper()
	f := asyncio.NewFuture[struct{}](ctx)
	loopOf(t, ctx).CallSoon(func() { _ = f.SetResult(struct{}{}) })
	if _, err := f.Await(ctx); err != nil {
		t.Fatal(err)
	}
}
