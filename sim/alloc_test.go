package sim_test

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/sim"
)

// A search makes a million runs: one that does little allocates next to nothing, no
// goroutine, and no network.
func TestSmallRunAllocatesLittle(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	const most = 4
	small := func() {
		testkit.WantNil(t, "run", anyio.Run(context.Background(), lowlevel.Checkpoint, anyio.On(sim.New(sim.Config{}))))
	}
	n := testing.AllocsPerRun(200, small)
	for try := 0; n > most && try < 4; try++ { // others may allocate as well
		n = min(n, testing.AllocsPerRun(200, small))
	}
	if n > most {
		t.Errorf("%v allocations, want %v at most", n, most)
	}
}
