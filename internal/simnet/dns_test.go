package simnet_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/sim"
)

func TestNamesOfHostsResolve(t *testing.T) {
	run(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network) error {
		k := kernel.NetworkOf(ctx)
		wantNil(t, "add", n.AddHost("db1", sim.HostConfig{}))
		addrs := n.Addrs("db1")
		if len(addrs) != 2 || !addrs[0].Is4() || !addrs[1].Is6() {
			t.Errorf("addresses %v", addrs)
		}
		for _, c := range []struct {
			family, name string
			want         []netip.Addr
		}{
			{"ip", "db1", addrs},
			{"ip4", "db1", addrs[:1]},
			{"ip6", "db1", addrs[1:]},
			{"ip", "localhost", []netip.Addr{netip.IPv6Loopback(), netip.MustParseAddr("127.0.0.1")}},
		} {
			got, err := k.LookupHost(ctx, c.family, c.name)
			if !slices.Equal(got, c.want) || err != nil {
				t.Errorf("%s %s: %v, %v", c.family, c.name, got, err)
			}
		}
		_, err := k.LookupHost(ctx, "ip", "unknown")
		if d, ok := errors.AsType[*net.DNSError](err); !ok || !d.IsNotFound || d.Name != "unknown" {
			t.Errorf("unknown host: %v", err)
		}
		for _, a := range addrs {
			names, err := k.LookupAddr(ctx, a)
			if !slices.Equal(names, []string{"db1"}) || err != nil {
				t.Errorf("%v is %v, %v", a, names, err)
			}
		}
		names, err := k.LookupAddr(ctx, netip.MustParseAddr("127.0.0.1"))
		if !slices.Equal(names, []string{"localhost"}) || err != nil {
			t.Errorf("127.0.0.1 is %v, %v", names, err)
		}
		_, err = k.LookupAddr(ctx, netip.MustParseAddr("192.0.2.1"))
		if d, ok := errors.AsType[*net.DNSError](err); !ok || !d.IsNotFound {
			t.Errorf("unknown address: %v", err)
		}
		port, err := k.LookupPort(ctx, "tcp", "https")
		if port != 443 || err != nil {
			t.Errorf("https is %d, %v", port, err)
		}
		_, err = k.LookupPort(ctx, "udp", "nosuch")
		if d, ok := errors.AsType[*net.DNSError](err); !ok || !d.IsNotFound {
			t.Errorf("unknown service: %v", err)
		}
		return nil
	})
}

func TestAnswersCanBeSet(t *testing.T) {
	run(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network) error {
		k := kernel.NetworkOf(ctx)
		six, four := netip.MustParseAddr("fd00::99"), netip.MustParseAddr("10.9.9.9")
		begin := anyio.Now(ctx)
		n.DNSFunc("slow6", func(family string) sim.DNSAnswer {
			a := sim.DNSAnswer{Addrs: []netip.Addr{six, four}}
			if family == "ip6" {
				a.Delay = 5 * time.Second
			}
			return a
		})
		got, err := k.LookupHost(ctx, "ip4", "slow6")
		if !slices.Equal(got, []netip.Addr{four}) || err != nil || !anyio.Now(ctx).Equal(begin) {
			t.Errorf("%v, %v", got, err)
		}
		got, err = k.LookupHost(ctx, "ip6", "slow6")
		if !slices.Equal(got, []netip.Addr{six}) || err != nil || anyio.Now(ctx).Sub(begin) != 5*time.Second {
			t.Errorf("%v, %v after %v", got, err, anyio.Now(ctx).Sub(begin))
		}
		timedOut, err := anyio.MoveOnAfter(ctx, time.Second, func(ctx context.Context) error {
			_, err := k.LookupHost(ctx, "ip6", "slow6")
			return err
		})
		if !timedOut || err != nil {
			t.Errorf("a slow lookup was not canceled: %v, %v", timedOut, err)
		}
		for answer, want := range map[string]struct {
			a     sim.DNSAnswer
			check func(*net.DNSError) bool
		}{
			"nothing":  {sim.DNSAnswer{}, func(e *net.DNSError) bool { return e.IsNotFound }},
			"timeout":  {sim.DNSAnswer{Timeout: true}, func(e *net.DNSError) bool { return e.IsTimeout && e.Timeout() }},
			"servfail": {sim.DNSAnswer{Err: "server misbehaving"}, func(e *net.DNSError) bool { return e.IsTemporary && !e.IsNotFound }},
		} {
			n.DNS("localhost", want.a)
			_, err := k.LookupHost(ctx, "ip", "localhost")
			if d, ok := errors.AsType[*net.DNSError](err); !ok || !want.check(d) {
				t.Errorf("%s: %v", answer, err)
			}
		}
		n.DNSFunc("localhost", nil)
		_, err = k.LookupHost(ctx, "ip", "localhost")
		return err
	})
}
