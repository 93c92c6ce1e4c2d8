package cluster_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
)

// silent is an option without which the client of NATS writes refusals to os.Stderr.
var silent = nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {})

func wantText(t *testing.T, what string, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("%s: %v; want an error with %q", what, err, text)
	}
}

// A user who may not do what a member does is told so.
func TestPermissions(t *testing.T) {
	may := func(name string, publish, subscribe string) *server.User {
		return &server.User{Username: name, Password: "x", Permissions: &server.Permissions{
			Publish: &server.SubjectPermission{Allow: []string{publish}}, Subscribe: &server.SubjectPermission{Allow: []string{subscribe}},
		}}
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		h := newHub(t, server.Options{JetStream: true, StoreDir: t.TempDir(), Users: []*server.User{
			may("nothing", "other.>", "other.>"), may("calls", "anyio.>", "anyio.c.>"), may("hears", "other.>", ">"), may("no store", "anyio.>", ">"),
		}})
		open := func(user string) (*cluster.Conn, error) {
			cfg := soon
			cfg.URL, cfg.Options = "nats://in.process", []nats.Option{nats.UserInfo(user, "x"), nats.InProcessServer(h.s), silent}
			return cluster.Open(ctx, cfg)
		}
		for _, user := range []string{"nothing", "calls"} {
			_, err := open(user)
			wantIs(t, err, nats.ErrPermissionViolation)
		}
		for user, try := range map[string]func(c *cluster.Conn) error{
			"hears":    func(c *cluster.Conn) error { _, err := cluster.Call(ctx, c, double, 1); return err },
			"no store": func(c *cluster.Conn) error { _, err := cluster.Submit(ctx, c, double, 1); return err },
		} {
			c, err := open(user)
			if err != nil {
				t.Fatal(err)
			}
			wantIs(t, try(c), nats.ErrPermissionViolation)
			if err := c.Close(ctx); err != nil {
				t.Error(err)
			}
		}
	}, onReal)
}

// A worker that may not hear of calls does not seem to work.
func TestPermissionsOfAWorker(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		h := newHub(t, server.Options{Users: []*server.User{{Username: "u", Password: "x", Permissions: &server.Permissions{
			Subscribe: &server.SubjectPermission{Deny: []string{"anyio.f.>"}},
		}}}})
		c, err := cluster.Open(ctx, cluster.Config{URL: "nats://in.process", Options: []nats.Option{nats.UserInfo("u", "x"), nats.InProcessServer(h.s), silent}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(ctx)
		wantIs(t, cluster.Work(ctx, c, cluster.Worker{Functions: []string{"double"}}), nats.ErrPermissionViolation)
	}, onReal)
}

// A server that cannot be started says why, and at once.
func TestServerThatCannotBeStarted(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err = cluster.Open(ctx, cluster.Config{Listen: l.Addr().String()})
		wantText(t, "an address that is taken", err, "listening on port: "+l.Addr().String())
		_, err = cluster.Open(ctx, cluster.Config{StoreDir: file})
		wantText(t, "a directory that is a file", err, file)
		_, err = cluster.Open(ctx, cluster.Config{Server: &server.Options{NoLog: true, DontListen: true, JetStream: true, JetStreamDomain: "a b", StoreDir: t.TempDir()}})
		if err == nil {
			t.Error("a server has a domain that no server can have")
		}
	}, onReal)
}

// What the guide says that a user needs is enough.
func TestPermissionsThatAreNeeded(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		h := newHub(t, server.Options{JetStream: true, StoreDir: t.TempDir(), Users: []*server.User{{Username: "u", Password: "x", Permissions: &server.Permissions{
			Publish:   &server.SubjectPermission{Allow: []string{"anyio.>", "$JS.API.>", "$JS.ACK.>", "$KV.anyio-leases.>"}},
			Subscribe: &server.SubjectPermission{Allow: []string{"anyio.>"}},
		}}}})
		c, err := cluster.Open(ctx, cluster.Config{URL: "nats://in.process", Options: []nats.Option{nats.UserInfo("u", "x"), nats.InProcessServer(h.s), silent}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(ctx)
		working(t, ctx, c, cluster.Worker{Jobs: true}, func(ctx context.Context) {
			if n, err := cluster.Call(ctx, c, double, 1); n != 2 || err != nil {
				t.Error(n, err)
			}
			if n, err := submit(t, ctx, c, double, 2).Await(ctx); n != 4 || err != nil {
				t.Error(n, err)
			}
			lock := lockOf(t, c, longLease)
			if err := lock.Do(ctx, func(context.Context, uint64) error { return nil }); err != nil {
				t.Error(err)
			}
			for _, err := range c.DeadLetters(ctx) {
				t.Error(err)
			}
		})
	}, onReal)
}

// Two servers in one directory would lose each other's jobs.
func TestStoreOfAnotherServer(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir := filepath.Join(t.TempDir(), "new")
		for range 2 {
			c, err := cluster.Open(ctx, cluster.Config{StoreDir: dir})
			if err != nil {
				t.Fatal(err)
			}
			for _, cfg := range []cluster.Config{
				{StoreDir: dir}, {Server: &server.Options{NoLog: true, DontListen: true, JetStream: true, StoreDir: dir}},
			} {
				_, err = cluster.Open(ctx, cfg)
				wantText(t, "a directory that is taken", err, dir+": another server keeps its data there")
			}
			if err := c.Close(ctx); err != nil {
				t.Error(err)
			}
		}
	}, onReal)
}

// A dialer is one of a network that is not there.
type dialer struct {
	dials atomic.Int32
	twice anyio.Event
}

func (d *dialer) Dial(string, string) (net.Conn, error) {
	if d.dials.Add(1) == 2 { // the client of NATS dials in the background now
		d.twice.Set()
	}
	return nil, errors.ErrUnsupported
}

// A server that does not answer keeps nobody who is canceled.
func TestOpenCanceledWithoutAServer(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		d := &dialer{}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				_, err := cluster.Open(ctx, cluster.Config{URL: "nats://127.0.0.1:1", Options: []nats.Option{
					nats.RetryOnFailedConnect(true), nats.SetCustomDialer(d), nats.ReconnectWait(time.Millisecond),
				}})
				if !anyio.IsCancellation(err) {
					t.Error(err)
				}
				return err
			})
			wait(t, ctx, &d.twice)
			tg.Cancel("nobody answers")
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}, onReal)
}
