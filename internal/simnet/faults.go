package simnet

import (
	"fmt"
	"net/netip"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/waitq"
)

// host is the host with a name; an unknown one is misuse and panics.
func (n *Net) host(name string) *Host {
	h := n.byName[name]
	if h == nil {
		panic(kernel.Misuse(fmt.Sprintf("no host %q in the network: add it first, with AddHost or sim.RunOnHost", name)))
	}
	return h
}

// between calls f with both directions between two hosts, or only the first one.
func (n *Net) between(from, to string, oneWay bool, f func(*path)) {
	n.lock()
	defer n.unlock() // also when host panics
	a, b := n.host(from), n.host(to)
	f(n.path(a, b))
	if !oneWay && a != b {
		f(n.path(b, a))
	}
}

func arrow(oneWay bool) string {
	if oneWay {
		return ">"
	}
	return "-"
}

// Link sets what happens to packets between two hosts.
func (n *Net) Link(from, to string, oneWay bool, l Link) {
	n.between(from, to, oneWay, func(p *path) {
		p.link = l
		p.normalize()
	})
}

// Partition throws away what is sent, and what is on its way, until Heal.
func (n *Net) Partition(from, to string, oneWay bool) {
	n.between(from, to, oneWay, func(p *path) { p.cut = true })
	n.say("partition %s %s %s", from, arrow(oneWay), to)
}

// Heal ends partitions.
func (n *Net) Heal(from, to string, oneWay bool) {
	n.between(from, to, oneWay, func(p *path) { p.heal() })
	n.say("heal %s %s %s", from, arrow(oneWay), to)
}

// HealAll ends all partitions.
func (n *Net) HealAll() {
	n.lock()
	defer n.unlock()
	n.note("heal all")
	for _, p := range n.links {
		p.heal()
	}
}

// Isolate partitions a host from all others there are.
func (n *Net) Isolate(name string) {
	n.lock()
	defer n.unlock()
	h := n.host(name)
	n.note("isolate %s", name)
	for _, other := range n.hosts {
		if other != h {
			n.path(h, other).cut = true
			n.path(other, h).cut = true
		}
	}
}

// Hold keeps what is sent from now on until Release.
func (n *Net) Hold(from, to string, oneWay bool) {
	n.between(from, to, oneWay, func(p *path) { p.held = true })
	n.say("hold %s %s %s", from, arrow(oneWay), to)
}

// Release sends what was held on its way, in order.
func (n *Net) Release(from, to string, oneWay bool) {
	n.say("release %s %s %s", from, arrow(oneWay), to)
	n.between(from, to, oneWay, func(pa *path) {
		pa.held = false
		for nd := pa.waiting.Pop(); nd != nil; nd = pa.waiting.Pop() {
			n.fly(nd.Value, 0)
		}
	})
}

// Drop throws away what is held or on its way, and counts it.
func (n *Net) Drop(from, to string, oneWay bool) (count int) {
	n.say("drop %s %s %s", from, arrow(oneWay), to)
	n.between(from, to, oneWay, func(pa *path) {
		for _, q := range []*waitq.Queue[*packet]{&pa.flight, &pa.waiting} {
			for nd := q.Pop(); nd != nil; nd = q.Pop() {
				n.clock.Disarm(&nd.Value.timer)
				n.drop(nd.Value, "dropped on the way")
				count++
			}
		}
	})
	return count
}

// say is note for callers without the lock.
func (n *Net) say(format string, args ...any) {
	n.lock()
	n.note(format, args...)
	n.unlock()
}

// Reset breaks the TCP connections between two hosts, without a packet: both
// sides find them reset. It counts them.
func (n *Net) Reset(a, b string) (count int) {
	n.lock()
	defer n.unlock()
	ha, hb := n.host(a), n.host(b)
	n.note("reset %s - %s", a, b)
	return n.resetWhere(ha, func(c *conn) bool { return c.peerHost == hb })
}

// ResetConn breaks the TCP connections with a socket at an address.
func (n *Net) ResetConn(addr netip.AddrPort) (count int) {
	n.lock()
	defer n.unlock()
	n.note("reset %v", addr)
	if h := n.owner(addr.Addr()); h != nil {
		return n.resetWhere(h, func(c *conn) bool { return c.local == addr })
	}
	for _, h := range n.hosts { // a loopback address
		count += n.resetWhere(h, func(c *conn) bool { return c.local == addr })
	}
	return count
}

func (n *Net) resetWhere(h *Host, match func(*conn) bool) (count int) {
	var all []*conn
	for nd := h.sockets.Front(); nd != nil; nd = nd.Next() {
		if c, ok := nd.Value.(*conn); ok && c.state != dead && match(c) {
			all = append(all, c)
		}
	}
	for _, c := range all {
		if c.state == dead {
			continue // the other side of one before it
		}
		if c.peer != nil && c.peer.state != dead {
			c.peer.reset()
		}
		c.reset()
		count++
	}
	return count
}

// Kill ends the processes of a host: its tasks are canceled and its sockets gone.
// With power off the host is silent until Restart; without, it answers that
// nobody is there, beginning with a reset of its connections.
func (n *Net) Kill(name, reason string, powerOff bool) {
	what := "kill"
	if powerOff {
		what = "power off"
	}
	h, seats := n.kill(name, what, reason, powerOff)
	if h == nil {
		return
	}
	for _, s := range seats {
		s.stop(fmt.Sprintf("host %q: %s: %s", name, what, reason))
	}
	n.lock()
	defer n.unlock()
	for nd := h.sockets.Front(); nd != nil; nd = h.sockets.Front() {
		h.sockets.Remove(nd)
		nd.Value.die(powerOff)
	}
}

// kill returns whose functions are to be canceled, which is done before the
// sockets are gone, so that they see that and not closed sockets.
func (n *Net) kill(name, what, reason string, powerOff bool) (h *Host, seats []*Seat) {
	n.lock()
	defer n.unlock()
	if h = n.host(name); h.dead() {
		return nil, nil
	}
	n.note("%s %s: %s", what, name, reason)
	h.life++
	h.off = powerOff
	for nd := h.seats.Pop(); nd != nil; nd = h.seats.Pop() {
		seats = append(seats, nd.Value)
	}
	return h, seats
}

// Restart brings a killed host back, with its files but without sockets, and lets
// its functions begin anew.
func (n *Net) Restart(name string) {
	n.lock()
	defer n.unlock()
	if h := n.host(name); h.dead() {
		n.note("restart %s", name)
		n.restart(h)
	}
}

func (n *Net) restart(h *Host) {
	h.life++
	h.off = false
	n.wakeAll(&h.kills)
}
