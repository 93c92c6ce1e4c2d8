package socket_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/socket"
)

func TestLookupHostOfAddressesNeedsNoResolver(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, c := range [][4]string{
			{"tcp", "127.0.0.1", "80", "127.0.0.1:80"},
			{"tcp", "::1", "https", "[::1]:443"},
			{"udp6", "fe80::1%lo", "", "[fe80::1%lo]:0"},
			{"udp4", "", "53", "127.0.0.1:53"},
			{"tcp", "::ffff:10.0.0.1", "1", "10.0.0.1:1"},
		} {
			got, err := socket.LookupHost(ctx, c[0], c[1], c[2])
			if err != nil || len(got) != 1 || got[0].String() != c[3] {
				t.Errorf("%q: %v, %v", c, got, err)
			}
		}
		_, err := socket.LookupHost(ctx, "tcp", "::1", "no such service")
		if dns := (*net.DNSError)(nil); !errors.As(err, &dns) {
			t.Errorf("unknown service: %v", err)
		}
		_, err = socket.LookupHost(ctx, "ip", "::1", "")
		if !errors.As(err, new(net.UnknownNetworkError)) {
			t.Errorf("unknown network: %v", err)
		}
		canceled(t, ctx, "LookupHost", func(ctx context.Context) error {
			_, err := socket.LookupHost(ctx, "tcp", "::1", "")
			return err
		})
	})
}

func TestNamesAreTranslatedByIDNA2008(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		n := sim.NetworkOf(ctx)
		n.DNS("xn--fa-hia.de", sim.DNSAnswer{Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.8")}})
		n.DNS("fass.de", sim.DNSAnswer{Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.9")}})
		for name, want := range map[string]string{"faß.de": "10.0.0.8:0", "Faß.DE": "10.0.0.8:0", "fass.de": "10.0.0.9:0"} {
			got, err := socket.LookupHost(ctx, "tcp", name, "")
			if err != nil || len(got) != 1 || got[0].String() != want {
				t.Errorf("%s: %v, %v, want %s", name, got, err, want)
			}
		}
	}, anyiotest.Only("sim"))
}

func TestGetNameInfo(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		n := sim.NetworkOf(ctx)
		testkit.Must(t, n.AddHost("db1", sim.HostConfig{Addrs: []netip.Addr{netip.MustParseAddr("10.9.0.1")}}))
		for addr, want := range map[string]string{"10.9.0.1:5432": "db1", "10.9.0.2:5432": "10.9.0.2"} {
			host, service, err := socket.LookupAddr(ctx, netip.MustParseAddrPort(addr))
			if err != nil || host != want || service != "5432" {
				t.Errorf("%s: %q, %q, %v", addr, host, service, err)
			}
		}
		_, _, err := socket.LookupAddr(ctx, netip.AddrPort{})
		testkit.WantMisuseText(t, err, "not valid")
	}, anyiotest.Only("sim"))
}

