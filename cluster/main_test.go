package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/process"
)

// Functions that the tests call.
var (
	empty  = process.Register("empty", func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil })
	double = process.Register("double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	fails  = process.Register("fails", func(_ context.Context, text string) (int, error) {
		return 0, fmt.Errorf("%s: %w", text, io.ErrUnexpectedEOF)
	})
	panics = process.Register("panics", func(_ context.Context, text string) (int, error) { panic(text) })

	// hangs waits until it is canceled, and says how it goes.
	hangs = process.Register("hangs", func(ctx context.Context, name string) (string, error) {
		watched(name).begun.Set()
		defer watched(name).ended.Set()
		return "", anyio.SleepForever(ctx)
	})
	// gives waits for the event of its name, and returns the name.
	gives = process.Register("gives", func(ctx context.Context, name string) (string, error) {
		w := watched(name)
		w.count.Add(1)
		w.begun.Set()
		err := w.goOn.Wait(ctx)
		w.ended.Set()
		return name, err
	})
)

// A watch is what a test and a function of it share, as they are in one process.
type watch struct {
	begun, goOn, ended anyio.Event
	count              atomic.Int32
}

// eachReal runs a test on the backends that have a network, with a cluster in this process.
func eachReal(t *testing.T, cfg cluster.Config, f func(t *testing.T, ctx context.Context, c *cluster.Conn)) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		c, err := cluster.Open(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(ctx)
		f(t, ctx, c)
	}, anyiotest.Skip("sim", "there is no simulated server"))
}

// working runs body beside a worker.
func working(t *testing.T, ctx context.Context, c *cluster.Conn, w cluster.Worker, body func(ctx context.Context)) {
	t.Helper()
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		if _, err := anyio.Start(ctx, tg, w.Task(c)); err != nil {
			return err
		}
		body(ctx)
		tg.Cancel("the test is over")
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestCall(t *testing.T) {
	eachReal(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, cluster.Worker{}, func(ctx context.Context) {
			if n, err := cluster.Call(ctx, c, double, 21); n != 42 || err != nil {
				t.Error(n, err)
			}
			if n, err := cluster.Call(ctx, c, double, 21, cluster.With(cluster.JSON)); n != 42 || err != nil {
				t.Error(n, err)
			}
			if _, err := cluster.Call(ctx, c, empty, struct{}{}); err != nil {
				t.Error(err)
			}
			_, err := cluster.Call(ctx, c, fails, "reading")
			if re, ok := errors.AsType[*process.RemoteError](err); !ok || re.Text != "reading: unexpected EOF" || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%#v", err)
			}
			_, err = cluster.Call(ctx, c, panics, "ouch")
			if re, ok := errors.AsType[*process.RemoteError](err); !ok || re.Text != "ouch" || re.Stack == "" {
				t.Errorf("%#v", err)
			}
		})
	})
}

func TestOpenInTheSimulator(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		if _, err := cluster.Open(ctx, cluster.Config{}); !errors.Is(err, errors.ErrUnsupported) {
			t.Error(err)
		}
	}, anyiotest.Only("sim"))
}
