package anyiotest

import (
	"math/rand/v2"
	"testing"
)

// Hashes are counted as a map counts them, also those that are alike, and of several tables.
func TestHashesCountDifferentOnes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, draw := range map[string]func() uint64{
		"random":        r.Uint64,
		"few":           func() uint64 { return r.Uint64N(100) + 1 },
		"alike":         func() uint64 { return (r.Uint64N(5000) + 1) << 40 },
		"at the end":    func() uint64 { return -(r.Uint64N(3000) + 1) },
		"0 among them":  func() uint64 { return r.Uint64N(2) << 63 },
		"one after one": func() func() uint64 { n := uint64(0); return func() uint64 { n++; return n } }(),
	} {
		t.Run(name, func(t *testing.T) {
			var both hashes
			all := map[uint64]bool{}
			for range 2 {
				var hs hashes
				known := map[uint64]bool{}
				for range 3000 {
					h := draw()
					hs.add(h)
					known[h], all[h] = true, true
					if hs.n != len(known) {
						t.Fatalf("%d different ones, %d are told", len(known), hs.n)
					}
				}
				both.addAll(&hs)
			}
			if both.n != len(all) {
				t.Errorf("%d different ones of both, %d are told", len(all), both.n)
			}
		})
	}
}
