package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/process"
)

// jobWorkerEnv makes the test binary a worker for the server at this address.
const jobWorkerEnv = "ANYIO_CLUSTER_TEST_JOB_WORKER"

func init() {
	if url := os.Getenv(jobWorkerEnv); url != "" {
		testkit.EndWithParent()
		err := anyio.Run(context.Background(), func(ctx context.Context) error {
			c, err := openInTime(ctx, cluster.Config{
				URL: url, Heartbeat: killed.Heartbeat, Lost: killed.Lost,
				Options: []nats.Option{nats.ReconnectWait(20 * time.Millisecond), nats.PingInterval(500 * time.Millisecond), nats.MaxPingsOutstanding(2)},
			})
			if err != nil {
				return err
			}
			testkit.Ready()
			return cluster.Work(ctx, c, cluster.Worker{Jobs: true, Capacity: 4})
		}, anyio.On(anyio.EventLoop()))
		fmt.Fprintln(os.Stderr, "the worker process has ended:", err)
		os.Exit(1)
	}
}

// killed is for clusters whose workers are killed: a job is given to another one soon.
var killed = cluster.Config{Listen: "127.0.0.1:0", Heartbeat: 100 * time.Millisecond, Lost: time.Second}

// A mark is a line that a job appends to a file.
type mark struct {
	File string
	ID   int
	// Hangs is up to which attempt the job never ends.
	Hangs int
}

var marks = process.Register("marks", func(ctx context.Context, m mark) (int, error) {
	job, _ := cluster.CurrentJob(ctx)
	f, err := os.OpenFile(m.File, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return 0, err
	}
	_, err = fmt.Fprintf(f, "%d %d\n", m.ID, job.Attempt)
	if err := errors.Join(err, f.Close()); err != nil {
		return 0, err
	}
	if job.Attempt <= m.Hangs {
		return 0, anyio.SleepForever(ctx)
	}
	return job.Attempt, nil
})

// lines returns those that jobs have written so far.
func lines(t *testing.T, file string) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

// startWorker starts a worker process. It ends with the test, if it is not killed before.
func startWorker(t *testing.T, url string) *exec.Cmd {
	t.Helper()
	return testkit.StartChild(t, jobWorkerEnv+"="+url)
}

// kill ends a process by SIGKILL.
func kill(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // it says that it was killed
}

func TestJobOfKilledWorker(t *testing.T) {
	eachReal(t, killed, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		file := filepath.Join(t.TempDir(), "marks")
		job := submit(t, ctx, c, marks, mark{File: file, ID: 7, Hangs: 1})
		first := startWorker(t, c.URL())
		until(t, ctx, "the first attempt", func() bool { return slices.Equal(lines(t, file), []string{"7 1"}) })
		startWorker(t, c.URL())
		kill(first)
		if attempt, err := job.Await(ctx); attempt != 2 || err != nil {
			t.Error(attempt, err)
		}
		if got := lines(t, file); !slices.Equal(got, []string{"7 1", "7 2"}) {
			t.Error(got)
		}
	})
}

// A job that kills its workers becomes a dead letter.
func TestJobThatKillsItsWorkers(t *testing.T) {
	for most := 1; most <= 2; most++ {
		t.Run(fmt.Sprint("attempts ", most), func(t *testing.T) {
			eachReal(t, killed, func(t *testing.T, ctx context.Context, c *cluster.Conn) { killsItsWorkers(t, ctx, c, most) })
		})
	}
}

func killsItsWorkers(t *testing.T, ctx context.Context, c *cluster.Conn, most int) {
	file := filepath.Join(t.TempDir(), "marks")
	job := submit(t, ctx, c, marks, mark{File: file, ID: 7, Hangs: 9}, cluster.Attempts(most))
	for attempts := 1; attempts <= most; attempts++ {
		w := startWorker(t, c.URL())
		until(t, ctx, "the next attempt", func() bool { return lines(t, file)[0] != "" && len(lines(t, file)) == attempts })
		kill(w)
	}
	startWorker(t, c.URL())
	_, err := job.Await(ctx)
	if dead, ok := errors.AsType[*cluster.DeadJobError](err); !ok || dead.Attempts != most || dead.Reason != "its worker was lost" || dead.Cause != nil {
		t.Errorf("%#v", err)
	}
	if got := lines(t, file); !slices.Equal(got, []string{"7 1", "7 2"}[:most]) {
		t.Error(got)
	}
}

// Each of many jobs is done, and has a result, while workers are killed.
func TestJobsWhileWorkersAreKilled(t *testing.T) {
	jobs := 10_000
	if testing.Short() || race.Enabled {
		jobs = 1000
	}
	eachReal(t, killed, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		file := filepath.Join(t.TempDir(), "marks")
		seed := rand.Uint64()
		t.Log("seed", seed)
		random := rand.New(rand.NewPCG(seed, 0))
		workers := []*exec.Cmd{startWorker(t, c.URL()), startWorker(t, c.URL()), startWorker(t, c.URL())}
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				ids := make([]int, jobs)
				for i := range ids {
					ids[i] = i
				}
				_, err := anyio.Map(ctx, ids, 50, func(ctx context.Context, id int) (int, error) {
					job, err := cluster.Submit(ctx, c, marks, mark{File: file, ID: id}, cluster.Attempts(100))
					if err != nil {
						return 0, err
					}
					return job.Await(ctx)
				})
				tg.Cancel("all have results")
				return err
			}, anyio.Name("submitter"))
			for killed := 0; ; killed++ {
				after := killed*120 + random.IntN(120)
				until := func() bool { return len(lines(t, file)) > after }
				for !until() {
					if err := anyio.Sleep(ctx, 5*time.Millisecond); err != nil {
						t.Log(killed, "workers were killed")
						return
					}
				}
				i := random.IntN(len(workers))
				kill(workers[i])
				workers[i] = startWorker(t, c.URL())
			}
		})
		done := map[string]int{}
		for _, line := range lines(t, file) {
			id, _, _ := strings.Cut(line, " ")
			done[id]++
		}
		if len(done) != jobs {
			t.Errorf("%d of %d jobs were done", len(done), jobs)
		}
		t.Logf("%d jobs were done once", count(done, 1))
	})
}

func count(done map[string]int, times int) (n int) {
	for _, v := range done {
		if v == times {
			n++
		}
	}
	return n
}
