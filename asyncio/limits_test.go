package asyncio_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/process"
)

func TestTimesThatAreFarAwayAreNotNow(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		for _, d := range []time.Duration{anyio.Forever, anyio.Forever - 1, anyio.Forever - time.Hour} {
			if err := asyncio.WithTimeout(ctx, d, func(ctx context.Context, _ *asyncio.Deadline) error {
				return asyncio.Sleep(ctx, ms)
			}); err != nil {
				t.Errorf("%v: %v", d, err)
			}
			if v, err := asyncio.WaitFor(ctx, after(ctx, ms, 1, nil), d); v != 1 || err != nil {
				t.Errorf("%v: %v, %v", d, v, err)
			}
		}
	})
}

func TestConnectionsAndServersNeedAFactory(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		for _, call := range map[string]func() error{
			"server": func() error { _, err := l.CreateServer(ctx, nil, asyncio.ServerOptions{}); return err },
			"UNIX server": func() error {
				_, err := l.CreateUnixServer(ctx, nil, asyncio.UnixServerOptions{Path: "@none"})
				return err
			},
			"connection": func() error {
				_, _, err := l.CreateConnection(ctx, nil, asyncio.ConnectionOptions{Host: "localhost", Port: 1})
				return err
			},
			"UNIX connection": func() error {
				_, _, err := l.CreateUnixConnection(ctx, nil, asyncio.UnixConnectionOptions{Path: "@none"})
				return err
			},
			"accepted": func() error {
				_, _, err := l.ConnectAcceptedSocket(ctx, nil, nil, asyncio.AcceptedOptions{})
				return err
			},
			"datagrams": func() error {
				_, _, err := l.CreateDatagramEndpoint(ctx, nil, asyncio.DatagramOptions{LocalHost: "127.0.0.1"})
				return err
			},
			"read pipe":  func() error { _, _, err := l.ConnectReadPipe(ctx, nil, nil); return err },
			"write pipe": func() error { _, _, err := l.ConnectWritePipe(ctx, nil, nil); return err },
			"process": func() error {
				_, _, err := l.Subprocess(ctx, nil, process.Command{Args: []string{"true"}})
				return err
			},
		} {
			testkit.WantMisuseText(t, call(), "factory")
		}
	})
}

func TestFuturesThatAreNilAreRefused(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		for name, call := range map[string]func(){
			"Gather":  func() { asyncio.Gather[int](ctx, nil) },
			"Shield":  func() { asyncio.Shield[int](ctx, nil) },
			"WaitFor": func() { _, _ = asyncio.WaitFor[int](ctx, nil, 0) },
			"Wait":    func() { _, _, _ = asyncio.Wait(ctx, []asyncio.AnyFuture{nil}, asyncio.WaitOptions{}) },
		} {
			err, ok := testkit.Recovered(call).(error)
			if !ok {
				t.Error(name)
			}
			testkit.WantMisuseText(t, err, "nil")
		}
	})
}

func TestBarrierOfNobodyIsRefused(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var b asyncio.Barrier
		_, err := b.Wait(ctx)
		testkit.WantMisuseText(t, err, "NewBarrier")
	})
}

func TestReturnWhenThatIsNone(t *testing.T) {
	if s := asyncio.ReturnWhen(9).String(); s != "ReturnWhen(9)" {
		t.Error(s)
	}
	onLoops(t, func(t *testing.T, ctx context.Context) {
		f := []asyncio.AnyFuture{asyncio.NewFuture[int](ctx)}
		_, _, err := asyncio.Wait(ctx, f, asyncio.WaitOptions{ReturnWhen: 9})
		testkit.WantMisuseText(t, err, "ReturnWhen(9)")
	})
}

// A time that is left, computed, may be negative.
func TestTimesThatHavePassedAreNow(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		there, late := asyncio.NewFuture[int](ctx), asyncio.NewFuture[int](ctx)
		testkit.WantNil(t, "SetResult", there.SetResult(1))
		done, left, err := asyncio.Wait(ctx, []asyncio.AnyFuture{late, there}, asyncio.WaitOptions{Timeout: -1})
		if len(done) != 1 || len(left) != 1 || err != nil {
			t.Errorf("%d done, %d left, %v", len(done), len(left), err)
		}
		for _, limit := range []time.Duration{0, -1} {
			var r record
			for v, err := range asyncio.AsCompleted(ctx, []asyncio.Awaitable[int]{late, there}, limit) {
				r.add("%d%v", v, errors.Is(err, anyio.ErrTimeout))
			}
			r.want(t, "1false 0true")
		}
	})
}