func TestResolverObeysItsFlags(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		n := sim.NetworkOf(ctx)
		four, six := netip.MustParseAddr("10.0.0.8"), netip.MustParseAddr("fd00::8")
		n.DNS("both.test", sim.DNSAnswer{Addrs: []netip.Addr{six, four}, CNAME: "real.test."})
		n.DNS("four.test", sim.DNSAnswer{Addrs: []netip.Addr{four}})
		for _, c := range []struct {
			r                      socket.Resolver
			network, host, service string
			want                   string
		}{
			{socket.Resolver{}, "tcp", "both.test", "https", "tcp [fd00::8]:443, tcp 10.0.0.8:443"},
			{socket.Resolver{}, "", "four.test", "53", "tcp 10.0.0.8:53, udp 10.0.0.8:53"},
			{socket.Resolver{}, "", "four.test", "ntp", "udp 10.0.0.8:123"}, // TCP has no such service
			{socket.Resolver{Family: socket.IPv4}, "tcp", "both.test", "", "tcp 10.0.0.8:0"},
			{socket.Resolver{CanonicalName: true}, "tcp", "both.test", "80", "tcp [fd00::8]:80 real.test, tcp 10.0.0.8:80 real.test"},
			{socket.Resolver{CanonicalName: true}, "tcp", "four.test", "80", "tcp 10.0.0.8:80 four.test"},
			{socket.Resolver{CanonicalName: true}, "tcp", "10.1.2.3", "80", "tcp 10.1.2.3:80 10.1.2.3"},
			{socket.Resolver{Passive: true}, "tcp", "", "80", "tcp [::]:80, tcp 0.0.0.0:80"},
			{socket.Resolver{Passive: true, Family: socket.IPv4}, "tcp", "", "80", "tcp 0.0.0.0:80"},
			{socket.Resolver{Passive: true}, "tcp", "four.test", "80", "tcp 10.0.0.8:80"},
			{socket.Resolver{Family: socket.IPv6, V4Mapped: true}, "tcp", "four.test", "80", "tcp [::ffff:10.0.0.8]:80"},
			{socket.Resolver{Family: socket.IPv6, V4Mapped: true}, "tcp", "both.test", "80", "tcp [fd00::8]:80"},
			{socket.Resolver{NumericHost: true, NumericService: true}, "tcp", "10.1.2.3", "80", "tcp 10.1.2.3:80"},
		} {
			found, err := c.r.Lookup(ctx, c.network, c.host, c.service)
			var all []string
			for _, a := range found {
				all = append(all, strings.TrimSpace(a.Network+" "+a.Addr.String()+" "+a.CanonicalName))
			}
			if got := strings.Join(all, ", "); got != c.want || err != nil {
				t.Errorf("%+v %q %q %q: %s, %v, want %s", c.r, c.network, c.host, c.service, got, err, c.want)
			}
		}
		for what, r := range map[[3]string]socket.Resolver{
			{"tcp", "both.test", "80"}:     {NumericHost: true},
			{"tcp", "10.0.0.1", "https"}:   {NumericService: true},
			{"tcp", "four.test", "80"}:     {Family: socket.IPv6},
			{"tcp", "10.0.0.2", "no such"}: {},
			{"", "10.0.0.2", "no such"}:    {},
			{"unix", "four.test", "80"}:    {},
			{"tcp", "none.test", "80"}:     {CanonicalName: true},
		} {
			if found, err := r.Lookup(ctx, what[0], what[1], what[2]); err == nil {
				t.Errorf("%+v %q: %v", r, what, found)
			}
		}
		_, err := socket.Resolver{Family: socket.Unix}.Lookup(ctx, "tcp", "four.test", "80")
		testkit.WantMisuse(t, "the family", err)
		canceled(t, ctx, "Resolver.Lookup", func(ctx context.Context) error {
			_, err := socket.Resolver{}.Lookup(ctx, "", "10.0.0.1", "80")
			return err
		})
	}, anyiotest.Only("sim"))
}

func TestResolverFindsNamesOfAddresses(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		host, service, err := socket.Resolver{NumericHost: true}.LookupAddr(ctx, netip.MustParseAddrPort("127.0.0.1:80"))
		if host != "127.0.0.1" || service != "80" || err != nil {
			t.Errorf("%q, %q, %v", host, service, err)
		}
		canceled(t, ctx, "LookupAddr", func(ctx context.Context) error {
			_, _, err := socket.Resolver{NumericHost: true}.LookupAddr(ctx, netip.MustParseAddrPort("127.0.0.1:80"))
			return err
		})
		if !testkit.Simulated(ctx) {
			return
		}
		nobody := netip.MustParseAddrPort("10.9.0.2:1")
		if host, _, err := (socket.Resolver{}).LookupAddr(ctx, nobody); host != "10.9.0.2" || err != nil {
			t.Errorf("%q, %v", host, err)
		}
		_, _, err = socket.Resolver{NameRequired: true}.LookupAddr(ctx, nobody)
		if dns, ok := errors.AsType[*net.DNSError](err); !ok || !dns.IsNotFound {
			t.Errorf("%v", err)
		}
	})
}

// The system's own resolver knows this machine.
func TestCanonicalNameOfThisMachine(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		found, err := socket.Resolver{CanonicalName: true}.Lookup(ctx, "tcp", "localhost", "80")
		if dns, ok := errors.AsType[*net.DNSError](err); ok {
			t.Skip("the resolver does not answer: ", dns)
		}
		if err != nil || len(found) == 0 || found[0].CanonicalName == "" {
			t.Errorf("%v, %v", found, err)
		}
	})
}
