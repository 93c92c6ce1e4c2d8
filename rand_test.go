package anyio_test

import (
	"context"
	"slices"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/sim"
)

func TestRandDrawsDifferentNumbers(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		r := anyio.Rand(ctx)
		seen := map[uint64]bool{}
		for range 100 {
			seen[r.Uint64()] = true
		}
		if len(seen) < 99 {
			t.Errorf("100 draws gave %d different numbers", len(seen))
		}
		if n := r.IntN(10); n < 0 || n > 9 {
			t.Errorf("IntN(10) = %d", n)
		}
	})
}

func TestRandIsDecidedByTheSeed(t *testing.T) {
	draw := func(seed uint64) []int {
		perm, err := anyio.Call(context.Background(), func(ctx context.Context) ([]int, error) {
			return anyio.Rand(ctx).Perm(20), nil
		}, anyio.On(sim.New(sim.Config{Seed: seed})))
		if err != nil {
			t.Fatal(err)
		}
		return perm
	}
	if a, b := draw(7), draw(7); !slices.Equal(a, b) {
		t.Errorf("seed 7 gave %v and %v", a, b)
	}
	if a, b := draw(7), draw(8); slices.Equal(a, b) {
		t.Errorf("seeds 7 and 8 both gave %v", a)
	}
}
