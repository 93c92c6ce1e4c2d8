package process_test

import (
	"context"
	"encoding/gob"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/process"
)

func TestMain(m *testing.M) {
	beforeWorkerMain()
	process.WorkerMain()
	beforeTests()
	gob.Register(onlyHere{})
	os.Exit(anyiotest.Main(m))
}

// onReal runs f on every backend but the simulator, which has no processes.
func onReal(t *testing.T, f func(t *testing.T, ctx context.Context)) {
	anyiotest.Run(t, f, anyiotest.Skip("sim", "there are no processes in a simulation"))
}

// hang does not return. The runtime may take a select without cases for a
// deadlock and end the program.
func hang() {
	for range time.Tick(time.Hour) {
	}
}

// canceledAfter runs body in a scope that is canceled when the other tasks have
// had so many turns; false if body was faster.
func canceledAfter(ctx context.Context, turns int, body func(ctx context.Context) error) (bool, error) {
	canceled := false
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(func(ctx context.Context) error {
			for range turns {
				if err := lowlevel.Checkpoint(ctx); err != nil {
					return err
				}
			}
			tg.Cancel("the turns are over")
			return nil
		})
		err := body(ctx)
		canceled = errors.Is(err, anyio.ErrCanceled)
		tg.Cancel("the body is over")
		return err
	})
	return canceled, err
}
