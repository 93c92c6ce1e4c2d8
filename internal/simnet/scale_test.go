package simnet_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/sim"
)

// echoServer serves on a host until it is canceled.
func echoServer(ctx context.Context, port uint16, ready func()) error {
	l, err := kernel.NetworkOf(ctx).ListenStream(ctx, kernel.SocketOptions{Network: "tcp4", Local: at("0.0.0.0", port)})
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }()
	ready()
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for {
			c, err := l.Accept(ctx)
			if err != nil {
				return err
			}
			tg.Go(func(ctx context.Context) error {
				defer func() { _ = c.Close() }()
				buf := make([]byte, 256)
				for {
					k, err := c.Read(ctx, buf)
					if errors.Is(err, io.EOF) {
						return nil
					}
					if err == nil {
						_, err = c.Write(ctx, buf[:k])
					}
					if err != nil {
						return err
					}
				}
			})
		}
	})
}

// clients makes connections from several hosts at once, each with one exchange.
func clients(ctx context.Context, n *sim.Network, count int) error {
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		defer tg.Cancel("done")
		var ready anyio.Event
		tg.Go(func(ctx context.Context) error {
			return sim.RunOnHost(ctx, "server", func(ctx context.Context) error { return echoServer(ctx, 80, func() { ready.Set() }) })
		})
		if err := ready.Wait(ctx); err != nil {
			return err
		}
		to := kernel.Addr{IP: netip.AddrPortFrom(n.Addrs("server")[0], 80)}
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i := range count {
				host := string(rune('a' + i%5))
				tg.Go(func(ctx context.Context) error {
					return sim.RunOnHost(ctx, host, func(ctx context.Context) error {
						c, err := kernel.NetworkOf(ctx).DialStream(ctx, kernel.SocketOptions{Network: "tcp4", Remote: to})
						if err != nil {
							return err
						}
						defer func() { _ = c.Close() }()
						return transferEcho(ctx, c, pattern(byte(i), 100))
					})
				})
			}
			return nil
		})
	})
}

func transferEcho(ctx context.Context, c kernel.StreamConn, data []byte) error {
	if _, err := c.Write(ctx, data); err != nil {
		return err
	}
	if err := c.CloseWrite(); err != nil {
		return err
	}
	var got []byte
	buf := make([]byte, 64)
	for {
		k, err := c.Read(ctx, buf)
		got = append(got, buf[:k]...)
		switch {
		case errors.Is(err, io.EOF) && bytes.Equal(got, data):
			return nil
		case errors.Is(err, io.EOF):
			return errors.New("the echo is another one")
		case err != nil:
			return err
		}
	}
}

func TestManyConnections(t *testing.T) {
	count := 1000
	if race.Enabled || testing.Short() {
		count = 200
	}
	s := run(t, sim.Config{Seed: 5}, func(ctx context.Context, n *sim.Network) error { return clients(ctx, n, count) })
	if s.Steps() < uint64(count) {
		t.Errorf("only %d steps", s.Steps())
	}
}

func TestSameSeedSamePackets(t *testing.T) {
	runs := 50
	if race.Enabled || testing.Short() {
		runs = 10
	}
	link := sim.Link{Jitter: 3 * time.Millisecond, Loss: 0.1, Duplicate: 0.1, Reorder: 0.1}
	one := func(seed uint64, traced bool) (uint64, string) {
		var trace bytes.Buffer
		s := run(t, sim.Config{Seed: seed, Network: sim.NetworkConfig{Link: link}}, func(ctx context.Context, n *sim.Network) error {
			if traced {
				n.Trace(&trace)
			}
			return clients(ctx, n, 10)
		})
		return s.Hash(), trace.String()
	}
	hash, trace := one(42, true)
	for range runs {
		if h, tr := one(42, true); h != hash || tr != trace {
			t.Fatalf("hash %x and %x of two runs with one seed", h, hash)
		}
	}
	if h, _ := one(42, false); h != hash {
		t.Error("the trace changes what it shows")
	}
	if other, _ := one(43, true); other == hash {
		t.Error("another seed has the same hash")
	}
	for _, word := range []string{"SYN", "lost", "again", "FIN"} {
		if !strings.Contains(trace, word) {
			t.Errorf("the trace has no %q", word)
		}
	}
}

// The packets count, not only the order of tasks.
func TestHashSumsUpPackets(t *testing.T) {
	one := func(text string) uint64 {
		return run(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network) error {
			c, err := openUDP(ctx, kernel.Addr{}, at("127.0.0.1", 9))
			if err != nil {
				return err
			}
			defer c.Close()
			return c.WriteTo(ctx, []byte(text), kernel.Addr{})
		}).Hash()
	}
	if a, again, b := one("a"), one("a"), one("b"); a != again || a == b {
		t.Error("the hash does not follow what is sent")
	}
}
