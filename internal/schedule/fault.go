package schedule

import (
	"fmt"
	"strings"
	"time"
)

// A FaultKind is what goes wrong.
type FaultKind uint8

// The numbers are in schedules that were told, and must not change.
const (
	Partition FaultKind = iota
	OneWay
	Split
	Kill
	PowerOff
	Loss
	Delay
	Duplicate
	Reset
	faultKinds
)

// FaultKinds are all there are.
func FaultKinds() (all []FaultKind) {
	for k := range faultKinds {
		all = append(all, k)
	}
	return all
}

// Valid reports whether there is such a kind.
func (k FaultKind) Valid() bool { return k < faultKinds }

// Instant reports whether faults of the kind do not last.
func (k FaultKind) Instant() bool { return k == Reset }

// String returns the name of the kind.
func (k FaultKind) String() string {
	names := [...]string{"partition", "one-way partition", "split", "kill", "power off", "loss", "delay", "duplicate", "reset"}
	if k.Valid() {
		return names[k]
	}
	return fmt.Sprintf("FaultKind(%d)", uint8(k))
}

// A Fault is something that goes wrong in the network of a run.
type Fault struct {
	Kind FaultKind
	At   time.Duration // since the run began
	For  time.Duration // negative: until the run ends
	// Hosts are those concerned, by name, since the order in which hosts are made is not
	// that of all schedules. Of a Split they are one side. Without any nothing happens, but
	// for the passing of time until then if everybody waits.
	Hosts []string
	// Pick is what the hosts are drawn by when it happens, if it is not 0.
	Pick uint64
}

// String describes the fault without its time.
func (f Fault) String() string {
	text := f.Kind.String() + " "
	switch f.Kind {
	case OneWay:
		text += strings.Join(f.Hosts, " > ")
	case Split:
		text = "split " + strings.Join(f.Hosts, " ") + " from all others"
	default:
		text += strings.Join(f.Hosts, " - ")
	}
	return text + f.Lasts()
}

// Lasts describes how long the fault lasts, such as " for 1s".
func (f Fault) Lasts() string {
	switch {
	case f.Kind.Instant():
		return ""
	case f.For < 0:
		return " for good"
	case f.Kind == Kill || f.Kind == PowerOff:
		return ", restart after " + f.For.String()
	}
	return " for " + f.For.String()
}
