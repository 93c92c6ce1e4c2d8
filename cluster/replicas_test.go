package cluster_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
)

// threeServers are a cluster on this machine.
func threeServers(t *testing.T) (all []*server.Server, url string) {
	t.Helper()
	var routes, urls []string
	for i := range 3 {
		s, err := server.NewServer(&server.Options{
			ServerName: fmt.Sprint("n", i), Host: "127.0.0.1", Port: -1, NoLog: true, NoSigs: true, JetStream: true, StoreDir: t.TempDir(),
			Cluster: server.ClusterOpts{Name: "three", Host: "127.0.0.1", Port: -1},
			Routes:  server.RoutesFromStr(strings.Join(routes, ",")),
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		t.Cleanup(func() {
			s.Shutdown()
			s.WaitForShutdown()
		})
		if !s.ReadyForConnections(patience) {
			t.Fatal("the server does not begin")
		}
		all = append(all, s)
		routes = append(routes, "nats://"+s.ClusterAddr().String())
		urls = append(urls, s.ClientURL())
	}
	return all, strings.Join(urls, ",")
}

// What is kept by three servers is there when one of them is gone.
func TestReplicas(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		servers, url := threeServers(t)
		c, err := openInTime(ctx, cluster.Config{URL: url, Replicas: 3, Options: []nats.Option{nats.ReconnectWait(20 * time.Millisecond)}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(ctx)
		var job *cluster.Job[int]
		until(t, ctx, "the servers have found each other", func() bool {
			job, err = cluster.Submit(ctx, c, tries, 2)
			return err == nil
		})
		for _, s := range servers {
			if s.JetStreamIsStreamLeader(server.DEFAULT_GLOBAL_ACCOUNT, "anyio-jobs") {
				if err := anyio.RunBlocking(ctx, func() error { s.Shutdown(); s.WaitForShutdown(); return nil }); err != nil {
					t.Fatal(err)
				}
				break
			}
		}
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			if n, err := job.Await(ctx); n != 2 || err != nil {
				t.Error(n, err)
			}
			name, w := watching(t, "")
			dead := dies(t, ctx, c, name, 1)[0]
			w.goOn.Set()
			for _, d := range letters(t, ctx, c) {
				if err := d.Resubmit(ctx); err != nil {
					t.Error(err)
				}
			}
			if n, err := dead.Await(ctx); n != 0 || err != nil {
				t.Error(n, err)
			}
			if list := letters(t, ctx, c); list != nil {
				t.Error(list)
			}
		})
		l := lockOf(t, c, longLease)
		until(t, ctx, "the lock is held", func() bool { _, err := l.Acquire(ctx); return err == nil })
		if err := l.Release(ctx); err != nil {
			t.Error(err)
		}
	}, anyiotest.Only("parallel"))
}
