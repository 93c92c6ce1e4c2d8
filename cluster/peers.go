package cluster

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// A peer is another member with which this one has calls, in one direction or both, or
// streams.
type peer struct {
	asked time.Time // when it was asked first of those times that it has not answered
}

// beatLocked begins the heartbeat, unless it goes on already.
func (c *Conn) beatLocked() {
	if c.beat == nil && !c.closed {
		c.beat = c.bus.after(c.cfg.Heartbeat, c.heartbeat)
		c.beaten = c.bus.now().Add(c.cfg.Heartbeat)
	}
}

// heartbeat looks after all calls and streams. It goes on while there are some.
func (c *Conn) heartbeat() {
	now := c.bus.now()
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.beat = nil
	if late := now.Sub(c.beaten); late > c.cfg.Heartbeat {
		c.excuseLocked(late)
	}
	pings := map[string]*ping{}
	to := func(id string) *ping {
		if pings[id] == nil {
			pings[id] = &ping{from: c.id}
		}
		return pings[id]
	}
	var untaken []*call
	for _, cl := range inOrder(c.calls, cmp.Compare) {
		if cl.worker != "" {
			p := to(cl.worker)
			p.waiting = append(p.waiting, cl.n)
		} else if now.Sub(cl.sent) > c.cfg.Lost {
			untaken = append(untaken, cl)
		}
	}
	for _, id := range slices.SortedFunc(maps.Keys(c.running), callID.compare) {
		p := to(id.caller)
		p.running = append(p.running, id.n)
	}
	streams := c.links.ask(to)
	for id, e := range c.early {
		if now.Sub(e.came) > c.cfg.Lost {
			delete(c.early, id)
		}
	}
	lost := map[string]bool{}
	for id, p := range c.peers {
		if pings[id] == nil {
			delete(c.peers, id)
		} else if !p.asked.IsZero() && now.Sub(p.asked) > c.cfg.Lost {
			lost[id] = true
			delete(c.peers, id)
		}
	}
	for id := range pings {
		if c.peers[id] == nil {
			c.peers[id] = &peer{}
		}
		if p := c.peers[id]; p.asked.IsZero() {
			p.asked = now
		}
	}
	if len(c.calls)+len(c.running)+len(c.early)+streams > 0 {
		c.beatLocked()
	}
	c.mu.Unlock()

	for _, cl := range untaken {
		cl.settle(outcome{kind: kindBroken, err: errUntaken})
	}
	for _, id := range slices.Sorted(maps.Keys(pings)) {
		if lost[id] {
			c.lost(id)
			continue
		}
		for _, part := range pings[id].parts() {
			c.send(c.cfg.Prefix+".c."+id+".p", c.inbox+"q."+id, part.encode('p'))
		}
	}
}

// excuseLocked gives all others the time for which this member itself was held up, with
// what has come meanwhile not looked at yet.
func (c *Conn) excuseLocked(late time.Duration) {
	for _, p := range c.peers {
		if !p.asked.IsZero() {
			p.asked = p.asked.Add(late)
		}
	}
	for _, cl := range c.calls {
		cl.sent = cl.sent.Add(late)
	}
}

// lost ends all that goes on with a member that does not answer.
func (c *Conn) lost(id string) {
	c.mu.Lock()
	var calls []*call
	for _, cl := range inOrder(c.calls, cmp.Compare) {
		if cl.worker == id {
			calls = append(calls, cl)
		}
	}
	var runs []*running
	for _, call := range slices.SortedFunc(maps.Keys(c.running), callID.compare) {
		if call.caller == id {
			runs = append(runs, c.running[call])
		}
	}
	c.mu.Unlock()
	for _, cl := range calls {
		cl.settle(outcome{kind: kindBroken, err: errLost})
	}
	for _, r := range runs {
		r.end(endLost, "the member of the cluster that called is lost")
	}
	c.links.lost(id)
}

// pinged answers with the calls and streams that this member knows nothing of.
func (c *Conn) pinged(m message) {
	p, err := decodePing(m.data, 'p')
	if err != nil {
		return
	}
	unknown := ping{from: c.id}
	c.mu.Lock()
	for _, n := range p.running {
		if c.calls[n] == nil {
			unknown.running = append(unknown.running, n)
		}
	}
	for _, n := range p.waiting {
		if c.running[callID{p.from, n}] == nil {
			unknown.waiting = append(unknown.waiting, n)
		}
	}
	c.mu.Unlock()
	unknown.links = c.links.asked(p.links)
	c.send(m.reply, "", unknown.encode('q'))
}

// ponged takes the answer of a member.
func (c *Conn) ponged(id string, m message) {
	unknown, err := decodePing(m.data, 'q')
	if m.nobody() || err != nil {
		return
	}
	c.mu.Lock()
	if p := c.peers[id]; p != nil {
		p.asked = time.Time{}
	}
	var calls []*call
	for _, n := range unknown.waiting {
		if cl := c.calls[n]; cl != nil && cl.worker == id {
			calls = append(calls, cl)
		}
	}
	var runs []*running
	for _, n := range unknown.running {
		if r := c.running[callID{id, n}]; r != nil {
			runs = append(runs, r)
		}
	}
	c.mu.Unlock()
	for _, cl := range calls {
		cl.settle(outcome{kind: kindBroken, err: errForgot})
	}
	for _, r := range runs {
		r.end(endLost, "nobody waits for the call any more")
	}
	c.links.answered(id, unknown.links)
}
