package simnet

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/waitq"
)

// A Packet is what travels between two hosts, or from a host to itself.
type Packet struct {
	From, To           string // names of hosts
	Src, Dst           netip.AddrPort
	Protocol           string // "tcp", "udp", or "icmp": the news that one of ours did not arrive
	SYN, ACK, FIN, RST bool
	Seq                int64 // of the first byte of Data, counted from 0
	AckSeq             int64 // all bytes before it have arrived
	Window             int   // bytes from AckSeq on for which there is room
	Again              bool  // is sent again because it seems lost
	Data               []byte
}

// A Verdict is what a rule says of a packet. The zero value lets it pass.
type Verdict struct {
	Drop        bool          // throw it away
	Unreachable bool          // throw it away and tell the sender, who gets EHOSTUNREACH
	Delay       time.Duration // on top of what the link takes; others may overtake it
	Copies      int           // further ones that arrive, too
}

// A packet is a Packet on its way.
type packet struct {
	Packet
	net   *Net
	path  *path
	timer kernel.Timer
	node  waitq.Node[*packet] // in path.flight or path.waiting
	from  *conn               // TCP
	to    *conn               // TCP; nil for the first packet of a connection
	probe bool                // TCP: asks for a packet with the window
	sock  *datagram           // UDP: who sent it; ICMP: who is told
	about *conn               // ICMP
	errno error               // ICMP
	// traced is what a Tracer has returned.
	traced any
}

// newPacket makes a packet from the host of a path to its other end.
func (n *Net) newPacket(pa *path, protocol string, src, dst netip.AddrPort) *packet {
	p := &packet{net: n, path: pa}
	p.Protocol, p.From, p.To, p.Src, p.Dst = protocol, pa.from.name, pa.to.name, src, dst
	p.timer.Value, p.node.Value = p, p
	return p
}

// copy is the same packet once more.
func (p *packet) copy() *packet {
	q := &packet{Packet: p.Packet, net: p.net, path: p.path, from: p.from, to: p.to, probe: p.probe,
		sock: p.sock, about: p.about, errno: p.errno, traced: p.traced}
	q.timer.Value, q.node.Value = q, q
	return q
}

// Bytes of headers: IP and TCP or UDP.
const (
	header4   = 20
	header6   = 40
	headerTCP = 20
	headerUDP = 8
)

// size is the number of bytes on the wire.
func (p *packet) size() int {
	size := len(p.Data) + headerUDP
	if p.Protocol == "tcp" {
		size = len(p.Data) + headerTCP
	}
	if p.Dst.Addr().Is4() {
		return size + header4
	}
	return size + header6
}

// mix puts a packet into the run's hash.
func (p *packet) mix(what uint64) {
	h := what
	add := func(v uint64) { h = (bits.RotateLeft64(h, 23) ^ v) * 0x9e3779b97f4a7c15 }
	for _, b := range []bool{p.SYN, p.ACK, p.FIN, p.RST} {
		add(2)
		if b {
			add(1)
		}
	}
	for _, s := range []string{p.From, p.To, p.Protocol} {
		for i := range len(s) {
			add(uint64(s[i]))
		}
	}
	add(uint64(p.Src.Port()))
	add(uint64(p.Dst.Port()))
	add(uint64(p.Seq))
	add(uint64(p.AckSeq))
	add(uint64(p.Window))
	add(uint64(len(p.Data)))
	data := p.Data
	for ; len(data) >= 8; data = data[8:] {
		add(binary.LittleEndian.Uint64(data))
	}
	for _, b := range data {
		add(uint64(b))
	}
	p.net.clock.Mix(uint64(p.net.clock.Now()))
	p.net.clock.Mix(h)
}
