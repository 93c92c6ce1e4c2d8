package simnet

import (
	"syscall"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/waitq"
)

// A Link is what happens to packets on the way from one host to another.
type Link struct {
	Latency   time.Duration // 0: a millisecond, none from a host to itself; negative: none
	Jitter    time.Duration // random, from 0 to this, on top of Latency; does not reorder
	Bandwidth int64         // bytes a second, headers included; 0: no limit
	Loss      float64       // probability that a packet is lost
	Duplicate float64       // probability that it arrives twice
	Reorder   float64       // probability that it is held up, so that later ones overtake it
}

// DefaultLatency is that of a link between two hosts.
const DefaultLatency = time.Millisecond

type pair struct{ from, to *Host }

// A path is one direction of a link.
type path struct {
	from, to *Host
	link     Link
	busy     int64      // until then the link is sending
	last     int64      // the latest arrival so far
	cut      bool       // by a partition
	faults   []*planned // of the plan, that concern it now
	held     bool
	used     bool // a packet was sent
	flight   waitq.Queue[*packet]
	waiting  waitq.Queue[*packet] // while held
}

// path is the way from one host to another.
func (n *Net) path(from, to *Host) *path {
	key := pair{from, to}
	p := n.links[key]
	if p == nil {
		p = &path{from: from, to: to}
		if from != to {
			p.link = n.cfg.Link
		}
		p.normalize()
		n.links[key] = p
	}
	return p
}

func (p *path) normalize() {
	switch l := &p.link; {
	case l.Latency < 0, l.Latency == 0 && p.from == p.to:
		l.Latency = 0
	case l.Latency == 0:
		l.Latency = DefaultLatency
	}
}

// send puts a packet on its way.
func (n *Net) send(p *packet) {
	if len(n.rules) > 0 {
		n.pend = append(n.pend, p)
	} else {
		n.route(p, Verdict{})
	}
}

// route decides what becomes of a packet.
func (n *Net) route(p *packet, v Verdict) {
	n.stats.Sent++
	p.path.used = true
	n.busy()
	p.mix(1)
	pa := p.path
	switch {
	case v.Unreachable:
		n.drop(p, "unreachable")
		n.bounce(p, syscall.EHOSTUNREACH)
	case v.Drop:
		n.drop(p, "dropped by a rule")
	case pa.severed():
		n.drop(p, "dropped: partition")
	case pa.held:
		n.tracePacket(p, "held")
		pa.waiting.Push(&p.node)
	case n.chance(pa.link.Loss), pa.loses():
		n.stats.Lost++
		n.tracePacket(p, "lost")
		n.missing(p)
	default:
		n.tracePacket(p, "")
		copies := v.Copies
		if n.chance(pa.link.Duplicate) {
			copies++
		}
		copies += pa.doubles()
		n.fly(p, v.Delay+pa.delays())
		for range copies {
			n.stats.Duplicated++
			n.fly(p.copy(), v.Delay+pa.delays())
		}
	}
}

// later is the instant d after at, saturating.
func later(at int64, d time.Duration) int64 {
	const last = 1<<63 - 2
	return min(at, last-int64(max(d, 0))) + int64(max(d, 0))
}

// fly arms the timer of a packet's arrival.
func (n *Net) fly(p *packet, extra time.Duration) {
	pa, l := p.path, &p.path.link
	at := n.clock.Now()
	if l.Bandwidth > 0 {
		at = max(at, pa.busy) + int64(time.Duration(p.size())*time.Second/time.Duration(l.Bandwidth))
		pa.busy = at
	}
	at = later(later(at, l.Latency), n.upTo(l.Jitter))
	late := extra > 0
	if n.chance(l.Reorder) {
		late = true
		extra += n.upTo(4 * min(max(l.Latency, time.Millisecond), 1<<60))
	}
	if late {
		at = later(at, extra)
	} else {
		at = max(at, pa.last)
		pa.last = at
	}
	p.timer.When = at
	pa.flight.Push(&p.node)
	n.clock.Arm(&p.timer)
}

// Fire is the arrival of a packet.
func (p *packet) Fire() {
	n := p.net
	if tr := n.cfg.Tracer; tr != nil {
		defer tr.Arrives(nil) // after unlock, which wakes who waits for it
	}
	n.lock()
	defer n.unlock()
	if !p.path.flight.Remove(&p.node) {
		return // dropped meanwhile
	}
	switch {
	case p.path.severed():
		n.drop(p, "dropped on the way: partition")
		return
	case p.path.to.off:
		n.drop(p, "dropped: "+p.To+" is off")
		return
	}
	if tr := n.cfg.Tracer; tr != nil {
		tr.Arrives(p.traced)
	}
	if p.Protocol != "icmp" {
		n.stats.Delivered++
	}
	n.busy()
	p.mix(2)
	switch {
	case p.Protocol == "icmp" && p.about != nil:
		p.about.unreachable(p.errno)
	case p.Protocol == "icmp":
		p.sock.refuse(p.errno)
	case p.Protocol == "udp":
		n.arriveUDP(p)
	case p.to != nil:
		p.to.receive(p)
	default:
		n.arriveSYN(p)
	}
}

// drop throws a packet away.
func (n *Net) drop(p *packet, why string) {
	n.stats.Dropped++
	n.tracePacket(p, why)
	n.missing(p)
}

// missing tells the receiver's half of a connection what only a simulator can
// know: that a packet which could have opened its window is gone.
func (n *Net) missing(p *packet) {
	if p.to != nil && p.ACK {
		p.to.missed = max(p.to.missed, p.AckSeq+int64(p.Window))
		p.to.arm()
	}
}

// bounce tells the sender of a packet that it did not arrive.
func (n *Net) bounce(p *packet, errno error) {
	if p.Protocol == "icmp" {
		return
	}
	q := n.newPacket(n.path(p.path.to, p.path.from), "icmp", p.Dst, p.Src)
	q.about, q.sock, q.errno = p.from, p.sock, errno
	n.tracePacket(q, "")
	n.fly(q, 0)
}

var _ kernel.Firer = (*packet)(nil)
