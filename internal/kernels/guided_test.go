package kernels

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/sim"
)

// A search finds chains of 16 choices where each right one shows, in whatever order they
// are, and those that nothing shows if the order has a pattern. Of two tasks luck takes
// 65,536 runs, of three 43 million.
func TestSearchFindsLongChains(t *testing.T) {
	for _, c := range chains(16) {
		if c.tells == blind && !c.regular {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			s := &seen{TB: t}
			anyiotest.Search(s, func(t testing.TB, ctx context.Context) {
				if err := c.run(ctx); err != nil {
					t.Fatal(err)
				}
			}, anyiotest.SimConfig(func(c *sim.Config) { c.MaxSteps = maxSteps }), anyiotest.Schedules(20_000))
			if !s.failed {
				t.Errorf("not found: %s", &s.text)
			}
		})
	}
}
