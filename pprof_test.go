package anyio_test

import (
	"bytes"
	"context"
	"runtime/pprof"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
)

func TestPprofLabelsNameTheTask(t *testing.T) {
	for _, b := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		t.Run(b.Name(), func(t *testing.T) {
			err := anyio.Run(context.Background(), func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(anyio.SleepForever, anyio.Name("sleepy"))
					if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
						return err
					}
					var dump bytes.Buffer
					if err := pprof.Lookup("goroutine").WriteTo(&dump, 1); err != nil {
						return err
					}
					if !strings.Contains(dump.String(), `"task":"sleepy"`) {
						t.Errorf("the goroutine profile does not name the task:\n%s", dump.String())
					}
					tg.Cancel("seen")
					return nil
				})
			}, anyio.On(b), anyio.PprofLabels())
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}
