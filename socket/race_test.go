package socket_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/socket"
)

var (
	live4   = netip.MustParseAddr("10.9.0.1")
	live6   = netip.MustParseAddr("fd09::1")
	dead4   = netip.MustParseAddr("10.9.0.9") // of a host that nothing reaches
	dead6   = netip.MustParseAddr("fd09::9")
	closed4 = netip.MustParseAddr("10.9.0.5") // of a host on which nobody listens
	closed6 = netip.MustParseAddr("fd09::5")
)

// served is how many connections the server of eyeballs has open.
var served atomic.Int32

// eyeballs runs a test beside a server that listens on port 80 of live4 and live6.
func eyeballs(t *testing.T, f func(t *testing.T, ctx context.Context, n *sim.Network)) {
	t.Helper()
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		n := sim.NetworkOf(ctx)
		testkit.Must(t, n.AddHost("live", sim.HostConfig{Addrs: []netip.Addr{live4, live6}}))
		testkit.Must(t, n.AddHost("dead", sim.HostConfig{Addrs: []netip.Addr{dead4, dead6}}))
		testkit.Must(t, n.AddHost("closed", sim.HostConfig{Addrs: []netip.Addr{closed4, closed6}}))
		n.Isolate("dead")
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			_, err := anyio.Start(ctx, tg, func(ctx context.Context, started func(int)) error {
				return sim.RunOnHost(ctx, "live", func(ctx context.Context) error {
					l, err := socket.ListenTCP(ctx, "", 80)
					if err != nil {
						return err
					}
					defer l.Close(ctx)
					started(l.Port())
					return l.Serve(ctx, nil, func(ctx context.Context, conn *socket.Stream) error {
						defer conn.Close(ctx)
						served.Add(1)
						defer served.Add(-1)
						_, _ = conn.Receive(ctx, make([]byte, 1)) // until the client has closed
						return nil
					})
				})
			})
			testkit.Must(t, err)
			f(t, ctx, n)
			tg.Cancel("done")
		})
	}, anyiotest.Only("sim"))
}

// dialed dials a name and tells the address that answered and how long it took.
func dialed(t *testing.T, ctx context.Context, d socket.Dialer) (addr string, took time.Duration) {
	t.Helper()
	begin := anyio.Now(ctx)
	s, err := d.DialTCP(ctx, "site.example", 80)
	testkit.Must(t, err)
	defer s.Close(ctx)
	return s.RemoteAddr().(*net.TCPAddr).IP.String(), anyio.Now(ctx).Sub(begin)
}

func between(t *testing.T, took, least, most time.Duration) {
	t.Helper()
	if took < least || took > most {
		t.Errorf("it took %v, want %v to %v", took, least, most)
	}
}

func TestDialPrefersIPv6AlsoIfTheResolverDoesNot(t *testing.T) {
	eyeballs(t, func(t *testing.T, ctx context.Context, n *sim.Network) {
		n.DNS("site.example", sim.DNSAnswer{Addrs: []netip.Addr{live4, live6}})
		if addr, _ := dialed(t, ctx, socket.Dialer{}); addr != live6.String() {
			t.Errorf("connected to %s", addr)
		}
		if addr, _ := dialed(t, ctx, socket.Dialer{Family: socket.IPv4}); addr != live4.String() {
			t.Errorf("with IPv4 only, connected to %s", addr)
		}
	})
}

func TestDialTurnsToIPv4WhenIPv6IsABlackHole(t *testing.T) {
	eyeballs(t, func(t *testing.T, ctx context.Context, n *sim.Network) {
		n.DNS("site.example", sim.DNSAnswer{Addrs: []netip.Addr{dead6, live4}})
		addr, took := dialed(t, ctx, socket.Dialer{})
		if addr != live4.String() {
			t.Errorf("connected to %s", addr)
		}
		between(t, took, 250*time.Millisecond, 260*time.Millisecond)
		_, took = dialed(t, ctx, socket.Dialer{AttemptDelay: time.Second})
		between(t, took, time.Second, 1010*time.Millisecond)
		_, took = dialed(t, ctx, socket.Dialer{AttemptDelay: -time.Second})
		between(t, took, 0, 10*time.Millisecond)
	})
}

