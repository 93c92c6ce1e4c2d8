package cluster_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
)

// inPlaceOfTests is what this program does if it was started by a test.
var inPlaceOfTests = func() {}

func TestMain(m *testing.M) {
	inPlaceOfTests()
	os.Exit(anyiotest.Main(m))
}

// patience is how long a test waits for what is to come at once.
const patience = time.Minute

// soon has members ask each other often.
var soon = cluster.Config{Heartbeat: 20 * time.Millisecond, Lost: 400 * time.Millisecond}

// eachReal is onEach on the backends that have real servers.
func eachReal(t *testing.T, cfg cluster.Config, f func(t *testing.T, ctx context.Context, c *cluster.Conn)) {
	t.Helper()
	onEach(t, cfg, f, onReal)
}

// onEach runs a test with a cluster in this process, on each backend that has what its
// configuration wants. In the end nothing is left of calls.
func onEach(t *testing.T, cfg cluster.Config, f func(t *testing.T, ctx context.Context, c *cluster.Conn), opts ...anyiotest.Option) {
	t.Helper()
	if cfg.Listen != "" || cfg.Server != nil || cfg.Conn != nil || cfg.StoreDir != "" {
		opts = append(opts, onReal)
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		c, err := cluster.Open(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(ctx)
		f(t, ctx, c)
		nothingLeft(t, ctx, c)
	}, append(opts, quiet)...)
}

// quiet logs no panics of functions.
var quiet = anyiotest.RunOptions(anyio.OnPanic(func(*anyio.PanicError) {}))

var onReal = anyiotest.Skip("sim", "it needs a real server, or real time")

// openInTime opens a member at a server that may take longer to answer than the client of
// NATS waits, as the machine is busy.
func openInTime(ctx context.Context, cfg cluster.Config) (*cluster.Conn, error) {
	for begun := anyio.Now(ctx); ; {
		c, err := cluster.Open(ctx, cfg)
		if err == nil || anyio.IsCancellation(err) || anyio.Now(ctx).Sub(begun) > patience {
			return c, err
		}
		if err := anyio.Sleep(ctx, 100*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

func nothingLeft(t *testing.T, ctx context.Context, c *cluster.Conn) {
	t.Helper()
	until(t, ctx, "nothing is left", func() bool { return c.Left() == "" })
	if left := c.Left(); left != "" {
		t.Error(left)
	}
}

// until waits for a condition that no event tells of.
func until(t *testing.T, ctx context.Context, what string, is func() bool) {
	t.Helper()
	late, err := anyio.MoveOnAfter(ctx, patience, func(ctx context.Context) error {
		for !is() {
			if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
				return err
			}
		}
		return nil
	})
	if late || err != nil {
		t.Errorf("%s: not so after %v, %v", what, patience, err)
	}
}

// working runs body beside a worker, which is canceled then.
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

// group runs body with a group.
func group(t *testing.T, ctx context.Context, body func(ctx context.Context, tg *anyio.TaskGroup)) {
	t.Helper()
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		body(ctx, tg)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// A hub is a server for several members in one process.
type hub struct{ s *server.Server }

func newHub(t *testing.T, o server.Options) *hub {
	t.Helper()
	o.NoLog, o.NoSigs, o.DontListen = true, true, true
	s, err := server.NewServer(&o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	return &hub{s}
}

func (h *hub) connect(t *testing.T) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect("", nats.InProcessServer(h.s))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// join makes a member, for as long as the test runs.
func (h *hub) join(t *testing.T, ctx context.Context, cfg cluster.Config) (*cluster.Conn, *nats.Conn) {
	t.Helper()
	cfg.Conn = h.connect(t)
	c, err := cluster.Open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c, cfg.Conn
}

func wantIs(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%v; want %v", err, want)
	}
}

// endsInTime calls a function that does not end by itself, under a time limit.
func endsInTime(t *testing.T, ctx context.Context, c *cluster.Conn, limit time.Duration) {
	t.Helper()
	name, w := watching(t, "")
	late, err := anyio.MoveOnAfter(ctx, limit, func(ctx context.Context) error {
		_, err := cluster.Call(ctx, c, hangs, name)
		return err
	})
	if !late || err != nil || w.begun.IsSet() != w.ended.IsSet() {
		t.Error(late, err)
	}
}
