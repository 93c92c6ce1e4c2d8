package anyio

import (
	"context"
	"math/rand/v2"

	"github.com/anyio-go/anyio/internal/kernel"
)

// Rand returns random numbers that the seed decides in the simulator, and that
// nothing decides elsewhere. A program that draws its random numbers here, and
// its time from Now, is repeated exactly by a simulated run. The numbers come
// from one sequence for the whole run; the returned value is for one goroutine.
func Rand(ctx context.Context) *rand.Rand {
	return rand.New(runSource{kernel.Locate(ctx).Run()})
}

type runSource struct{ r *kernel.Run }

// Uint64 draws from the run's sequence, 16 bits at a time.
func (s runSource) Uint64() (v uint64) {
	for range 4 {
		v = v<<16 | uint64(s.r.Rand(1<<16))
	}
	return v
}