func TestDialTriesTheNextAddressAtOnceWhenOneFails(t *testing.T) {
	eyeballs(t, func(t *testing.T, ctx context.Context, n *sim.Network) {
		n.DNS("site.example", sim.DNSAnswer{Addrs: []netip.Addr{closed6, closed4, live6}})
		addr, took := dialed(t, ctx, socket.Dialer{})
		if addr != live6.String() {
			t.Errorf("connected to %s", addr)
		}
		between(t, took, 0, 20*time.Millisecond)
	})
}

func TestDialLetsFamiliesTakeTurns(t *testing.T) {
	eyeballs(t, func(t *testing.T, ctx context.Context, n *sim.Network) {
		var tried []string
		n.OnPacket(func(p *sim.Packet) sim.Verdict {
			if p.SYN && !p.ACK && !p.Again {
				tried = append(tried, p.Dst.Addr().String())
			}
			return sim.Verdict{}
		})
		more6, more4 := netip.MustParseAddr("fd09::a"), netip.MustParseAddr("10.9.0.10")
		testkit.Must(t, n.AddHost("more", sim.HostConfig{Addrs: []netip.Addr{more6, more4}}))
		n.DNS("site.example", sim.DNSAnswer{Addrs: []netip.Addr{closed4, more4, closed6, more6, dead6, live4}})
		dialed(t, ctx, socket.Dialer{})
		want := strings.Join([]string{closed6.String(), closed4.String(), more6.String(), more4.String(), dead6.String(), live4.String()}, " ")
		if got := strings.Join(tried, " "); got != want {
			t.Errorf("tried %s, want %s", got, want)
		}
	})
}

// delays answers lookups of the two families after different times.
func delays(n *sim.Network, after4, after6 time.Duration) {
	n.DNSFunc("site.example", func(family string) sim.DNSAnswer {
		if family == "ip4" {
			return sim.DNSAnswer{Addrs: []netip.Addr{live4}, Delay: after4}
		}
		return sim.DNSAnswer{Addrs: []netip.Addr{live6}, Delay: after6}
	})
}

func TestDialWaitsALittleForIPv6Addresses(t *testing.T) {
	eyeballs(t, func(t *testing.T, ctx context.Context, n *sim.Network) {
		for _, c := range []struct {
			after4, after6 time.Duration
			want           netip.Addr
			took           time.Duration
		}{
			{10 * time.Millisecond, 40 * time.Millisecond, live6, 40 * time.Millisecond},
			{10 * time.Millisecond, time.Hour, live4, 60 * time.Millisecond},
			{time.Hour, 10 * time.Millisecond, live6, 10 * time.Millisecond},
		} {
			delays(n, c.after4, c.after6)
			addr, took := dialed(t, ctx, socket.Dialer{})
			if addr != c.want.String() {
				t.Errorf("answers after %v and %v: connected to %s", c.after4, c.after6, addr)
			}
			between(t, took, c.took, c.took+5*time.Millisecond)
		}
		delays(n, 0, time.Hour)
		_, took := dialed(t, ctx, socket.Dialer{ResolutionDelay: time.Second})
		between(t, took, time.Second, 1005*time.Millisecond)
	})
}

