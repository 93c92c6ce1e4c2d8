package anyio_test

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

// simSteps is how many steps the simulator makes for main.
func simSteps(t *testing.T, main func(context.Context) error) uint64 {
	t.Helper()
	s := sim.New(sim.Config{Seed: 1})
	wantNil(t, "run", anyio.Run(context.Background(), main, anyio.On(s)))
	return s.Steps()
}
