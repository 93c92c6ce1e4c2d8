package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"time"
)

// A contender takes turns with others.
type contender struct {
	name  string
	round func() (sample, error)
}

// takeTurns lets all contenders make so many rounds, each time another one first. It
// returns the samples of each.
func takeTurns(rounds int, cs []contender) ([][]sample, error) {
	all := make([][]sample, len(cs))
	for r := range rounds {
		for i := range cs {
			at := (i + r) % len(cs)
			s, err := cs[at].round()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", cs[at].name, err)
			}
			all[at] = append(all[at], s)
		}
	}
	return all, nil
}

// measure measures one shape, on one backend if it is done in this process, or on
// several at a time with servers.
func measure(ps []pair, e effort) ([]row, error) {
	if _, err := processorTime(); err != nil {
		return nil, err
	}
	p := ps[0]
	switch {
	case p.memory != nil:
		return p.measureMemory(e)
	case p.server != nil:
		return measureServers(ps, e)
	}
	ours, err := p.contender(p.backend, p.runOurs, e)
	if err != nil {
		return nil, err
	}
	rivals, err := p.startRivals(e, p.startPeer)
	if err != nil {
		return nil, err
	}
	defer stopRivals(rivals)
	return compare(ps, e, "ns", []contender{ours}, rivals)
}

// contender makes one of what is done in this process.
func (p pair) contender(name string, s side, e effort) (contender, error) {
	n, err := s.calibrate(p.leastOps(e), p.batch, e.round)
	return contender{name, func() (sample, error) { return s.sample(n) }}, err
}

func (p pair) leastOps(e effort) int {
	if e.small {
		return p.batch
	}
	return max(p.batch, p.least)
}

// row makes the row of the medians.
func (p pair) row(unit, peer string, goal float64, a, b []sample) row {
	r := row{
		Shape: p.id, Backend: p.backend, Peer: peer, Unit: unit, Rounds: len(a), Goal: goal,
		Ours: median(a, sample.v), OurAllocs: median(a, sample.a), OurBytes: median(a, sample.b),
		Theirs: median(b, sample.v), TheirAllocs: median(b, sample.a), TheirBytes: median(b, sample.b),
		OursWall: median(a, sample.w), TheirsWall: median(b, sample.w),
	}
	r.OursMin = slices.MinFunc(a, byValue).value
	r.TheirsMin = slices.MinFunc(b, byValue).value
	r.Ratio, r.Noise = ratio(a, b)
	r.Met = r.Ratio <= goal
	return r
}

func (s sample) v() float64 { return s.value }
func (s sample) w() float64 { return s.wall }
func (s sample) a() float64 { return s.allocs }
func (s sample) b() float64 { return s.bytes }

func byValue(a, b sample) int { return cmp.Compare(a.value, b.value) }

// median is the middle one, or the mean of the two in the middle.
func median(all []sample, of func(sample) float64) float64 {
	var vs []float64
	for _, s := range all {
		vs = append(vs, of(s))
	}
	return middle(vs)
}

func middle(vs []float64) float64 {
	slices.Sort(vs)
	n := len(vs)
	return (vs[(n-1)/2] + vs[n/2]) / 2
}

// profileMissed profiles those pairs whose goal was missed.
func profileMissed(ps []pair, rows []row, cfg config) error {
	for _, p := range ps {
		if slices.ContainsFunc(rows, func(r row) bool { return r.Backend == p.backend && r.Goal > 0 && !r.Met }) {
			if err := p.profile(cfg.profiles, cfg.effort); err != nil {
				return err
			}
		}
	}
	return nil
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
