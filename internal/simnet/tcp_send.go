package simnet

import (
	"syscall"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A sender is the sending half of a connection. Bytes are counted from 0; the end
// of the stream counts as one more.
type sender struct {
	buf     []byte // from una on: sent and not acknowledged, then not yet sent
	wrote   int64  // the end of buf
	una     int64  // the first byte that is not acknowledged
	nxt     int64  // the next one to send
	right   int64  // the receiver has room up to here
	shut    bool   // no more will be written
	missed  int64  // where packets that were lost would have moved right
	recover int64  // until una gets here every acknowledgment shows one more loss
	same    int    // acknowledgments in a row that told nothing new

	rto, srtt, rttvar time.Duration
	timed             int64 // una that ends the measurement of a round trip, -1 if none
	timedAt           int64
	tries             int // repetitions without an answer
	timer             kernel.Timer
	due               int64 // when the timer is to act, 0: not at all
}

func (s *sender) init(c *conn) {
	s.timer.Value, s.rto, s.timed = c, firstRTO, -1
}

// dataEnd is where the data ends, and the end of the stream follows.
func (s *sender) dataEnd() int64 { return s.wrote }

// packet makes a packet that also tells what has been received.
func (c *conn) packet() *packet {
	p := c.net.newPacket(c.out, "tcp", c.local, c.remote)
	p.from, p.to = c, c.peer
	if c.state != synSent {
		p.ACK, p.AckSeq, p.Window = true, c.next, int(c.room())
		c.told = c.next + c.room()
	}
	p.Seq = c.nxt
	return p
}

// sendACK tells what has been received, and nothing else.
func (c *conn) sendACK() { c.net.send(c.packet()) }

// sendSYN begins the connection, or answers the beginning, and repeats.
func (c *conn) sendSYN() {
	p := c.packet()
	p.SYN, p.Again, p.Window = true, c.tries > 0, int(c.room())
	c.told = c.next + c.room()
	if c.tries == 0 {
		c.timedAt = c.net.clock.Now()
	}
	c.startTimer(c.rto)
	c.net.send(p)
}

// sendRST tells the other side that there is no connection.
func (c *conn) sendRST() {
	if c.out == nil {
		return
	}
	p := c.net.newPacket(c.out, "tcp", c.local, c.remote)
	p.from, p.to, p.RST, p.Seq = c, c.peer, true, c.nxt
	c.net.send(p)
}

// segment sends data from seq on and, if it reaches there, the end of the stream.
func (c *conn) segment(seq int64, size int, fin, again bool) {
	p := c.packet()
	p.Seq, p.FIN, p.Again = seq, fin, again
	if size > 0 {
		at := seq - c.una
		p.Data = append([]byte(nil), c.buf[at:at+int64(size)]...)
	}
	c.net.send(p)
}

// output sends as much as there is and the receiver has room for.
func (c *conn) output() {
	if c.state != established {
		return
	}
	for c.nxt <= c.dataEnd() {
		size := max(0, min(int64(c.net.cfg.SegmentSize), c.dataEnd()-c.nxt, c.right-c.nxt))
		fin := c.shut && c.nxt+size == c.dataEnd()
		if size == 0 && !fin {
			break
		}
		seq := c.nxt
		c.nxt += size
		if fin {
			c.nxt++
		}
		if c.timed < 0 {
			c.timed, c.timedAt = c.nxt, c.net.clock.Now()
		}
		c.segment(seq, int(size), fin, false)
	}
	c.arm()
}

// resend sends the first packet that is not acknowledged again.
func (c *conn) resend() {
	c.timed = -1 // an answer could belong to either
	size := max(0, min(int64(c.net.cfg.SegmentSize), c.dataEnd()-c.una, c.nxt-c.una))
	fin := c.shut && c.una+size == c.dataEnd() && c.nxt > c.dataEnd()
	c.segment(c.una, int(size), fin, true)
}

// acknowledged takes what a packet tells about what the other side has received.
func (c *conn) acknowledged(p *packet) {
	if !p.ACK || p.AckSeq > c.nxt {
		return
	}
	if p.AckSeq > c.una || c.una == c.nxt {
		c.tries = 0
	}
	moved := p.AckSeq+int64(p.Window) > c.right
	if moved {
		c.right = p.AckSeq + int64(p.Window)
	}
	switch {
	case p.AckSeq > c.una:
		c.buf = c.buf[min(p.AckSeq-c.una, int64(len(c.buf))):]
		c.una, c.same = p.AckSeq, 0
		if len(c.buf) == 0 {
			c.buf = nil
		}
		c.measure()
		c.due = 0 // begin anew
		if c.una < c.recover {
			c.resend()
		}
		c.net.wakeAll(&c.writes)
	case p.AckSeq == c.una && c.una < c.nxt && !moved && len(p.Data) == 0 && !p.FIN && !p.SYN:
		if c.same++; c.same == 3 && c.una >= c.recover {
			c.recover = c.nxt
			c.resend()
		}
	}
	c.output()
	c.finish()
}

// measure learns the time of a round trip and how it varies.
func (c *conn) measure() {
	if c.timed >= 0 && c.una >= c.timed {
		c.learn(time.Duration(c.net.clock.Now() - c.timedAt))
	}
	c.rto = c.srtt + max(4*c.rttvar, minRTO)
	c.rto = max(minRTO, min(c.rto, maxRTO))
	if c.srtt == 0 {
		c.rto = firstRTO
	}
}

func (c *conn) learn(rtt time.Duration) {
	c.timed = -1
	rtt = max(rtt, 1)
	if c.srtt == 0 {
		c.srtt, c.rttvar = rtt, rtt/2
	} else {
		c.rttvar += ((rtt - c.srtt).Abs() - c.rttvar) / 4
		c.srtt += (rtt - c.srtt) / 8
	}
}

// arm starts the timer if something may have to be repeated, and stops it if not.
func (c *conn) arm() {
	switch {
	case c.state == synSent || c.state == synReceived:
	case c.orphan():
		if c.due == 0 {
			c.startTimer(finTimeout)
		}
	case c.state == dead || c.una == c.nxt && !c.asking():
		c.due = 0
		c.net.clock.Disarm(&c.timer)
	case c.due == 0:
		c.startTimer(c.rto)
	}
}

// orphan reports whether all was said and only the other side's end is missing, for
// which nobody waits any more.
func (c *conn) orphan() bool {
	return c.state == established && c.closed && c.shut && c.una > c.dataEnd() && !c.finished
}

// asking reports whether the sender has to ask for a window.
func (c *conn) asking() bool {
	return c.missed > c.right && c.una == c.nxt && len(c.buf) > 0 && c.right <= c.nxt
}

func (c *conn) startTimer(d time.Duration) {
	c.net.clock.Disarm(&c.timer)
	c.due = c.net.clock.Now() + int64(d)
	c.timer.When = c.due
	c.net.clock.Arm(&c.timer)
}

// Fire acts when an answer did not come in time.
func (c *conn) Fire() {
	n := c.net
	n.lock()
	defer n.unlock()
	if c.due == 0 || n.clock.Now() < c.due || c.state == dead {
		return
	}
	c.due = 0
	limit := dataTries
	switch {
	case c.peerHost == nil:
		c.end(syscall.EHOSTUNREACH)
		return
	case c.orphan():
		c.end(0)
		return
	case c.state == synSent:
		limit = synTries
	case c.state == synReceived:
		limit = synAckTries
	}
	if c.tries++; c.tries > limit {
		c.end(syscall.ETIMEDOUT)
		return
	}
	c.rto = min(2*c.rto, maxRTO)
	switch {
	case c.state != established:
		c.sendSYN()
		return
	case c.asking():
		p := c.packet()
		p.probe, p.Again = true, c.tries > 1
		n.send(p)
	default:
		c.recover = c.nxt
		c.resend()
	}
	c.arm()
}
