package anyio_test

import (
	"context"
	"slices"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

func TestRandDrawsDifferentNumbers(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		seen := map[uint64]bool{}
		var ones [64]int
		for range 10 {
			r := anyio.Rand(ctx) // goes on with the run's sequence
			for range 100 {
				v := r.Uint64()
				seen[v] = true
				for bit := range ones {
					ones[bit] += int(v >> bit & 1)
				}
			}
		}
		if len(seen) != 1000 {
			t.Errorf("1000 draws gave %d different numbers", len(seen))
		}
		for bit, n := range ones {
			if n < 350 || n > 650 {
				t.Errorf("bit %d is set in %d of 1000 numbers", bit, n)
			}
		}
	})
}

// Nothing decides the numbers of a real run: another one draws others.
func TestRandOfAnotherRealRunIsDifferent(t *testing.T) {
	for _, b := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		seen := map[uint64]bool{}
		for range 3 {
			v, err := anyio.RunValue(context.Background(), func(ctx context.Context) (uint64, error) {
				return anyio.Rand(ctx).Uint64(), nil
			}, anyio.On(b))
			testkit.WantNil(t, "run", err)
			seen[v] = true
		}
		if len(seen) != 3 {
			t.Errorf("%s: three runs drew %v", b.Name(), seen)
		}
	}
}

func TestRandIsDecidedByTheSeed(t *testing.T) {
	draw := func(seed uint64) []int {
		perm, err := anyio.RunValue(context.Background(), func(ctx context.Context) ([]int, error) {
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
