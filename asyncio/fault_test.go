package asyncio_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/sim"
)

// faulty runs f in a simulation with a connection between protocols on two hosts, over a
// link that loses, repeats and reorders packets.
func faulty(t *testing.T, seed uint64, f func(ctx context.Context, n *sim.Network, client, server *logger)) *sim.Sim {
	t.Helper()
	s := sim.New(sim.Config{Seed: seed})
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		l := loopOf(t, ctx)
		n := sim.NetworkOf(ctx)
		if err := errors.Join(n.AddHost("server", sim.HostConfig{}), n.AddHost("client", sim.HostConfig{})); err != nil {
			return err
		}
		n.Link("client", "server", sim.Link{Loss: 0.1, Duplicate: 0.1, Reorder: 0.1})
		client, server := newLogger(t, ctx), newLogger(t, ctx)
		err := sim.RunOnHost(ctx, "server", func(ctx context.Context) error {
			_, err := l.CreateServer(ctx, server.factory, asyncio.ServerOptions{Port: 80})
			return err
		})
		if err != nil {
			return err
		}
		err = sim.RunOnHost(ctx, "client", func(ctx context.Context) error {
			_, _, err := l.CreateConnection(ctx, client.factory, asyncio.ConnectionOptions{Host: "server", Port: 80})
			return err
		})
		if err != nil {
			return err
		}
		f(ctx, n, client, server)
		return nil
	}, anyio.On(s))
	if err != nil {
		t.Errorf("seed %d: %v", seed, err)
	}
	return s
}

func TestProtocolsOnANetworkWithFaults(t *testing.T) {
	data := strings.Repeat("0123456789", 30<<10)
	transfer := func(seed uint64) uint64 {
		return faulty(t, seed, func(ctx context.Context, n *sim.Network, client, server *logger) {
			server.onData = func(data []byte) { _, _ = server.tr.Write(data) }
			_, _ = client.tr.Write([]byte(data))
			client.tr.WriteEOF()
			client.wantLost(ctx, nil)
			server.wantLost(ctx, nil)
			if client.got.String() != data {
				t.Errorf("seed %d: %d bytes came back, or others", seed, client.got.Len())
			}
			for _, p := range []*logger{server, client} { // with pauses in between
				p.all = slices.DeleteFunc(p.all, func(s string) bool { return s == "pause" || s == "resume" })
				p.wantLog("made data eof lost")
			}
		}).Hash()
	}
	if a, b := transfer(1), transfer(1); a != b {
		t.Errorf("one seed gave %x and %x", a, b)
	}
	for seed := uint64(2); seed < 12; seed++ {
		transfer(seed)
	}
}

func TestProtocolsAreToldOfResetsAndDeadHosts(t *testing.T) {
	for name, c := range map[string]struct {
		fault func(n *sim.Network)
		want  error
	}{
		"reset":  {func(n *sim.Network) { n.Reset("client", "server") }, syscall.ECONNRESET},
		"killed": {func(n *sim.Network) { n.Kill("client", "test") }, syscall.ECONNRESET},
	} {
		t.Run(name, func(t *testing.T) {
			faulty(t, 1, func(ctx context.Context, n *sim.Network, client, server *logger) {
				until(t, ctx, func() bool { return server.tr != nil })
				c.fault(n)
				n.Link("client", "server", sim.Link{})
				server.wantLost(ctx, c.want)
			})
		})
	}
	t.Run("silence", func(t *testing.T) {
		faulty(t, 1, func(ctx context.Context, n *sim.Network, client, server *logger) {
			until(t, ctx, func() bool { return server.tr != nil })
			n.PowerOff("client", "test")
			_, _ = server.tr.Write([]byte("is anybody there?"))
			server.wantLost(ctx, syscall.ETIMEDOUT) // half an hour later
		})
	})
}
