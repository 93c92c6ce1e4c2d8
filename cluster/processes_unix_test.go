//go:build unix

package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/process"
)

// What this program is to be in place of a test: a worker, or a caller of one job.
const (
	roleEnv = "CLUSTER_TEST_ROLE"
	urlEnv  = "CLUSTER_TEST_URL"
	dirEnv  = "CLUSTER_TEST_DIR"
)

// among are processes that look after each other.
var among = cluster.Config{
	Heartbeat: 100 * time.Millisecond, Lost: time.Second,
	Options: []nats.Option{nats.ReconnectWait(20 * time.Millisecond), nats.ReconnectJitter(time.Millisecond, time.Millisecond)},
}

func init() {
	inPlaceOfTests = func() {
		role := os.Getenv(roleEnv)
		if role == "" {
			return
		}
		testkit.EndWithParent()
		cfg := among
		cfg.URL, cfg.Name = os.Getenv(urlEnv), role
		err := anyio.Run(context.Background(), func(ctx context.Context) error {
			c, err := openInTime(ctx, cfg)
			if err != nil {
				return err
			}
			defer c.Close(ctx)
			if role == "caller" {
				testkit.Ready()
				_, err := cluster.Call(ctx, c, jobs, job{Dir: os.Getenv(dirEnv), ID: "called", Hang: true})
				return err
			}
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				if _, err := anyio.Start(ctx, tg, cluster.Worker{Capacity: 8}.Task(c)); err != nil {
					return err
				}
				testkit.Ready()
				return nil
			})
		})
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// While a program is renewed there are workers of both kinds.
	if os.Getenv(roleEnv) == "old" {
		process.Register("renewed", func(_ context.Context, n int) (string, error) { return "old", nil })
	} else {
		renewed = process.Register("renewed", func(_ context.Context, v struct{ N int }) (string, error) { return "new", nil })
	}
}

var renewed *process.Function[struct{ N int }, string]

// A job leaves files: one of its ID as it begins, one more as it ends.
type job struct {
	Dir, ID string
	Hang    bool
	For     time.Duration
}

var jobs = process.Register("jobs", func(ctx context.Context, j job) (string, error) {
	path := filepath.Join(j.Dir, j.ID)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	_ = f.Close()
	if j.Hang {
		j.For = time.Hour
	}
	err = anyio.Sleep(ctx, j.For)
	return j.ID, errors.Join(err, os.WriteFile(path+".ended", nil, 0o600))
})

func exists(parts ...string) func() bool {
	return func() bool {
		_, err := os.Stat(filepath.Join(parts...))
		return err == nil
	}
}

// A child is this program in a role.
type child struct{ cmd *exec.Cmd }

func start(t *testing.T, url, role string, env ...string) *child {
	t.Helper()
	return &child{testkit.StartChild(t, append(env, roleEnv+"="+role, urlEnv+"="+url)...)}
}

func (c *child) signal(s syscall.Signal) { _ = c.cmd.Process.Signal(s) }

// amongProcesses runs a test with a member whose server others reach.
func amongProcesses(t *testing.T, f func(t *testing.T, ctx context.Context, c *cluster.Conn)) {
	t.Helper()
	cfg := among
	cfg.Listen, cfg.Options = "127.0.0.1:0", nil
	onEach(t, cfg, f)
}

func TestKilledWorker(t *testing.T) {
	amongProcesses(t, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		dir, worker := t.TempDir(), start(t, c.URL(), "worker")
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for _, id := range []string{"a", "b"} {
				tg.Go(func(ctx context.Context) error {
					_, err := cluster.Call(ctx, c, jobs, job{Dir: dir, ID: id, Hang: true})
					wantBroken(t, err, "")
					return nil
				})
				until(t, ctx, "it runs", exists(dir, id))
			}
			worker.signal(syscall.SIGKILL)
		})
	})
}

