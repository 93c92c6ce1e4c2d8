package simnet_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/sim"
)

func run(t testing.TB, cfg sim.Config, main func(ctx context.Context, n *sim.Network) error) *sim.Sim {
	t.Helper()
	s := sim.New(cfg)
	err := anyio.Run(context.Background(), func(ctx context.Context) error { return main(ctx, sim.NetworkOf(ctx)) }, anyio.On(s))
	if err != nil {
		t.Fatalf("seed %d: %v", cfg.Seed, err)
	}
	return s
}

// connected calls f with both ends of a TCP connection from host a to host b.
func connected(t testing.TB, cfg sim.Config, prepare func(n *sim.Network), f func(ctx context.Context, n *sim.Network, a, b kernel.StreamConn) error) *sim.Sim {
	t.Helper()
	return run(t, cfg, func(ctx context.Context, n *sim.Network) error {
		if err := errors.Join(n.AddHost("a", sim.HostConfig{}), n.AddHost("b", sim.HostConfig{})); err != nil {
			return err
		}
		if prepare != nil {
			prepare(n)
		}
		var l kernel.StreamListener
		err := sim.RunOnHost(ctx, "b", func(ctx context.Context) (err error) {
			l, err = kernel.NetworkOf(ctx).ListenStream(ctx, kernel.SocketOptions{Network: "tcp", Local: at("::", 80)})
			return err
		})
		if err != nil {
			return err
		}
		defer l.Close()
		var a, b kernel.StreamConn
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				return sim.RunOnHost(ctx, "a", func(ctx context.Context) (err error) {
					o := kernel.SocketOptions{Network: "tcp", Remote: kernel.Addr{IP: netip.AddrPortFrom(n.Addrs("b")[0], 80)}}
					a, err = kernel.NetworkOf(ctx).DialStream(ctx, o)
					return err
				})
			})
			var err error
			b, err = l.Accept(ctx)
			return err
		})
		if err != nil {
			return err
		}
		defer b.Close()
		defer a.Close()
		return f(ctx, n, a, b)
	})
}

func at(host string, port uint16) kernel.Addr {
	return kernel.Addr{IP: netip.AddrPortFrom(netip.MustParseAddr(host), port)}
}

func wantErr(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

func wantNil(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}
