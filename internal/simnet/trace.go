package simnet

import (
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
)

// Trace writes a line for each packet that is sent, with what became of it, and
// for each fault that is made.
func (n *Net) Trace(w io.Writer) {
	n.lock()
	defer n.unlock()
	n.traces = append(n.traces[:len(n.traces):len(n.traces)], w)
}

// A Tracer is told of each packet and fault as it happens. It must not use the network.
type Tracer interface {
	// Packet is told of a packet that is sent, with what is in it and what becomes of it,
	// "" if it is on its way. What it returns stands for the packet.
	Packet(p *Packet, what, fate string) any
	// Lost is told what has become of a packet on its way.
	Lost(packet any, fate string)
	// Arrives is told that a packet arrives and, with nil, that all is done that follows
	// from it.
	Arrives(packet any)
	// Fault is told of a fault, as Trace writes it.
	Fault(text string)
}

// note is a line of the trace, and part of the hash.
func (n *Net) note(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	h := uint64(3)
	for i := range len(line) {
		h = h*31 + uint64(line[i])
	}
	n.clock.Mix(h)
	if n.cfg.Tracer != nil {
		n.cfg.Tracer.Fault(line)
	}
	if len(n.traces) > 0 {
		n.text = append(append(n.stamp(n.text), line...), '\n')
	}
}

// stamp is the time in seconds, with three to six digits.
func (n *Net) stamp(to []byte) []byte {
	t := strconv.FormatFloat(float64(n.clock.Now())/1e9, 'f', 6, 64)
	for range 3 {
		t = strings.TrimSuffix(t, "0")
	}
	return append(append(to, t...), "s "...)
}

func (n *Net) tracePacket(p *packet, fate string) {
	if tr := n.cfg.Tracer; tr != nil {
		if p.traced == nil {
			p.traced = tr.Packet(&p.Packet, p.String(), fate)
		} else {
			tr.Lost(p.traced, fate)
		}
	}
	if len(n.traces) == 0 {
		return
	}
	b := n.stamp(n.text)
	b = fmt.Appendf(b, "%s > %s ", p.From+":"+port(p.Src), p.To+":"+port(p.Dst))
	b = append(b, p.String()...)
	if fate != "" {
		b = fmt.Appendf(b, " (%s)", fate)
	}
	n.text = append(b, '\n')
}

func port(a netip.AddrPort) string { return strconv.Itoa(int(a.Port())) }

// String says what is in the packet: "SYN", "0:12 ACK 40", "UDP 12 bytes".
func (p *packet) String() string {
	switch p.Protocol {
	case "udp":
		return fmt.Sprintf("UDP %d bytes", len(p.Data))
	case "icmp":
		return "unreachable"
	}
	var parts []string
	if p.SYN {
		parts = append(parts, "SYN")
	}
	if len(p.Data) > 0 {
		parts = append(parts, fmt.Sprintf("%d:%d", p.Seq, p.Seq+int64(len(p.Data))))
	}
	if p.FIN {
		parts = append(parts, "FIN")
	}
	if p.RST {
		parts = append(parts, "RST")
	}
	if p.ACK {
		if p.SYN {
			parts = append(parts, "ACK")
		} else {
			parts = append(parts, "ACK "+strconv.FormatInt(p.AckSeq, 10))
		}
	}
	if p.probe {
		parts = append(parts, "window?")
	} else if p.ACK && p.Window == 0 {
		parts = append(parts, "window 0")
	}
	if p.Again {
		parts = append(parts, "again")
	}
	return strings.Join(parts, " ")
}
