package main

import (
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// wavering are values round a mean, each much like the one before, and growing.
func wavering(rng *rand.Rand, n int, mean, scatter, growth float64) []float64 {
	values := make([]float64, n)
	drift := 0.0
	for i := range values {
		drift = 0.8*drift + scatter*rng.NormFloat64()
		values[i] = mean + drift + growth*float64(i)/float64(n)
	}
	return values
}

func TestSteadySeriesAreLetPass(t *testing.T) {
	alarms := 0
	for seed := range uint64(2000) {
		s := &series{values: wavering(rand.New(rand.NewPCG(seed, 1)), 450, 1000, 50, 0)}
		if _, grows := s.grows(); grows { // with no slack at all
			alarms++
		}
	}
	if alarms > 4 {
		t.Errorf("%d of 2000 steady series seem to grow", alarms)
	}
}

func TestGrowthIsSeenInNoise(t *testing.T) {
	for seed := range uint64(200) {
		s := &series{name: "goroutines", slack: 0.1, atLeast: 10, values: wavering(rand.New(rand.NewPCG(seed, 2)), 450, 1000, 20, 400)}
		if err := judge(io.Discard, []*series{s}); err == nil || !strings.Contains(err.Error(), "goroutines grow") {
			tr, _ := s.grows()
			t.Fatalf("seed %d: %v, %+v", seed, err, tr)
		}
	}
}

func TestSmallGrowthAndShrinkingAreLetPass(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 3))
	for _, growth := range []float64{20, -400} {
		s := &series{name: "objects", slack: 0.1, values: wavering(rng, 450, 1000, 1, growth)}
		if err := judge(io.Discard, []*series{s}); err != nil {
			t.Errorf("growth %v: %v", growth, err)
		}
	}
}

func TestTooFewSamplesAreNoVerdict(t *testing.T) {
	if err := judge(io.Discard, []*series{{name: "RSS", values: []float64{1, 2, 3}}}); err == nil {
		t.Error("three samples were enough")
	}
	if err := judge(io.Discard, []*series{{name: "RSS"}}); err != nil {
		t.Errorf("what the system does not tell: %v", err)
	}
}

func TestConstantSeriesDoesNotGrow(t *testing.T) {
	s := &series{values: make([]float64, 100)}
	if tr, grows := s.grows(); grows {
		t.Errorf("%+v", tr)
	}
}

// Each kind of leak is noticed by what it lets grow: small objects make no difference to
// the memory of a process. That itself is the system's, and wavers in so short a time.
func TestLeaksAreNoticed(t *testing.T) {
	for name, of := range map[string]func(q quantities) *series{
		"goroutines":  func(q quantities) *series { return q.goroutines },
		"descriptors": func(q quantities) *series { return q.descriptors },
		"objects":     func(q quantities) *series { return q.objects },
	} {
		t.Run(name, func(t *testing.T) {
			defer release()
			q := newQuantities()
			for range 4 * blocks {
				q.sample()
				leaks[name]()
			}
			s := of(q)
			if len(s.values) == 0 {
				t.Skip("not to be had on this system")
			}
			if tr, grows := s.grows(); !grows {
				t.Errorf("%v: growth %.1f, mean %.0f, t %.1f", s, tr.growth, tr.mean, tr.t)
			}
		})
	}
}

// release lets go what was left behind.
func release() {
	for _, v := range kept.any {
		if c, ok := v.(io.Closer); ok {
			c.Close()
		}
	}
	kept.any = nil
	close(kept.released)
	kept.released = make(chan struct{})
}
