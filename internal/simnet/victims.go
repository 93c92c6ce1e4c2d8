package simnet

import (
	"cmp"
	"slices"

	"github.com/anyio-go/anyio/internal/schedule"
)

// victims are the hosts that a fault of the plan concerns, none if it cannot happen. They
// are drawn by their names, which have the same fate in each order in which hosts may have
// been made; another host more or less changes nothing for most faults.
func (n *Net) victims(p *planned) []*Host {
	hosts := n.named(p.Hosts)
	if p.Pick != 0 {
		hosts = n.drawn(p)
	}
	switch {
	case len(hosts) == 0:
		return nil
	case p.Kind == schedule.Kill || p.Kind == schedule.PowerOff:
		if hosts[0].dead() {
			return nil
		}
	case p.Kind == schedule.Split:
		if len(hosts) >= len(n.hosts) {
			return nil
		}
	case len(hosts) != 2 || hosts[0] == hosts[1]:
		return nil
	case p.Kind == schedule.Reset:
		if !n.connected(hosts[0], hosts[1]) {
			return nil
		}
	}
	return hosts
}

// named are the hosts with these names, none if one of them is missing.
func (n *Net) named(names []string) (hosts []*Host) {
	for _, name := range names {
		h := n.byName[name]
		if h == nil {
			return nil
		}
		hosts = append(hosts, h)
	}
	return hosts
}

// drawn draws the hosts of a fault.
func (n *Net) drawn(p *planned) []*Host {
	listed := func(h *Host) bool {
		return len(n.cfg.FaultHosts) == 0 || slices.Contains(n.cfg.FaultHosts, h.name)
	}
	remote := func(h *Host) bool { return h != n.hosts[0] }
	linked := func(h *Host) bool { return remote(h) || n.linked(h) }
	switch p.Kind {
	case schedule.Kill, schedule.PowerOff: // code outside RunOnHost cannot be killed
		h := n.luckiest(p.Pick, func(h *Host) bool { return listed(h) && remote(h) && !h.dead() })
		if h == nil {
			return nil
		}
		return []*Host{h}
	case schedule.Split:
		return n.side(p.Pick, func(h *Host) bool { return listed(h) && linked(h) }, linked)
	}
	a := n.luckiest(p.Pick, func(h *Host) bool { return listed(h) && linked(h) })
	if a == nil {
		return nil
	}
	b := n.luckiest(schedule.Mix(p.Pick, 1), func(h *Host) bool {
		return h != a && (n.links[pair{a, h}].talks() || n.links[pair{h, a}].talks())
	})
	if b == nil { // nobody that it has talked to
		b = n.luckiest(schedule.Mix(p.Pick, 1), func(h *Host) bool { return h != a && linked(h) })
	}
	switch {
	case b == nil:
		return nil
	case p.Kind != schedule.OneWay:
		return byName([]*Host{a, b})
	case schedule.Mix(p.Pick, 2)&1 == 0:
		return []*Host{a, b}
	}
	return []*Host{b, a}
}

// byName sorts hosts.
func byName(hosts []*Host) []*Host {
	slices.SortFunc(hosts, func(a, b *Host) int { return cmp.Compare(a.name, b.name) })
	return hosts
}

// luckiest is the host that a number draws of those that may be drawn, nil if there is none.
func (n *Net) luckiest(pick uint64, may func(h *Host) bool) (best *Host) {
	most := uint64(0)
	for _, h := range n.hosts {
		if luck := schedule.Mix(pick, schedule.Hash(h.name)); may(h) && (best == nil || luck > most) {
			best, most = h, luck
		}
	}
	return best
}

// side draws one of the hosts, or each of them with a probability of one half; others are left
// that are linked.
func (n *Net) side(pick uint64, may, linked func(h *Host) bool) (hosts []*Host) {
	if schedule.Mix(pick, 3)&1 == 0 {
		for _, h := range n.hosts {
			if may(h) && schedule.Mix(pick, schedule.Hash(h.name))&1 == 0 {
				hosts = append(hosts, h)
			}
		}
	}
	others := slices.ContainsFunc(n.hosts, func(h *Host) bool { return linked(h) && !slices.Contains(hosts, h) })
	if len(hosts) == 0 || !others {
		h := n.luckiest(pick, may)
		if h == nil {
			return nil
		}
		hosts = []*Host{h}
	}
	return byName(hosts)
}

// linked reports whether a host has sent something to another, or the other way round.
func (n *Net) linked(h *Host) bool {
	for key, p := range n.links {
		if p.talks() && key.from != key.to && (key.from == h || key.to == h) {
			return true
		}
	}
	return false
}

// talks reports whether something was sent on the path, which may be nil.
func (p *path) talks() bool { return p != nil && p.used }

// connected reports whether there is a TCP connection between two hosts.
func (n *Net) connected(a, b *Host) bool {
	for nd := a.sockets.Front(); nd != nil; nd = nd.Next() {
		if c, ok := nd.Value.(*conn); ok && c.state != dead && c.peerHost == b {
			return true
		}
	}
	return false
}
