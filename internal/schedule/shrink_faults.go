package schedule

import (
	"cmp"
	"slices"
	"time"
)

// faults takes faults away, then hosts from one side of the network, then makes what is left
// shorter, and lets it begin at a time with fewer digits.
func (s *shrinker) faults() (better bool) {
	better = s.simplify(func(p *Plan) { p.Faults = nil })
	better = s.simplify(func(p *Plan) {
		p.Faults = slices.DeleteFunc(p.Faults, func(f Fault) bool { return len(f.Hosts) == 0 })
	}) || better
	for size := (len(s.best.Faults) + 1) / 2; size > 0; size /= 2 {
		for end := len(s.best.Faults); end >= size; end = min(end, len(s.best.Faults)) {
			if s.simplify(func(p *Plan) { p.Faults = slices.Delete(p.Faults, end-size, end) }) {
				better = true
			} else {
				end--
			}
		}
	}
	for s.fewerElsewhere() {
		better = true
	}
	for i := len(s.best.Faults) - 1; i >= 0; i-- {
		better = s.fault(i) || better
	}
	return better
}

// fewerElsewhere takes one fault away and lets another one begin at any of the times at which
// something was sent or arrived, in the run or in one without faults, as it is or longer. If
// a host loses power it is also tried to kill it.
func (s *shrinker) fewerElsewhere() bool {
	second, minute := prolong(time.Second), prolong(time.Minute)
	variants := []func(f *Fault){func(*Fault) {}, (*Fault).tell, second, func(f *Fault) { f.tell(); second(f) }, minute}
	for i, f := range s.best.Faults {
		for v, vary := range variants {
			if g := f; v > 0 {
				if vary(&g); g.Kind == f.Kind && g.For == f.For {
					continue
				}
			}
			for _, at := range append(some(s.usual), some(s.best.Busy)...) {
				for j := range s.best.Faults {
					if i != j && s.simplify(func(p *Plan) {
						p.Faults[i].At = at
						vary(&p.Faults[i])
						p.Faults = slices.Delete(p.Faults, j, j+1)
					}) {
						return true
					}
				}
			}
		}
	}
	return false
}

// still lets steps take no time. The faults then begin where they did between the packets that
// were sent, in a run without faults, or if there is one, anywhere.
func (s *shrinker) still() bool {
	stop := func(p *Plan) { p.StepMin, p.StepMax = 0, 0 }
	if s.simplify(stop) {
		return true
	}
	if len(s.usual) == 0 || len(s.best.Faults) == 0 {
		return false
	}
	if s.simplify(func(p *Plan) {
		stop(p)
		for i, f := range p.Faults {
			at, _ := slices.BinarySearch(p.Busy, f.At)
			p.Faults[i].At = s.usual[min(at, len(s.usual)-1)]
		}
	}) {
		return true
	}
	for _, at := range some(s.usual) {
		if len(s.best.Faults) == 1 && s.simplify(func(p *Plan) { stop(p); p.Faults[0].At = at }) {
			return true
		}
	}
	return false
}

// some are 64 of these times, or as many as there are.
func some(times []time.Duration) (chosen []time.Duration) {
	n := min(len(times), 64)
	for i := range n {
		chosen = append(chosen, times[i*len(times)/n])
	}
	return chosen
}

// fault makes one fault simpler.
func (s *shrinker) fault(i int) (better bool) {
	change := func(change func(f *Fault)) bool {
		n := len(s.best.Faults)
		ok := i < n && s.simplify(func(p *Plan) { change(&p.Faults[i]) })
		better = better || ok
		return ok || i >= len(s.best.Faults)
	}
	change(func(f *Fault) { f.tell() })
	for h := len(s.best.Faults[i].Hosts) - 1; h >= 0 && i < len(s.best.Faults); h-- {
		change(func(f *Fault) {
			if f.Kind == Split && len(f.Hosts) > 1 && h < len(f.Hosts) {
				f.Hosts = slices.Delete(slices.Clone(f.Hosts), h, h+1)
			}
		})
	}
	for _, d := range shorter {
		if change(func(f *Fault) {
			if !f.Kind.Instant() && (f.For < 0 || d < f.For) {
				f.For = d
			}
		}) {
			break
		}
	}
	for _, unit := range units {
		if change(func(f *Fault) { f.At = f.At.Truncate(unit) }) {
			break
		}
	}
	return better
}

// shorter are times that are tried for a fault to last, the first that will do is taken.
var shorter = []time.Duration{time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second,
	5 * time.Second, 10 * time.Second, 20 * time.Second, time.Minute, time.Hour}

// units are those of times at which a fault begins.
var units = []time.Duration{time.Hour, time.Minute, time.Second, 100 * time.Millisecond, 10 * time.Millisecond, time.Millisecond,
	100 * time.Microsecond, 10 * time.Microsecond}

// tell lets the peers of a host that loses power be told.
func (f *Fault) tell() {
	if f.Kind == PowerOff {
		f.Kind = Kill
	}
}

// prolong lets a shorter fault last so long: a second is enough for a packet to be late, a
// minute for its sender to give up.
func prolong(to time.Duration) func(f *Fault) {
	return func(f *Fault) {
		if f.For >= 0 && !f.Kind.Instant() {
			f.For = max(f.For, to)
		}
	}
}

// compareFaults tells which faults are simpler: fewer, of fewer hosts, of which others are
// told, shorter.
func compareFaults(a, b []Fault) int {
	return cmp.Or(cmp.Compare(len(a), len(b)),
		cmp.Compare(sum(a, Fault.hosts), sum(b, Fault.hosts)),
		cmp.Compare(sum(a, Fault.silent), sum(b, Fault.silent)),
		cmp.Compare(sum(a, Fault.lasts), sum(b, Fault.lasts)))
}

func sum(faults []Fault, of func(f Fault) float64) (n float64) {
	for _, f := range faults {
		n += of(f)
	}
	return n
}

func (f Fault) hosts() float64 { return float64(len(f.Hosts)) }

func (f Fault) silent() float64 {
	if f.Kind == PowerOff {
		return 1
	}
	return 0
}

func (f Fault) lasts() float64 {
	if f.For < 0 {
		return 1 << 62
	}
	return float64(f.For)
}

// digits are those of the time at which the fault begins, without zeros at the end.
func (f Fault) digits() (n float64) {
	for d := f.At; d > 0; d /= 10 {
		if n > 0 || d%10 != 0 {
			n++
		}
	}
	return n
}
