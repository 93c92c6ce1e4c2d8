package cluster

import "github.com/nats-io/nats.go"

// NATS is the connection of a member.
func NATS(c *Conn) *nats.Conn { return c.bus.(*natsBus).nc }

// JobsAsked is how many answers about jobs a member waits for.
func JobsAsked(c *Conn) int {
	c.jobs.mu.Lock()
	defer c.jobs.mu.Unlock()
	return len(c.jobs.asked)
}
