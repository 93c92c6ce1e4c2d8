package sim_test

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/socket"
)

// Happy Eyeballs where packets of IPv6 vanish: IPv4 gets its turn after the attempt
// delay, and the connection is there one round trip later.
func TestDialGetsPastABlackHoledIPv6(t *testing.T) {
	const delay = 100 * time.Millisecond
	run(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network) error {
		return group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			if err := startEcho(ctx, tg, "web"); err != nil {
				return err
			}
			n.OnPacket(func(p *sim.Packet) sim.Verdict { return sim.Verdict{Drop: p.Dst.Addr().Is6()} })
			d := took(ctx, func() {
				c, err := socket.Dialer{AttemptDelay: delay}.DialTCP(ctx, "web", 7)
				if err != nil {
					t.Errorf("dial: %v", err)
					return
				}
				testkit.WantNil(t, "close", c.Close(ctx))
			})
			if d != delay+2*time.Millisecond {
				t.Errorf("took %v", d)
			}
			// With IPv4 unreachable, too, all attempts fail, each for its own reason.
			n.OnPacket(func(p *sim.Packet) sim.Verdict { return sim.Verdict{Unreachable: p.Dst.Addr().Is4()} })
			_, err := socket.Dialer{AttemptDelay: delay}.DialTCP(ctx, "web", 7)
			if !errors.Is(err, syscall.EHOSTUNREACH) || !errors.Is(err, syscall.ETIMEDOUT) {
				t.Errorf("dial: %v", err)
			}
			return nil
		})
	})
}
