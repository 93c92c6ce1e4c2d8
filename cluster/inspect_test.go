package cluster_test

import (
	"context"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/inspect"
)

// A look at this process alone tells where a call runs for which a task waits.
func TestWaitForACallTellsItsWorker(t *testing.T) {
	onEach(t, cluster.Config{Name: "build-7:311"}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, cluster.Worker{}, func(ctx context.Context) {
			name, w := watching(t, "")
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				h := anyio.GoValue(tg, func(ctx context.Context) (inspect.Ref, error) {
					me, _ := inspect.Of(ctx)
					_, err := cluster.Call(ctx, c, gives, name)
					return me, err
				}, anyio.Name("caller"))
				wait(t, ctx, &w.begun)
				var line string
				until(t, ctx, "the worker is told", func() bool {
					s := inspect.Take()
					if len(s.Deadlocks) > 0 {
						t.Errorf("got %s", s)
					}
					me, _ := inspect.Of(ctx)
					for _, r := range s.Runs {
						for _, task := range r.Tasks {
							if r.ID == me.Run && task.Name == "caller" {
								line = task.String()
							}
						}
					}
					return strings.Contains(line, ", the end of gives on build-7:311")
				})
				if !strings.Contains(line, " waiting for cluster.Call at ") {
					t.Errorf("got %q", line)
				}
				w.goOn.Set()
				if _, err := h.Await(ctx); err != nil {
					t.Error(err)
				}
			})
		})
	})
}