func TestDialTellsOfEveryAddressThatFailed(t *testing.T) {
	eyeballs(t, func(t *testing.T, ctx context.Context, n *sim.Network) {
		n.DNS("site.example", sim.DNSAnswer{Addrs: []netip.Addr{closed6, closed4}})
		_, err := socket.DialTCP(ctx, "site.example", 80)
		var all *socket.AttemptsError
		if !errors.As(err, &all) || len(all.Attempts) != 2 {
			t.Fatalf("got %v, want an *AttemptsError with two attempts", err)
		}
		testkit.WantErr(t, err, syscall.ECONNREFUSED)
		const text = "all attempts to connect to site.example:80 failed: [fd09::5]:80: connect: connection refused; 10.9.0.5:80: connect: connection refused"
		if err.Error() != text {
			t.Errorf("the text is %q, want %q", err, text)
		}
		_, err = socket.DialTCP(ctx, "10.9.0.5", 80)
		var op *net.OpError
		if errors.As(err, &all) || !errors.As(err, &op) {
			t.Errorf("one address: %v, want a *net.OpError alone", err)
		}
	})
}

func TestDialReturnsResolverErrorsUnchanged(t *testing.T) {
	eyeballs(t, func(t *testing.T, ctx context.Context, n *sim.Network) {
		_, err := socket.DialTCP(ctx, "nobody.example", 80)
		if dns, ok := err.(*net.DNSError); !ok || !dns.IsNotFound {
			t.Errorf("unknown host: %v", err)
		}
		n.DNSFunc("site.example", func(family string) sim.DNSAnswer {
			if family == "ip6" {
				return sim.DNSAnswer{Timeout: true}
			}
			return sim.DNSAnswer{}
		})
		_, err = socket.DialTCP(ctx, "site.example", 80)
		if dns, ok := err.(*net.DNSError); !ok || !dns.IsTimeout {
			t.Errorf("no answer for one family: %v, want the timeout", err)
		}
	})
}

func TestDialLeavesNothingBehindWhenCanceled(t *testing.T) {
	eyeballs(t, func(t *testing.T, ctx context.Context, n *sim.Network) {
		n.DNS("site.example", sim.DNSAnswer{Addrs: []netip.Addr{dead6, dead4}})
		timedOut, err := anyio.MoveOnAfter(ctx, time.Second, func(ctx context.Context) error {
			_, err := socket.DialTCP(ctx, "site.example", 80)
			return err
		})
		if !timedOut || err != nil {
			t.Errorf("timed out: %v, %v", timedOut, err)
		}
		canceled(t, ctx, "DialTCP", func(ctx context.Context) error {
			_, err := socket.DialTCP(ctx, "site.example", 80)
			return err
		})
	})
}

func TestDialClosesAWinnerThatComesTooLate(t *testing.T) {
	eyeballs(t, func(t *testing.T, ctx context.Context, n *sim.Network) {
		n.DNS("site.example", sim.DNSAnswer{Addrs: []netip.Addr{live6, live4}})
		for range 20 { // both succeed at about the same time
			dialed(t, ctx, socket.Dialer{AttemptDelay: -1})
		}
		testkit.Must(t, anyio.Sleep(ctx, time.Minute))
		if open := served.Load(); open != 0 {
			t.Errorf("%d connections are left", open)
		}
	})
}

func TestDialFromALocalAddress(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := tcpListener(t, ctx, "localhost")
		port := anyiotest.FreeTCPPort(t)
		s, err := socket.Dialer{LocalHost: "127.0.0.1"}.DialTCP(ctx, "localhost", l.Port())
		testkit.Must(t, err)
		if s.RemoteAddr().(*net.TCPAddr).IP.String() != "127.0.0.1" {
			t.Errorf("connected to %v from an IPv4 address", s.RemoteAddr())
		}
		testkit.Must(t, s.Close(ctx))
		s, err = socket.Dialer{LocalPort: port}.DialTCP(ctx, "127.0.0.1", l.Port())
		testkit.Must(t, err)
		if got, _ := attr.Get(s, socket.AttrLocalPort); got != port {
			t.Errorf("the local port is %d, want %d", got, port)
		}
		testkit.Must(t, s.Close(ctx))
		_, err = socket.Dialer{LocalHost: "127.0.0.1"}.DialTCP(ctx, "::1", l.Port())
		if err == nil || !strings.Contains(err.Error(), "AF_INET") {
			t.Errorf("from IPv4 to IPv6: %v", err)
		}
	})
}
