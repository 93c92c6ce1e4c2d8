package sim

import (
	"context"
	"io"
	"net/netip"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/simnet"
)

// NetworkConfig is what the simulated network of a run is like. The zero value is
// ready to use.
type NetworkConfig struct {
	// Link is what happens between two hosts for which Network.Link was not called.
	Link Link
	// SendBuffer and ReceiveBuffer are the bytes that a stream socket keeps for
	// each direction; default 64 KiB.
	SendBuffer, ReceiveBuffer int
	// SegmentSize is the most data in one TCP packet; default 1,460 bytes.
	SegmentSize int
	// DatagramQueue is how many bytes may wait in a UDP socket, headers included;
	// default 208 KiB. What comes then is lost.
	DatagramQueue int
}

func (c NetworkConfig) internal() simnet.Config {
	return simnet.Config{Link: simnet.Link(c.Link), SendBuffer: c.SendBuffer, ReceiveBuffer: c.ReceiveBuffer,
		SegmentSize: c.SegmentSize, DatagramQueue: c.DatagramQueue}
}

// A Link is what happens to packets on the way from one host to another. TCP
// repeats what is lost: its bytes come late, but complete and in order.
type Link struct {
	// Latency is the time from host to host. 0 means a millisecond, and no time
	// from a host to itself; negative means none.
	Latency time.Duration
	// Jitter is the most that is added to Latency by chance. It does not reorder.
	Jitter time.Duration
	// Bandwidth is in bytes a second, headers of IP, TCP and UDP included; 0 means
	// that there is no limit. Packets wait for those before them.
	Bandwidth int64
	// Loss is the probability, from 0 to 1, that a packet is lost.
	Loss float64
	// Duplicate is the probability that a packet arrives twice.
	Duplicate float64
	// Reorder is the probability that a packet is held up for up to four times the
	// latency, so that later ones overtake it.
	Reorder float64
}

// A Network is the simulated network of one run: hosts, links between them, and
// faults. Its methods may be called from any task of the run, and those that name
// a host which does not exist panic with an *anyio.MisuseError. None of them waits.
//
// With the names of two hosts they mean both directions; what ends in OneWay means
// packets from the first to the second. A host's name given twice means what the
// host sends to itself.
type Network struct{ n *simnet.Net }

// NetworkOf returns the network of the simulated run that ctx belongs to. In a run on
// another backend it panics with an *anyio.MisuseError.
func NetworkOf(ctx context.Context) *Network {
	n, ok := kernel.NetworkOf(ctx).(*simnet.Net)
	if !ok {
		panic(&anyio.MisuseError{Text: "sim.NetworkOf: the context belongs to no simulated run: run on sim.New(sim.Config{})"})
	}
	return &Network{n}
}

// Link sets what happens to packets between two hosts from now on.
func (n *Network) Link(a, b string, l Link) { n.n.Link(a, b, false, simnet.Link(l)) }

// LinkOneWay is like Link but for one direction.
func (n *Network) LinkOneWay(from, to string, l Link) { n.n.Link(from, to, true, simnet.Link(l)) }

// A NetworkStats counts the packets of a run, and its sockets.
type NetworkStats struct {
	Sent       uint64 // by sockets; copies made on the way are not counted
	Delivered  uint64 // arrived at a host
	Lost       uint64 // by the chance of a link
	Dropped    uint64 // by a partition, a rule, Drop, a full backlog, or a host without power
	Duplicated uint64 // copies made on the way
	Overflowed uint64 // datagrams for which a socket's queue had no room
	// Sockets are those that are open now on all hosts: what was not closed, or was
	// never accepted, and TCP connections that still have to send after Close.
	Sockets uint64
}

// Stats counts the packets so far, and the sockets that are open.
func (n *Network) Stats() NetworkStats { return NetworkStats(n.n.Stats()) }

// Trace writes a line for each packet that is sent, with what becomes of it, and
// for each fault: "12.003s a:49152 > db1:5432 SYN". Data is written as "0:12", its
// place in the stream. The writer must not call into the run.
func (n *Network) Trace(w io.Writer) { n.n.Trace(w) }

// A Packet is given to a rule. It must not be changed.
type Packet struct {
	From, To           string // names of hosts
	Src, Dst           netip.AddrPort
	Protocol           string // "tcp" or "udp"
	SYN, ACK, FIN, RST bool
	Seq                int64 // of the first byte of Data in the stream, counted from 0
	AckSeq             int64 // all bytes before it have arrived
	Window             int   // bytes from AckSeq on for which there is room
	Again              bool  // sent again because it seems to be lost
	Data               []byte
}

// A Verdict is what a rule says of a packet. The zero value lets it pass.
type Verdict struct {
	// Drop throws the packet away.
	Drop bool
	// Unreachable throws it away and tells the sender: a Dial fails with
	// EHOSTUNREACH, a connected UDP socket with its next call.
	Unreachable bool
	// Delay is added to what the link takes; other packets may overtake this one.
	Delay time.Duration
	// Copies is how many further ones arrive.
	Copies int
}

// OnPacket adds a rule, a function that is asked about each packet when it is
// sent. Of several rules the first one that does not let it pass decides. A rule
// may use the network's methods, but must not block.
func (n *Network) OnPacket(rule func(*Packet) Verdict) {
	n.n.OnPacket(func(p *simnet.Packet) simnet.Verdict { return simnet.Verdict(rule((*Packet)(p))) })
}

// ClearRules removes all rules.
func (n *Network) ClearRules() { n.n.ClearRules() }

// A DNSAnswer is what the resolver says of a name.
type DNSAnswer struct {
	Addrs   []netip.Addr  // in this order; none: there is no such host
	Delay   time.Duration // before the answer comes
	Timeout bool          // no server has answered
	Err     string        // another, temporary failure: "server misbehaving"
	CNAME   string        // the name that it stands for, as socket.Resolver tells; "" is itself
}

// DNS sets what lookups of a name get. The error of one that fails is a
// *net.DNSError.
func (n *Network) DNS(name string, answer DNSAnswer) {
	n.DNSFunc(name, func(string) DNSAnswer { return answer })
}

// DNSFunc is like DNS but with a function that is asked at each lookup. Family is "ip",
// "ip4" or "ip6". It must not block. A nil function undoes DNS.
func (n *Network) DNSFunc(name string, answer func(family string) DNSAnswer) {
	if answer == nil {
		n.n.DNS(name, nil)
		return
	}
	n.n.DNS(name, func(family string) simnet.Answer { return simnet.Answer(answer(family)) })
}
