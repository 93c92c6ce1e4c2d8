//go:build unix

package process_test

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/process"
)

func TestWorkerKilledInMidCallIsBroken(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		file := t.TempDir() + "/pid"
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				_, err := block.Call(ctx, file)
				e, ok := errors.AsType[*process.BrokenWorkerError](err)
				if !ok || e.Cause.Error() != "it was ended by signal 9" {
					t.Errorf("got %v", err)
				}
				return nil
			})
			for {
				data, _ := os.ReadFile(file)
				if worker, err := strconv.Atoi(string(data)); err == nil && worker > 0 {
					return syscall.Kill(worker, syscall.SIGKILL)
				}
				if err := anyio.Sleep(ctx, 1e6); err != nil {
					return err
				}
			}
		})
		testkit.WantNil(t, "group", err)
		if got, err := swap.Call(ctx, point{1, 2}); got.X != 2 || err != nil {
			t.Errorf("afterwards: %v, %v", got, err)
		}
	})
}

func TestGarbageInPlaceOfAnAnswerIsABrokenWorker(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		for _, f := range []*process.Function[struct{}, int]{babble, hangUp} {
			_, err := f.Call(ctx, struct{}{})
			if e, ok := errors.AsType[*process.BrokenWorkerError](err); !ok || !strings.Contains(e.Error(), strconv.Quote(f.Name())) {
				t.Errorf("%s: %v", f.Name(), err)
			}
		}
		if got, err := swap.Call(ctx, point{1, 2}); got.X != 2 || err != nil {
			t.Errorf("afterwards: %v, %v", got, err)
		}
	})
}
