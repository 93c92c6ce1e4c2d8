package cluster

import "fmt"

// Left tells what a member still has to do with others, "" if that is nothing. Ends of calls
// that have not come are kept for Config.Lost, see Early.
func (c *Conn) Left() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.room.mu.Lock()
	defer c.room.mu.Unlock()
	c.directory.mu.Lock()
	defer c.directory.mu.Unlock()
	c.looks.mu.Lock()
	defer c.looks.mu.Unlock()
	calls, running, looks := len(c.calls), len(c.running), len(c.looks.open)
	if calls+running+looks+len(c.workers)+len(c.peers)+len(c.room.queues)+len(c.directory.asks) == 0 {
		return ""
	}
	return fmt.Sprintf("%d calls, %d that run, %d workers, %d peers, %d queues, %d asks, %d looks",
		calls, running, len(c.workers), len(c.peers), len(c.room.queues), len(c.directory.asks), looks)
}

// Subjects are all on which a member may get something, of the call n and the worker w.
func (c *Conn) Subjects(worker string) []string {
	p := c.cfg.Prefix
	return []string{
		p + ".x", p + ".d", p + ".free", p + ".l", p + ".l." + c.id, c.inbox + "l.1", c.inbox + "l.1.x", p + ".w." + worker,
		c.inbox + "r.1", c.inbox + "r.zz", c.inbox + "x", c.inbox + "p", c.inbox + "q." + c.id, c.inbox + "i.1", c.inbox + "other",
	}
}

// SubjectOf is that on which a function is called.
func SubjectOf[In, Out any](c *Conn, name string) string {
	return c.cfg.Prefix + ".f." + signatureFor[In, Out](name).token
}

// Waiting returns how many calls wait for room.
func (c *Conn) Waiting() (n int) {
	c.room.mu.Lock()
	defer c.room.mu.Unlock()
	for _, q := range c.room.queues {
		n += len(q.places)
	}
	return n
}

// Early returns how many calls are to end when they come.
func (c *Conn) Early() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.early)
}
