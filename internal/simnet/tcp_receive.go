package simnet

import "slices"

// A receiver is the receiving half of a connection.
type receiver struct {
	in       []byte // read by nobody yet
	capacity int64
	next     int64  // the next byte that is expected
	told     int64  // the other side was told of room up to here
	fin      int64  // where the stream ends, -1 if that is not known
	finished bool   // everything has arrived
	early    []part // sorted, what arrived out of order
}

type part struct {
	seq  int64
	data []byte
}

func (r *receiver) init(capacity int) { r.capacity, r.fin = int64(capacity), -1 }

// room is how many bytes may still come. What the other side was told it keeps.
func (r *receiver) room() int64 {
	return max(r.capacity-int64(len(r.in)), r.told-r.next, 0)
}

// openWindow tells the other side of room that reading has made, if it is worth
// a packet.
func (c *conn) openWindow() {
	if len(c.in) == 0 {
		c.in = nil
	}
	gain := c.next + c.capacity - int64(len(c.in)) - c.told
	if c.state == established && c.fin < 0 && gain >= min(2*int64(c.net.cfg.SegmentSize), c.capacity/2) && gain > 0 {
		c.sendACK()
	}
}

// receive takes a packet of an existing connection.
func (c *conn) receive(p *packet) {
	switch {
	case p.RST:
		c.reset()
		return
	case c.state == dead:
		if c.done {
			if p.FIN {
				c.sendACK() // the last one was lost
			}
		} else {
			c.peer = p.from
			c.sendRST()
		}
		return
	case c.state == synSent:
		if p.SYN && p.ACK {
			c.opened(p)
			c.sendACK()
			c.net.wakeAll(&c.connects)
			c.output()
		}
		return
	case p.SYN && !p.ACK: // the client says it again
		c.answerAgain()
		return
	case p.SYN:
		c.sendACK()
		return
	case c.state == synReceived:
		c.opened(p)
		c.listener.completed(c)
	}
	c.acknowledged(p)
	if c.state == dead {
		return
	}
	if len(p.Data) > 0 || p.FIN {
		c.take(p)
	} else if p.probe {
		c.sendACK()
	}
}

// opened is the end of the handshake.
func (c *conn) opened(p *packet) {
	c.state, c.peer = established, p.from
	c.right = p.AckSeq + int64(p.Window)
	if c.tries == 0 {
		c.learn(max(1, timeSince(c)))
	}
	c.tries = 0
	c.measure()
	c.due = 0
	c.net.clock.Disarm(&c.timer)
}

// take takes the data of a packet, and the end of the stream.
func (c *conn) take(p *packet) {
	end := p.Seq + int64(len(p.Data))
	if c.closed && end > c.next { // nobody will read it
		c.sendRST()
		c.end(0)
		return
	}
	if p.FIN && c.fin < 0 {
		c.fin = end
	}
	// What is known, or goes beyond what the other side was told, is cut off.
	from, to := max(p.Seq, c.next), min(end, c.told)
	if from < to {
		c.keep(part{from, p.Data[from-p.Seq : to-p.Seq]})
	}
	if c.next == c.fin && !c.finished {
		c.finished = true
		c.next++
		c.net.wakeAll(&c.reads)
	}
	c.sendACK()
	c.finish()
}

// keep puts a part where it belongs, and all that is in order into in.
func (c *conn) keep(q part) {
	i, _ := slices.BinarySearchFunc(c.early, q, func(a, b part) int { return int(a.seq - b.seq) })
	c.early = slices.Insert(c.early, i, q)
	grown := false
	for len(c.early) > 0 && c.early[0].seq <= c.next {
		q := c.early[0]
		c.early = slices.Delete(c.early, 0, 1)
		if end := q.seq + int64(len(q.data)); end > c.next {
			c.in = append(c.in, q.data[c.next-q.seq:]...)
			c.next = end
			grown = true
		}
	}
	if grown {
		c.net.wakeAll(&c.reads)
	}
}
