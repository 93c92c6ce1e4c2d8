package kernels

import "testing"

// A search finds chains of 16 choices where each right one shows, in whatever order they
// are, and those that nothing shows if the order has a pattern. Of two tasks luck takes
// 65,536 runs, of three 43 million. Of a hundred searches that take about 1,000 runs one takes
// ten times as many, as it depends on luck which run is drawn to be gone on with.
func TestSearchFindsLongChains(t *testing.T) {
	for _, c := range chains(16) {
		if c.tells == blind && !c.regular {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			wantFound(t, c.run, 200_000)
		})
	}
}
