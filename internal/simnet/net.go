// Package simnet is the socket layer of the simulator: hosts, links between them,
// TCP, UDP, UNIX sockets and name resolution, all inside one run and in virtual
// time. Everything random comes from the run's seed.
//
// One lock guards a network. What could call back (waiters to unpark, rules,
// writers of the trace) is put aside while it is held and done by unlock.
package simnet

import (
	"io"
	"sync"
	"time"
	"unsafe"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/schedule"
)

// A Clock is what the network needs of its run.
type Clock interface {
	Now() int64
	Arm(t *kernel.Timer)
	Disarm(t *kernel.Timer) bool
	Uint64() uint64 // random
	Mix(v uint64)   // into the hash of the run
}

// Config is what the links and sockets of a network are like.
type Config struct {
	Link          Link   // between two hosts for which none is set
	SendBuffer    int    // bytes of a TCP or UNIX socket that are written, but not yet received
	ReceiveBuffer int    // bytes of a TCP or UNIX socket that are received, but not yet read
	SegmentSize   int    // bytes of data in one TCP packet
	DatagramQueue int    // bytes that wait in a UDP socket; more are thrown away
	Tracer        Tracer // nil: nobody is told

	Faults     []schedule.Fault // the run's plan, by time
	FaultHosts []string         // of which each fault has one; none: any
	FaultSeed  uint64           // of what faults draw while they last
	NoteBusy   bool             // keep the times for Busy
}

const (
	defaultBuffer   = 64 << 10
	defaultSegment  = 1460
	defaultDatagram = 208 << 10
)

// A Net is the network of one run.
type Net struct {
	clock Clock
	cfg   Config

	mu     sync.Mutex // guards all that follows, and all that hangs on it
	hosts  []*Host    // the first one is that of tasks that belong to no other
	byName map[string]*Host
	links  map[pair]*path
	rules  []func(*Packet) Verdict // replaced, never changed
	names  map[string]func(family string) Answer
	traces []io.Writer // replaced, never changed
	stats  Stats
	plan   []*planned // the faults of the run, once they are armed
	times  times      // see Busy

	// What unlock has to do.
	wakes kernel.Woken
	news  []*line   // whose watchers are to be told
	pend  []*packet // not yet judged by the rules
	text  []byte    // of the trace
}

// Stats counts packets.
type Stats struct {
	Sent       uint64 // by sockets, copies made on the way not counted
	Delivered  uint64 // arrived at a host
	Lost       uint64 // by the chance of a link
	Dropped    uint64 // by a partition, a rule, Drop, or a host without power
	Duplicated uint64 // copies made on the way
	Overflowed uint64 // datagrams for which a socket's queue had no room
	Sockets    uint64 // that are open now
}

// localhost is the host that there always is.
const localhost = "localhost"

// New makes a network with one host, "localhost".
func New(clock Clock, cfg Config) *Net {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&cfg.SendBuffer, defaultBuffer)
	def(&cfg.ReceiveBuffer, defaultBuffer)
	def(&cfg.SegmentSize, defaultSegment)
	def(&cfg.DatagramQueue, defaultDatagram)
	n := &Net{clock: clock, cfg: cfg, byName: make(map[string]*Host), links: make(map[pair]*path),
		names: make(map[string]func(string) Answer)}
	n.addHost(localhost, HostConfig{})
	return n
}

func (n *Net) lock() {
	n.mu.Lock()
	n.Sync()
}

// Sync orders what rules and the trace's writers did before what the caller does.
// The calls are made by whichever task, or timer, unlocks; they are ordered among
// each other, before the network's next use and before the end of the run.
func (n *Net) Sync() { race.Acquire(unsafe.Pointer(n)) }

// unlock releases the lock and does what could not be done under it. Packets that
// rules send on their way may give rise to more.
func (n *Net) unlock() {
	for {
		wakes, news, pend, text := n.wakes, n.news, n.pend, n.text
		n.wakes, n.news, n.pend, n.text = kernel.Woken{}, nil, nil, nil
		rules, traces := n.rules, n.traces
		n.mu.Unlock()
		wakes.Unpark()
		for _, q := range news {
			q.tell()
		}
		if len(text)+len(pend) == 0 {
			return
		}
		n.Sync()
		verdicts := make([]Verdict, len(pend))
		kernel.Unpreempted(func() {
			if len(text) > 0 {
				for _, w := range traces {
					_, _ = w.Write(text)
				}
			}
			for i, p := range pend {
				verdicts[i] = judge(rules, p)
			}
		})
		race.ReleaseMerge(unsafe.Pointer(n))
		if len(pend) == 0 {
			return
		}
		n.mu.Lock()
		for i, p := range pend {
			n.route(p, verdicts[i])
		}
	}
}

// chance is true with a probability. A probability of 0 draws nothing.
func (n *Net) chance(probability float64) bool {
	return probability > 0 && float64(n.clock.Uint64()>>11)/(1<<53) < probability
}

// upTo is a random duration from 0 to d.
func (n *Net) upTo(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(n.clock.Uint64() % (uint64(d) + 1))
}

// Stats is what the packets of the network have come to.
func (n *Net) Stats() Stats {
	n.lock()
	defer n.unlock()
	s := n.stats
	for _, h := range n.hosts {
		s.Sockets += uint64(h.sockets.Len())
	}
	return s
}

// OnPacket adds a rule. Each packet is given to the rules when it is sent, the
// first of them that has something against it decides.
func (n *Net) OnPacket(rule func(*Packet) Verdict) {
	n.lock()
	defer n.unlock()
	n.rules = append(n.rules[:len(n.rules):len(n.rules)], rule)
}

// ClearRules removes all rules.
func (n *Net) ClearRules() {
	n.lock()
	defer n.unlock()
	n.rules = nil
}

func judge(rules []func(*Packet) Verdict, p *packet) Verdict {
	for _, r := range rules {
		if v := r(&p.Packet); v != (Verdict{}) {
			return v
		}
	}
	return Verdict{}
}

var _ kernel.Network = (*Net)(nil)
