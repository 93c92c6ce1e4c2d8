package cluster

import "context"

// CutOff closes the connection of a member under it.
func CutOff(c *Conn) { c.bus.(*natsBus).nc.Close() }

// Leases returns what the store has of the lock of the tests.
func Leases(ctx context.Context, c *Conn) string {
	data, _, err := c.leases.get(ctx, "l."+tokenOf("the lock: ä"))
	if err != nil {
		return err.Error()
	}
	return string(data)
}
