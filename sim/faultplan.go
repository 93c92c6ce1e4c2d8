package sim

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/schedule"
	"github.com/anyio-go/anyio/internal/simnet"
)

// A FaultKind is what goes wrong in a Fault.
type FaultKind uint8

const (
	// FaultPartition cuts the link between two hosts, as Network.Partition does.
	FaultPartition = FaultKind(schedule.Partition)
	// FaultOneWay cuts one direction of it.
	FaultOneWay = FaultKind(schedule.OneWay)
	// FaultSplit cuts one host, or several, from all others.
	FaultSplit = FaultKind(schedule.Split)
	// FaultKill kills a host, and restarts it when the fault is over.
	FaultKill = FaultKind(schedule.Kill)
	// FaultPowerOff kills a host of which nobody is told, and restarts it.
	FaultPowerOff = FaultKind(schedule.PowerOff)
	// FaultLoss loses every other packet between two hosts, on average.
	FaultLoss = FaultKind(schedule.Loss)
	// FaultDelay delays each packet between two hosts by up to as long as the fault lasts.
	// Others overtake it.
	FaultDelay = FaultKind(schedule.Delay)
	// FaultDuplicate has every other packet between two hosts, on average, arrive twice.
	FaultDuplicate = FaultKind(schedule.Duplicate)
	// FaultReset resets the TCP connections between two hosts, as Network.Reset does.
	FaultReset = FaultKind(schedule.Reset)
)

// String returns the name of the kind, such as "one-way partition".
func (k FaultKind) String() string { return schedule.FaultKind(k).String() }

// Faults are what may go wrong in the network of a run, besides what the program does by the
// methods of Network. Which faults there are, when they begin and how long they last is
// drawn from the seed by itself: it does not depend on the order of tasks. The hosts
// are drawn when a fault begins, by their names. With the zero value there are none.
//
// There are no faults in a run that has no second host, none before it has one, and no host
// is concerned that is made later. The host "localhost" is not killed, as nobody could restart
// what runs there, and its links are left alone until they are used.
type Faults struct {
	// Max is how many faults a run has at most; each number from 1 on is as frequent as the
	// others. 0 means none.
	Max int
	// Kinds are those of which faults are, each with the same probability; none means all.
	Kinds []FaultKind
	// Hosts are the names of hosts that may be killed or cut off. At least one of the
	// two of each link that is concerned is one of them. None means all.
	Hosts []string
	// From and Until are when faults happen, counted from the begin of the run. All are over
	// at Until, but for those that are Lasting. If Until is 0 faults begin in the time that
	// the run of Config.Profile took, or in ten seconds if there is none, and each lasts as
	// long as it does. With a profile half of them begin between two packets of that run.
	From, Until time.Duration
	// Lasts is how long a fault lasts; by default from a millisecond to half a minute. Short
	// ones are more frequent: each doubling has the same probability.
	Lasts Range
	// Lasting lets a quarter of the faults last until the run ends. By default all is well
	// again at some time.
	Lasting bool
}

// A Fault is one that has happened in a run.
type Fault struct {
	Kind  FaultKind
	At    time.Duration // since the begin of the run
	For   time.Duration // negative: until the run ends
	Hosts []string      // by name; in the order of the direction, or one side of a split
}

// String describes the fault in a line, such as "1.5s: partition a - b for 20ms".
func (f Fault) String() string {
	of := schedule.Fault{Kind: schedule.FaultKind(f.Kind), For: f.For, Hosts: f.Hosts}
	return fmt.Sprintf("%v: %v", f.At, of)
}

// Faults returns the faults of the last run that have happened, in the order in which they
// did. Those that the program made by itself are not among them.
func (s *Sim) Faults() (faults []Fault) {
	if s.last == nil {
		return nil
	}
	for _, f := range s.last.Faults() {
		if len(f.Hosts) > 0 {
			faults = append(faults, Fault{FaultKind(f.Kind), f.At, f.For, f.Hosts})
		}
	}
	slices.SortStableFunc(faults, func(a, b Fault) int { return cmp.Compare(a.At, b.At) })
	return faults
}

const (
	defaultUntil    = 10 * time.Second
	defaultShortest = time.Millisecond
	defaultLongest  = 30 * time.Second
)

// plan sets the faults of a run in which they are not given by a schedule.
func (f *Faults) plan(seed uint64, p *Profile, net *simnet.Config) error {
	if err := f.check(); err != nil || f.Max == 0 {
		return err
	}
	c := schedule.FaultRange{Max: f.Max, From: f.From, Until: f.Until, Shortest: f.Lasts.Min, Longest: f.Lasts.Max, Lasting: f.Lasting}
	for _, k := range f.Kinds {
		c.Kinds = append(c.Kinds, schedule.FaultKind(k))
	}
	var busy []time.Duration
	if p != nil {
		busy = p.busy
	}
	switch c.Over = c.Until > 0; {
	case c.Over:
	case p != nil && p.lasted > f.From:
		c.Until = p.lasted
	default:
		c.Until = f.From + defaultUntil
	}
	if c.Longest == 0 {
		c.Longest = defaultLongest
	}
	if c.Shortest == 0 {
		c.Shortest = min(defaultShortest, c.Longest)
	}
	net.Faults, net.FaultHosts = c.Draw(schedule.Mix(seed, 2), busy), f.Hosts
	return nil
}

// check is what is wrong with the faults.
func (f *Faults) check() error {
	text := ""
	switch {
	case f.Max < 0:
		text = fmt.Sprintf("Max is %d: it must be 0, for none, or how many there are at most", f.Max)
	case f.Max == 0 && (len(f.Kinds) > 0 || len(f.Hosts) > 0 || f.From != 0 || f.Until != 0 || f.Lasts != Range{} || f.Lasting):
		text = "Max is 0, so that there are none: say how many there are at most"
	case f.From < 0 || f.Until < 0 || f.Until > 0 && f.Until <= f.From:
		text = fmt.Sprintf("from %v until %v there is no time: it must be 0 <= From < Until", f.From, f.Until)
	case f.Lasts.Min < 0 || f.Lasts.Max < f.Lasts.Min:
		text = fmt.Sprintf("Lasts from %v to %v is not a range: it must be 0 <= Min <= Max", f.Lasts.Min, f.Lasts.Max)
	}
	for _, k := range f.Kinds {
		if !schedule.FaultKind(k).Valid() {
			text = fmt.Sprintf("there is no %v: use sim.FaultPartition and its kin", k)
		}
	}
	if text == "" {
		return nil
	}
	return &anyio.MisuseError{Text: "sim.Faults: " + text}
}

// StopFaults ends the faults of Config.Faults: links are healed, hosts restarted, and no
// other one happens. A program calls it before it looks whether all has come right again.
func (n *Network) StopFaults() { n.n.StopFaults() }