func TestSuspendedWorkerIsLostAndCancelsWhenItGoesOn(t *testing.T) {
	amongProcesses(t, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		dir, worker := t.TempDir(), start(t, c.URL(), "worker")
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				_, err := cluster.Call(ctx, c, jobs, job{Dir: dir, ID: "a", Hang: true})
				wantBroken(t, err, "")
				return nil
			})
			until(t, ctx, "it runs", exists(dir, "a"))
			worker.signal(syscall.SIGSTOP)
		})
		if exists(dir, "a.ended")() {
			t.Error("it has ended before")
		}
		worker.signal(syscall.SIGCONT)
		until(t, ctx, "it is canceled", exists(dir, "a.ended"))
		until(t, ctx, "it works again", func() bool { n, err := cluster.Call(ctx, c, double, 4); return n == 8 && err == nil })
	})
}

func TestCallsOfAKilledCallerAreCanceled(t *testing.T) {
	amongProcesses(t, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		dir := t.TempDir()
		working(t, ctx, c, cluster.Worker{}, func(ctx context.Context) {
			caller := start(t, c.URL(), "caller", dirEnv+"="+dir)
			until(t, ctx, "it runs", exists(dir, "called"))
			caller.signal(syscall.SIGKILL)
			until(t, ctx, "it is canceled", exists(dir, "called.ended"))
		})
	})
}

func TestWorkersOfTwoVersions(t *testing.T) {
	amongProcesses(t, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		old := start(t, c.URL(), "old")
		until(t, ctx, "the old worker says what it has", func() bool { // it may not have answered in time
			_, err := cluster.Call(ctx, c, renewed, struct{ N int }{1})
			wantIs(t, err, cluster.ErrNoWorker)
			return err != nil && strings.HasSuffix(err.Error(), `no worker for "renewed", func(struct{N int}) string; old has it as func(int) string`)
		})
		start(t, c.URL(), "new")
		for range 50 {
			if got, err := cluster.Call(ctx, c, renewed, struct{ N int }{1}); got != "new" || err != nil {
				t.Error(got, err)
			}
		}
		old.signal(syscall.SIGKILL)
	})
}

// Workers are killed at random, and started again. Each call has one outcome, nobody waits
// for ever, each job is done at most once, and once if its caller was told so.
func TestManyCallsWhileWorkersAreKilled(t *testing.T) {
	calls := 10000
	if testing.Short() {
		calls = 500
	}
	cfg := among
	cfg.Listen, cfg.Options = "127.0.0.1:0", nil
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		c, err := openInTime(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(ctx)
		dir := t.TempDir()
		var workers []*child
		for range 2 {
			workers = append(workers, start(t, c.URL(), "worker"))
		}
		var done, broken atomic.Int32
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			killer := anyio.GoValue(tg, func(ctx context.Context) (int, error) {
				for n := 0; ; n++ {
					told := done.Load() + broken.Load()
					until(t, ctx, "calls end", func() bool { return done.Load()+broken.Load() >= min(told+int32(calls/10), int32(calls)) })
					if int(done.Load()+broken.Load()) == calls {
						return n, nil
					}
					workers[n%2].signal(syscall.SIGKILL)
					workers[n%2] = start(t, c.URL(), "worker")
				}
			})
			ids := make([]int, calls)
			for i := range ids {
				ids[i] = i
			}
			_, err := anyio.Map(ctx, ids, 50, func(ctx context.Context, i int) (struct{}, error) {
				id := fmt.Sprint(i)
				got, err := cluster.Call(ctx, c, jobs, job{Dir: dir, ID: id})
				if _, lost := errors.AsType[*process.BrokenWorkerError](err); lost {
					broken.Add(1)
					return struct{}{}, nil
				}
				done.Add(1)
				if got != id || err != nil || !exists(dir, id+".ended")() {
					t.Error(id, got, err)
				}
				return struct{}{}, nil
			})
			if err != nil {
				t.Error(err)
			}
			if kills, err := killer.Await(ctx); kills < 2 || err != nil {
				t.Error(kills, err)
			}
		})
		if n := int(done.Load() + broken.Load()); n != calls || int(broken.Load()) > calls/4 {
			t.Errorf("%d done, %d broken of %d", done.Load(), broken.Load(), calls)
		}
		t.Logf("%d done, %d broken", done.Load(), broken.Load())
		nothingLeft(t, ctx, c)
	}, anyiotest.Only("parallel"))
}
