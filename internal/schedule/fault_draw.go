package schedule

import (
	"cmp"
	"math/bits"
	"slices"
	"time"
)

// A FaultRange is which faults a run may have.
type FaultRange struct {
	Kinds             []FaultKind   // none: all
	Max               int           // faults of a run; there is one at least
	From, Until       time.Duration // when they begin; From < Until
	Shortest, Longest time.Duration // how long they last; 0 < Shortest <= Longest
	Lasting           bool          // a quarter last until the run ends
	Over              bool          // the others are over at Until
}

// Draw draws the faults of a run. They depend on nothing else: not on who runs, nor on what
// is drawn otherwise. Busy are times at which the network had something to do in a run
// before. Half of the faults begin between two of those that follow each other, each
// pair with the same probability: what lies between a packet and the next may take a
// millisecond of an hour. The hosts are drawn when a fault happens, as they are not known yet.
func (c FaultRange) Draw(seed uint64, busy []time.Duration) []Fault {
	r := NewRand(seed)
	kinds := c.Kinds
	if len(kinds) == 0 {
		kinds = FaultKinds()
	}
	busy = slices.DeleteFunc(slices.Clone(busy), func(d time.Duration) bool { return d < c.From || d >= c.Until })
	faults := make([]Fault, 1+r.Below(uint64(c.Max)))
	for i := range faults {
		f := &faults[i]
		f.Kind = kinds[r.Below(uint64(len(kinds)))]
		f.At = c.time(&r, busy)
		f.For = c.duration(&r)
		f.Pick = r.Uint64() | 1
		lasting := r.Below(4) == 0
		switch {
		case f.Kind.Instant():
			f.For = 0
		case c.Lasting && lasting:
			f.For = -1
		case c.Over:
			f.For = min(f.For, c.Until-f.At)
		}
	}
	slices.SortStableFunc(faults, func(a, b Fault) int { return cmp.Compare(a.At, b.At) })
	return faults
}

// time is when a fault begins.
func (c FaultRange) time(r *Rand, busy []time.Duration) time.Duration {
	from, until := c.From, c.Until
	if at := r.Uint64(); at&1 == 0 && len(busy) > 0 {
		i := at >> 1 % uint64(len(busy))
		from = busy[i]
		if i+1 < uint64(len(busy)) {
			until = busy[i+1]
		}
	}
	at := from + time.Duration(r.Below(uint64(max(until-from, 1))))
	if round := at.Truncate(time.Microsecond); round >= from {
		return round
	}
	return at
}

// duration is how long a fault lasts. Each doubling has the same probability.
func (c FaultRange) duration(r *Rand) time.Duration {
	doublings := bits.Len64(uint64(c.Longest / max(c.Shortest, 1)))
	least := c.Shortest << r.Below(uint64(max(doublings, 1)))
	d := least + time.Duration(r.Below(uint64(min(least, c.Longest-least))+1))
	if round := d.Truncate(time.Microsecond); round >= c.Shortest {
		return round
	}
	return d
}

// Hash makes a number of a name, by which the hosts of a fault are drawn.
func Hash(name string) uint64 {
	h := uint64(len(name))
	for i := range len(name) {
		h = Mix(h, uint64(name[i]))
	}
	return h
}
