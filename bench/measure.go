package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"time"
)

// A meter measures what happens between start and stop, several times if need be.
type meter struct {
	elapsed       time.Duration
	allocs, bytes uint64
	before        runtime.MemStats
	began         time.Time
}

func (m *meter) start() {
	runtime.ReadMemStats(&m.before)
	m.began = time.Now()
}

func (m *meter) stop() {
	m.elapsed += time.Since(m.began)
	var after runtime.MemStats
	runtime.ReadMemStats(&after)
	m.allocs += after.Mallocs - m.before.Mallocs
	m.bytes += after.TotalAlloc - m.before.TotalAlloc
}

// A sample is what one round cost, per operation.
type sample struct{ value, allocs, bytes float64 }

// A side is ours or the peer's half of a pair.
type side func(m *meter, n int) error

// once runs n operations on a heap that has just been swept.
func (s side) once(n int) (*meter, error) {
	runtime.GC()
	m := &meter{}
	err := s(m, n)
	return m, err
}

// calibrate finds the number of operations, n or more, that takes at least d. It
// warms up, too.
func (s side) calibrate(n, batch int, d time.Duration) (int, error) {
	for {
		m, err := s.once(n)
		if err != nil || m.elapsed >= d {
			return n, err
		}
		grow := min(1.2*float64(d)/float64(max(m.elapsed, 1)), 100)
		n = max(int(float64(n/batch)*grow), n/batch+1) * batch
	}
}

func (s side) sample(n int) (sample, error) {
	m, err := s.once(n)
	ops := float64(n)
	return sample{float64(m.elapsed) / ops, float64(m.allocs) / ops, float64(m.bytes) / ops}, err
}

// measure runs both sides in turns.
func (p pair) measure(e effort) (row, error) {
	if p.memory != nil {
		return p.measureMemory(e)
	}
	if p.server != nil {
		return p.measureServer(e)
	}
	ours, their := side(p.runOurs), side(p.their)
	least := p.batch
	if !e.small {
		least = max(least, p.least)
	}
	n, err := ours.calibrate(least, p.batch, e.round)
	if err != nil {
		return row{}, err
	}
	k, err := their.calibrate(least, p.batch, e.round)
	if err != nil {
		return row{}, err
	}
	return p.interleave(e.rounds, "ns",
		func() (sample, error) { return ours.sample(n) },
		func() (sample, error) { return their.sample(k) })
}

// interleave takes turns, each side being first every other time, and makes the
// row of the medians.
func (p pair) interleave(rounds int, unit string, ours, their func() (sample, error)) (row, error) {
	var a, b []sample
	for i := range rounds {
		turn := []func() error{
			func() error { s, err := ours(); a = append(a, s); return err },
			func() error { s, err := their(); b = append(b, s); return err },
		}
		if i%2 == 1 {
			slices.Reverse(turn)
		}
		for _, f := range turn {
			if err := f(); err != nil {
				return row{}, err
			}
		}
	}
	r := row{
		Shape: p.id, Backend: p.backend, Peer: p.peer, Unit: unit, Rounds: rounds, Goal: p.goal,
		Ours: median(a, sample.v), OurAllocs: median(a, sample.a), OurBytes: median(a, sample.b),
		Theirs: median(b, sample.v), TheirAllocs: median(b, sample.a), TheirBytes: median(b, sample.b),
	}
	r.OursMin = slices.MinFunc(a, byValue).value
	r.TheirsMin = slices.MinFunc(b, byValue).value
	r.Ratio = r.Ours / r.Theirs
	r.Met = r.Ratio <= r.Goal
	return r, nil
}

func (s sample) v() float64 { return s.value }
func (s sample) a() float64 { return s.allocs }
func (s sample) b() float64 { return s.bytes }

func byValue(a, b sample) int { return cmp.Compare(a.value, b.value) }

// median is the middle one, or the mean of the two in the middle.
func median(all []sample, of func(sample) float64) float64 {
	var vs []float64
	for _, s := range all {
		vs = append(vs, of(s))
	}
	slices.Sort(vs)
	n := len(vs)
	return (vs[(n-1)/2] + vs[n/2]) / 2
}

// profile writes a CPU profile of about a second of our side.
func (p pair) profile(dir string, e effort) error {
	if p.memory != nil || p.server != nil && p.server.idle {
		return nil // not a matter of time
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	file := filepath.Join(dir, p.id+"-"+p.backend+".prof")
	if p.server != nil {
		return p.profileServer(file, e)
	}
	ours := side(p.runOurs)
	n, err := ours.calibrate(p.batch, p.batch, max(e.round, time.Second))
	if err != nil {
		return err
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	_, err = ours.once(n)
	pprof.StopCPUProfile()
	return err
}

// checkCount is err, or that a counter shows lost work.
func checkCount(err error, got, want int) error {
	if err == nil && got != want {
		return fmt.Errorf("counted %d, want %d", got, want)
	}
	return err
}
