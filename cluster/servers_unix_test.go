//go:build unix

package cluster_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/internal/testkit"
)

// serverEnv makes the test binary one server of a cluster: a serverConfig.
const serverEnv = "ANYIO_CLUSTER_TEST_SERVER"

type serverConfig struct {
	Name, Dir         string
	Port, ClusterPort int
	Routes            string
}

func init() {
	text := os.Getenv(serverEnv)
	if text == "" {
		return
	}
	testkit.EndWithParent()
	var cfg serverConfig
	err := json.Unmarshal([]byte(text), &cfg)
	if err == nil {
		var s *server.Server
		s, err = server.NewServer(&server.Options{
			ServerName: cfg.Name, Host: "127.0.0.1", Port: cfg.Port, NoLog: true, NoSigs: true, JetStream: true, StoreDir: cfg.Dir,
			Cluster: server.ClusterOpts{Name: "three", Host: "127.0.0.1", Port: cfg.ClusterPort},
			Routes:  server.RoutesFromStr(cfg.Routes),
		})
		if err == nil {
			s.Start()
			s.ReadyForConnections(patience)
			testkit.Ready()
			s.WaitForShutdown()
		}
	}
	fmt.Fprintln(os.Stderr, "the server process has ended:", err)
	os.Exit(1)
}

// serverProcesses are three servers, each in a process of its own.
type serverProcesses struct {
	cfgs  []serverConfig
	procs []*child
}

func startServers(t *testing.T) (s *serverProcesses, url string) {
	t.Helper()
	s = &serverProcesses{procs: make([]*child, 3)}
	var urls, routes []string
	for i := range s.procs {
		cfg := serverConfig{Name: fmt.Sprint("n", i), Dir: t.TempDir(), Port: anyiotest.FreeTCPPort(t), ClusterPort: anyiotest.FreeTCPPort(t)}
		s.cfgs = append(s.cfgs, cfg)
		urls = append(urls, fmt.Sprintf("nats://127.0.0.1:%d", cfg.Port))
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", cfg.ClusterPort))
	}
	for i := range s.procs {
		s.cfgs[i].Routes = strings.Join(routes, ",")
		s.start(t, i)
	}
	return s, strings.Join(urls, ",")
}

func (s *serverProcesses) start(t *testing.T, i int) {
	t.Helper()
	text, err := json.Marshal(s.cfgs[i])
	if err != nil {
		t.Fatal(err)
	}
	s.procs[i] = &child{testkit.StartChild(t, serverEnv+"="+string(text))}
}

// One of three servers after the other is killed and started again, or suspended. Jobs are
// done all the same, each at least once; calls are told; a lock has one holder.
func TestServersAreKilledAndSuspended(t *testing.T) {
	t.Parallel()
	disturbances := 3
	if testing.Short() {
		disturbances = 2
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		servers, url := startServers(t)
		cfg := cluster.Config{
			URL: url, Replicas: 3, Heartbeat: 100 * time.Millisecond, Lost: 2 * time.Second,
			Options: []nats.Option{nats.ReconnectWait(20 * time.Millisecond), nats.PingInterval(500 * time.Millisecond), nats.MaxPingsOutstanding(2)},
		}
		c, err := openInTime(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(ctx)
		file := filepath.Join(t.TempDir(), "marks")
		until(t, ctx, "the servers have found each other", func() bool {
			_, err := cluster.Submit(ctx, c, marks, mark{File: file, ID: 0}, cluster.Key("0"))
			return err == nil
		})
		for range 2 {
			startWorker(t, url)
		}
		seed := rand.Uint64()
		t.Log("seed", seed)
		random := rand.New(rand.NewPCG(seed, 0))
		var submitted, done, calls, grants atomic.Int64
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for range 20 {
				tg.Go(func(ctx context.Context) error {
					for {
						id := int(submitted.Add(1))
						for finished := false; !finished; {
							job, err := cluster.Submit(ctx, c, marks, mark{File: file, ID: id}, cluster.Key(fmt.Sprint(id)), cluster.Attempts(100))
							if err == nil {
								_, err = job.Await(ctx)
							}
							if anyio.IsCancellation(err) {
								return err
							}
							finished = err == nil
						}
						done.Add(1)
					}
				}, anyio.Name("submitter"))
			}
			tg.Go(func(ctx context.Context) error {
				for ctx.Err() == nil {
					if n, err := cluster.Call(ctx, c, double, 4); err == nil && n == 8 {
						calls.Add(1)
					} else if !anyio.IsCancellation(err) {
						told(t, err)
					}
					if err := anyio.Sleep(ctx, 10*time.Millisecond); err != nil {
						return err
					}
				}
				return nil
			}, anyio.Name("caller"))
			var tokens sync.Map
			for range 2 {
				tg.Go(func(ctx context.Context) error {
					return takeTurns(t, ctx, lockOf(t, c, 4*time.Second), &tokens, &grants)
				}, anyio.Name("holder"))
			}
			for n := range disturbances {
				all := func() bool {
					a, b, g := done.Load(), calls.Load(), grants.Load()
					return goneOn(t, ctx, func() bool { return done.Load() > a+20 && calls.Load() > b+5 && grants.Load() > g+1 })
				}
				if !all() {
					break
				}
				i := random.IntN(3)
				if n%2 == 0 {
					servers.procs[i].signal(syscall.SIGKILL)
					_ = anyio.RunBlocking(ctx, servers.procs[i].cmd.Wait) // it says that it was killed
				} else {
					servers.procs[i].signal(syscall.SIGSTOP)
				}
				if !all() {
					t.Errorf("nothing goes on without server %d", i)
				}
				if n%2 == 0 {
					servers.start(t, i)
				} else {
					servers.procs[i].signal(syscall.SIGCONT)
				}
			}
			tg.Cancel("the test is over")
		})
		effects := map[string]int{}
		for _, line := range lines(t, file) {
			id, _, _ := strings.Cut(line, " ")
			effects[id]++
		}
		if n := int(done.Load()); len(effects) < n {
			t.Errorf("%d jobs have results, %d had an effect", n, len(effects))
		}
		t.Logf("%d jobs, %d of them done once; %d calls, %d grants", done.Load(), count(effects, 1), calls.Load(), grants.Load())
	}, anyiotest.Only("parallel"))
}

// goneOn waits until something has happened, and reports false if it has not.
func goneOn(t *testing.T, ctx context.Context, what func() bool) bool {
	t.Helper()
	until(t, ctx, "it goes on", what)
	return what()
}

// takeTurns takes and returns a lock again and again. Each grant has a token of its own.
func takeTurns(t *testing.T, ctx context.Context, l *cluster.Lock, tokens *sync.Map, grants *atomic.Int64) error {
	for ctx.Err() == nil {
		token, err := l.Acquire(ctx)
		if err != nil {
			if err := anyio.Sleep(ctx, 50*time.Millisecond); err != nil {
				return err
			}
			continue
		}
		if _, twice := tokens.LoadOrStore(token, true); twice {
			t.Errorf("token %d twice", token)
		}
		grants.Add(1)
		_ = l.Release(ctx) // the lease ends if it cannot
	}
	return nil
}
