//go:build unix

package process_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
)

// A goroutine that is no task of the run has begun a call and does not come back
// before the run is over: its worker ends as well.
func TestCallsThatOutliveTheirRunEnd(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		token, err := lowlevel.CurrentToken(ctx)
		testkit.WantNil(t, "token", err)
		backend, err := anyio.BackendByName(token.Backend())
		testkit.WantNil(t, "backend", err)
		file, outcome := t.TempDir()+"/pid", make(chan error, 1)
		_, err = anyio.RunBlockingValue(ctx, func() (bool, error) {
			return true, anyio.Run(context.Background(), func(ctx context.Context) error {
				go func() { //anyiovet:ignore barego the run ends before it
					_, err := block.Call(ctx, file)
					outcome <- err
				}()
				for {
					if data, err := os.ReadFile(file); err == nil && len(data) > 0 {
						return nil
					}
					if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
						return err
					}
				}
			}, anyio.On(backend))
		})
		testkit.WantNil(t, "run", err)
		err, _ = anyio.RunBlockingValue(ctx, func() (error, error) { return <-outcome, nil })
		testkit.WantIs(t, "call", err, anyio.ErrCanceled)
	})
}
