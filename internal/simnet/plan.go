package simnet

import (
	"slices"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/schedule"
)

// A planned is a fault of the run's plan.
type planned struct {
	schedule.Fault // with its hosts once it has happened
	net            *Net
	begin, end     kernel.Timer
	done           bool // has happened
	on             bool // and is not over
	paths          []*path
	host           *Host // that was killed
	life           int   // of it since then
	r              schedule.Rand
}

// armPlan lets the faults of the plan come when their time has come. It waits until there is
// a second host: most runs of a search have no network at all, and then no timer may keep
// them from being a deadlock.
func (n *Net) armPlan() {
	if len(n.hosts) != 2 {
		return
	}
	now := n.clock.Now()
	for _, f := range n.cfg.Faults {
		p := &planned{Fault: f, net: n}
		p.r = schedule.NewRand(schedule.Mix(n.cfg.FaultSeed, uint64(f.At)))
		p.begin.Value, p.end.Value = p, ending{p}
		p.begin.When = int64(f.At)
		n.plan = append(n.plan, p)
		if p.begin.When >= now {
			n.clock.Arm(&p.begin)
		}
	}
}

// Happened are the faults of the plan, each with the hosts that it had; none if it has not
// happened. Nothing is returned if there were never two hosts.
func (n *Net) Happened() (faults []schedule.Fault) {
	n.lock()
	defer n.unlock()
	for _, p := range n.plan {
		f := p.Fault
		if f.Pick = 0; !p.done {
			f.Hosts = nil
		}
		faults = append(faults, f)
	}
	return faults
}

// Fire is the begin of a fault.
func (p *planned) Fire() { kernel.Unpreempted(p.happen) }

func (p *planned) happen() {
	n := p.net
	n.lock()
	hosts := n.victims(p)
	if len(hosts) == 0 {
		n.unlock()
		return
	}
	p.done, p.Hosts = true, nil
	for _, h := range hosts {
		p.Hosts = append(p.Hosts, h.name)
	}
	p.on = !p.Kind.Instant()
	switch p.Kind {
	case schedule.Kill, schedule.PowerOff:
		p.host, p.life = hosts[0], hosts[0].life+1
		n.unlock()
		n.Kill(p.host.name, "planned"+p.Lasts(), p.Kind == schedule.PowerOff)
		n.lock()
	case schedule.Reset:
		n.note("planned: %v", p.Fault)
		n.resetWhere(hosts[0], func(c *conn) bool { return c.peerHost == hosts[1] })
	default:
		n.note("planned: %v", p.Fault)
		p.concern(hosts)
	}
	if p.on && p.For >= 0 {
		p.end.When = later(n.clock.Now(), p.For)
		n.clock.Arm(&p.end)
	}
	n.unlock()
}

// concern puts the fault on the paths that it concerns.
func (p *planned) concern(hosts []*Host) {
	n := p.net
	on := func(from, to *Host) {
		pa := n.path(from, to)
		pa.faults = append(pa.faults, p)
		p.paths = append(p.paths, pa)
	}
	switch p.Kind {
	case schedule.OneWay:
		on(hosts[0], hosts[1])
	case schedule.Split:
		for _, h := range hosts {
			for _, other := range n.hosts {
				if !slices.Contains(hosts, other) {
					on(h, other)
					on(other, h)
				}
			}
		}
	default:
		on(hosts[0], hosts[1])
		on(hosts[1], hosts[0])
	}
}

// ending is the timer of a fault's end.
type ending struct{ p *planned }

// Fire is the end of a fault.
func (e ending) Fire() {
	n := e.p.net
	n.lock()
	defer n.unlock()
	e.p.over()
}

// over ends a fault. What was healed or restarted by others stays as it is.
func (p *planned) over() {
	p.on = false
	if p.host == nil {
		p.net.note("over: %v", p.Fault)
	}
	for _, pa := range p.paths {
		pa.faults = slices.DeleteFunc(pa.faults, func(q *planned) bool { return q == p })
	}
	if p.host != nil && p.host.life == p.life {
		p.net.note("restart %s", p.host.name)
		p.net.restart(p.host)
	}
}

// StopFaults ends the faults of the plan. No other one happens.
func (n *Net) StopFaults() {
	n.lock()
	defer n.unlock()
	for _, p := range n.plan {
		n.clock.Disarm(&p.begin)
		if p.on {
			n.clock.Disarm(&p.end)
			p.over()
		}
	}
}

// heal ends what cuts the path.
func (p *path) heal() {
	p.cut = false
	p.faults = slices.DeleteFunc(p.faults, (*planned).cuts)
}

// cuts reports whether the fault is a partition.
func (p *planned) cuts() bool {
	return p.Kind == schedule.Partition || p.Kind == schedule.OneWay || p.Kind == schedule.Split
}

// severed reports whether nothing comes through.
func (p *path) severed() bool { return p.cut || slices.ContainsFunc(p.faults, (*planned).cuts) }

// loses draws whether a fault takes a packet: every other one, on average.
func (p *path) loses() (lost bool) {
	for _, f := range p.faults {
		lost = f.Kind == schedule.Loss && f.r.Below(2) == 0 || lost
	}
	return lost
}

// doubles draws how many more times a packet arrives.
func (p *path) doubles() (copies int) {
	for _, f := range p.faults {
		if f.Kind == schedule.Duplicate {
			copies += int(f.r.Below(2))
		}
	}
	return copies
}

// delays draws how much longer a packet takes: up to what the fault lasts, or a minute if
// that is until the run ends.
func (p *path) delays() (d time.Duration) {
	for _, f := range p.faults {
		if f.Kind == schedule.Delay {
			most := f.For
			if most < 0 {
				most = time.Minute
			}
			d += time.Duration(f.r.Below(uint64(most) + 1))
		}
	}
	return d
}
