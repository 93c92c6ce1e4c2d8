package cluster

// Lose makes a member lose what it publishes and lose says so of: the kind of message. It
// must be called before the member does anything.
func Lose(c *Conn, lose func(kind byte) bool) { c.bus = lossyBus{c.bus, lose} }

type lossyBus struct {
	bus
	lose func(kind byte) bool
}

func (b lossyBus) publish(subject, reply string, data []byte) error {
	if len(data) > 1 && b.lose(data[1]) {
		return nil
	}
	return b.bus.publish(subject, reply, data)
}

// Links returns how many ends of streams a member looks after.
func Links(c *Conn) int { return len(c.links.all()) }
