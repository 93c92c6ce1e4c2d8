package socket_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
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
