package cluster

import (
	"context"

	"github.com/anyio-go/anyio"
)

// CutOff closes the connection of a member under it.
func CutOff(c *Conn) { c.bus.(*natsBus).nc.Close() }

// Leases returns what the store has of the lock of the tests.
func Leases(ctx context.Context, c *Conn) string {
	text, err := anyio.RunBlockingValue(ctx, func() (string, error) {
		e, err := c.leases.kv.Get(context.Background(), "l."+tokenOf("the lock: ä"))
		if err != nil {
			return "", err
		}
		return string(e.Value()), nil
	})
	if err != nil {
		return err.Error()
	}
	return text
}
