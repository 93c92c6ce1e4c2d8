package oteltest

import (
	"context"
	"fmt"
	"os"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/otelanyio"
)

// urlEnv makes this program a worker of the server there, in place of tests.
const urlEnv = "OTELTEST_URL"

func TestMain(m *testing.M) {
	if url := os.Getenv(urlEnv); url != "" {
		fmt.Fprintln(os.Stderr, workFor(url))
		os.Exit(1)
	}
	os.Exit(anyiotest.Main(m))
}

// workFor is the worker process. It ends with the one that has started it.
func workFor(url string) error {
	testkit.EndWithParent()
	if _, err := otelanyio.Instrument(otelanyio.WithTracerProvider(sdktrace.NewTracerProvider())); err != nil {
		return err
	}
	return anyio.Run(context.Background(), func(ctx context.Context) error {
		c, err := cluster.Open(ctx, cluster.Config{URL: url})
		if err != nil {
			return err
		}
		defer c.Close(ctx)
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			if _, err := anyio.Start(ctx, tg, cluster.Worker{Jobs: true}.Task(c)); err != nil {
				return err
			}
			testkit.Ready()
			return nil
		})
	})
}

// inCluster runs body as a member of a cluster with a real server, on each backend that
// has one.
func inCluster(t *testing.T, body func(t *testing.T, ctx context.Context, c *cluster.Conn)) {
	t.Helper()
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		c, err := cluster.Open(ctx, cluster.Config{Listen: "127.0.0.1:0"})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(ctx)
		body(t, ctx, c)
	}, anyiotest.Skip("sim", "it needs a real server"))
}

// working runs body beside a worker, which is canceled then.
func working(t *testing.T, ctx context.Context, c *cluster.Conn, body func(ctx context.Context)) {
	t.Helper()
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		if _, err := anyio.Start(ctx, tg, cluster.Worker{Jobs: true}.Task(c)); err != nil {
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
