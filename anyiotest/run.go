// Package anyiotest tests programs written with anyio: it runs one test on every
// backend.
package anyiotest

import (
	"context"
	"fmt"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

// Run runs f as the main task of a run on every backend, each as a subtest.
func Run(t *testing.T, f func(t *testing.T, ctx context.Context)) {
	t.Helper()
	on := func(name string, b anyio.Backend) {
		t.Run(name, func(t *testing.T) {
			err := anyio.Run(context.Background(), func(ctx context.Context) error {
				f(t, ctx)
				return nil
			}, anyio.On(b))
			if err != nil {
				t.Errorf("run: %v", err)
			}
		})
	}
	on("parallel", anyio.Parallel())
	on("eventloop", anyio.EventLoop())
	for seed := range uint64(3) {
		on(fmt.Sprintf("sim/seed=%d", seed+1), sim.New(sim.Config{Seed: seed + 1}))
	}
}
