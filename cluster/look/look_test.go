package look_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/cluster/look"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/process"
)

// urlEnv makes this program a worker of the server there, in place of tests.
const urlEnv = "LOOK_TEST_URL"

// waits waits as a task of a group does.
var waits = process.Register("waits", func(ctx context.Context, _ string) (int, error) {
	return 0, anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(anyio.SleepForever, anyio.Name("deep"))
		return nil
	})
})

func TestMain(m *testing.M) {
	if url := os.Getenv(urlEnv); url != "" {
		testkit.EndWithParent()
		fmt.Fprintln(os.Stderr, anyio.Run(context.Background(), func(ctx context.Context) error {
			c, err := cluster.Open(ctx, cluster.Config{URL: url, Name: "worker"})
			if err != nil {
				return err
			}
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				if _, err := anyio.Start(ctx, tg, cluster.Worker{Capacity: 1, Jobs: true}.Task(c)); err != nil {
					return err
				}
				testkit.Ready()
				return nil
			})
		}, anyio.MainName("main of the worker")))
		os.Exit(1)
	}
	os.Exit(anyiotest.Main(m))
}

// startWorker starts this program as a worker, until the test ends.
func startWorker(t *testing.T, url string) *exec.Cmd {
	t.Helper()
	return testkit.StartChild(t, urlEnv+"="+url)
}

// shows takes trees until one matches all patterns.
func shows(t *testing.T, ctx context.Context, c *cluster.Conn, patterns ...string) (s *look.Snapshot) {
	t.Helper()
	text, missing := "", ""
	late, err := anyio.MoveOnAfter(ctx, time.Minute, func(ctx context.Context) (err error) {
		for {
			if s, err = look.Take(ctx, c, 500*time.Millisecond); err != nil {
				return err
			}
			var b strings.Builder
			if _, err := s.WriteTo(&b); err != nil {
				return err
			}
			text, missing = b.String(), ""
			for _, p := range patterns {
				if !regexp.MustCompile(p).MatchString(b.String()) {
					missing = p
				}
			}
			if missing == "" {
				return nil
			}
		}
	})
	if late || err != nil {
		t.Errorf("%v, and there is no %s in\n%s", err, missing, text)
	}
	return s
}

func inCluster(t *testing.T, f func(t *testing.T, ctx context.Context, c *cluster.Conn)) {
	t.Helper()
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		c, err := cluster.Open(ctx, cluster.Config{Listen: "127.0.0.1:0", Name: "caller", Heartbeat: 100 * time.Millisecond, Lost: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(ctx)
		f(t, ctx, c)
	}, anyiotest.Skip("sim", "it needs processes"))
}

func TestTreeOverProcesses(t *testing.T) {
	inCluster(t, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		worker := startWorker(t, c.URL())
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			defer tg.Cancel("seen")
			tg.Go(func(ctx context.Context) error {
				_, err := cluster.Call(ctx, c, waits, "secret")
				return err
			}, anyio.Name("asks"))
			s := shows(t, ctx, c,
				`─ asks #\d+ waiting for cluster.Call at .*, the end of waits on worker\n.*└─ → worker: waits #\d+ waiting for .*\n.*   └─ deep #\d+ waiting for SleepForever`,
				`look.test\S*, process `+fmt.Sprint(worker.Process.Pid)+` on .*: worker\nrun 1 on parallel, tasks: \d+\nmain of the worker #1 `,
				`(?m)─ waits #\d+: see asks #\d+ of caller$`)
			if s == nil || len(s.Members) != 2 || len(s.Processes) != 2 {
				t.Errorf("got %+v", s)
				return nil
			}
			text, err := json.Marshal(s)
			if err != nil || strings.Contains(string(text), "secret") {
				t.Errorf("an argument is told, or %v", err)
			}
			tg.Go(func(ctx context.Context) error {
				_, err := cluster.Call(ctx, c, waits, "")
				return err
			}, anyio.Name("waits for room"))
			shows(t, ctx, c, `─ waits for room #\d+ .*\n.*└─ → waits, for .*, waiting for a worker with room\n`)
			s.Without(c.ID())
			if len(s.Members) != 1 || len(s.Processes) != 1 || s.Members[0].Name != "worker" {
				t.Errorf("got %+v", s)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}
