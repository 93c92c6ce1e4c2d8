//go:build unix

package look_test

import (
	"context"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster"
)

// A worker that is suspended is silent, and its calls are told by their caller.
func TestSuspendedWorkerIsSilent(t *testing.T) {
	inCluster(t, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		worker := startWorker(t, c.URL())
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			defer tg.Cancel("seen")
			tg.Go(func(ctx context.Context) error {
				_, err := cluster.Call(ctx, c, waits, "")
				return err
			}, anyio.Name("asks"))
			shows(t, ctx, c, `→ worker: waits #`)
			_ = worker.Process.Signal(syscall.SIGSTOP)
			shows(t, ctx, c, `─ asks #\d+ .*\n.*└─ → worker: waits, for .*, which is silent\n`, `\nworker is silent\n$`)
			_ = worker.Process.Signal(syscall.SIGCONT)
			shows(t, ctx, c, `→ worker: waits #`)
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}
