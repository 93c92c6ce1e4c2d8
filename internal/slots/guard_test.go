package slots_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio/internal/slots"
)

func TestGuardLetsOneIn(t *testing.T) {
	var g slots.Guard
	if g.Leave() {
		t.Error("somebody has left who was not in")
	}
	var wg sync.WaitGroup
	var inside, entered, refused atomic.Int32
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				if !g.Enter() {
					refused.Add(1)
					continue
				}
				entered.Add(1)
				if n := inside.Add(1); n != 1 {
					t.Errorf("%d are in", n)
				}
				inside.Add(-1)
				if !g.Leave() {
					t.Error("who is in cannot leave")
				}
			}
		})
	}
	wg.Wait()
	if entered.Load() == 0 || entered.Load()+refused.Load() != 8000 || !g.Enter() || g.Enter() {
		t.Errorf("%d have entered, %d not", entered.Load(), refused.Load())
	}
}
