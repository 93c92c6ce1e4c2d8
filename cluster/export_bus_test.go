package cluster

import (
	"context"

	"github.com/anyio-go/anyio"
	"strconv"
)

// OpenWire is Open with the client that the simulator uses.
func OpenWire(ctx context.Context, cfg Config) (*Conn, error) {
	cfg, err := cfg.checked()
	if err != nil {
		return nil, err
	}
	b, err := openWire(ctx, cfg)
	if err != nil {
		return nil, err
	}
	c := newConn(cfg, b, strconv.FormatUint(anyio.Rand(ctx).Uint64(), 36))
	return c, c.listen(ctx)
}

// A Bus is what a member needs of NATS.
type Bus = bus

// BusOf is that of a member.
func BusOf(c *Conn) Bus { return c.bus }

// Publish, Subscribe and Flush are those of a bus.
func Publish(b Bus, subject, reply string, data string) error {
	return b.publish(subject, reply, []byte(data))
}

func Subscribe(b Bus, subject, queue string, f func(subject, reply, data string, nobody bool)) (unsubscribe func(), err error) {
	sub, err := b.subscribe(subject, queue, func(m message) { f(m.subject, m.reply, string(m.data), m.nobody()) })
	return func() { sub.leave(func() {}) }, err
}

func Flush(ctx context.Context, b Bus) error { return b.flush(ctx) }

// Subscriptions returns how many a member has.
func Subscriptions(c *Conn) int {
	switch b := c.bus.(type) {
	case *natsBus:
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.subs)
	case *wireBus:
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.subs)
	}
	panic("another bus")
}
