package netconn_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestCanceledAcceptLosesNoConnection(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		l := listenTCP(t, ctx)
		for range 3 {
			canceledWhileBlocked(t, ctx, func(ctx context.Context) error {
				_, err := l.Accept(ctx)
				return err
			})
			a, err := network.DialStream(ctx, kernel.SocketOptions{Network: "tcp4", Remote: l.LocalAddr()})
			testkit.Must(t, err)
			b, err := l.Accept(ctx)
			testkit.Must(t, err)
			send(t, ctx, a, "hello")
			readAll(t, ctx, b, "hello")
			testkit.Must(t, a.Close())
			testkit.Must(t, b.Close())
		}
	})
}

func TestCloseWakesAccept(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		l := listenTCP(t, ctx)
		wokenByClose(t, ctx, l, func(ctx context.Context) error {
			_, err := l.Accept(ctx)
			return err
		})
		testkit.Must(t, l.Close()) // again
	})
}

func TestDialErrors(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		l := listenTCP(t, ctx)
		o := kernel.SocketOptions{Network: "tcp4", Remote: l.LocalAddr()}
		testkit.Must(t, l.Close())
		_, err := network.DialStream(ctx, o)
		var op *net.OpError
		if !errors.Is(err, syscall.ECONNREFUSED) || !errors.As(err, &op) {
			t.Errorf("got %v, want a *net.OpError round ECONNREFUSED", err)
		}
		testkit.Must(t, anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
			scope.Cancel("test")
			if _, err := network.DialStream(ctx, o); !errors.Is(err, anyio.ErrCanceled) {
				t.Errorf("got %v in a canceled scope", err)
			}
			return nil
		}))
	})
}

// The queue of a listener that accepts nothing is full soon; then a dialer waits.
func TestCanceledDialEndsAtOnce(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		l, err := network.ListenStream(ctx, kernel.SocketOptions{Network: "tcp4", Local: loopback, Backlog: 1})
		testkit.Must(t, err)
		defer l.Close()
		testkit.Must(t, anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for range 8 {
				tg.Go(func(ctx context.Context) error {
					c, err := network.DialStream(ctx, kernel.SocketOptions{Network: "tcp4", Remote: l.LocalAddr()})
					if err == nil {
						return c.Close()
					}
					if !errors.Is(err, anyio.ErrCanceled) {
						t.Errorf("got %v, want a cancellation", err)
					}
					return err
				})
			}
			testkit.Must(t, anyio.WaitAllTasksBlocked(ctx))
			tg.Cancel("test")
			return nil
		}))
	})
}

func TestListenerOptions(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		dual, err := network.ListenStream(ctx, kernel.SocketOptions{Network: "tcp"})
		testkit.Must(t, err)
		defer dual.Close()
		port := dual.LocalAddr().IP.Port()
		a, err := network.DialStream(ctx, kernel.SocketOptions{Network: "tcp4", Remote: kernel.Addr{IP: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)}})
		testkit.Must(t, err)
		defer a.Close()
		b, err := dual.Accept(ctx)
		testkit.Must(t, err)
		defer b.Close()
		if got := b.RemoteAddr().IP.Addr(); !got.Is4() {
			t.Errorf("the peer's address is %v, want one of IPv4", got)
		}

		o := kernel.SocketOptions{Network: "tcp4", Local: loopback, Backlog: 5}
		l, err := network.ListenStream(ctx, o)
		testkit.Must(t, err)
		defer l.Close()
		o.Local = l.LocalAddr()
		if _, err := network.ListenStream(ctx, o); !errors.Is(err, syscall.EADDRINUSE) && !strings.Contains(err.Error(), "Only one usage") {
			t.Errorf("listening twice: %v, want EADDRINUSE", err)
		}
	})
}

// The port of an IPv6 listener that takes no IPv4 is free there, if nobody else has it.
func TestV6Only(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		var err error
		for range 100 {
			var six, four kernel.StreamListener
			six, err = network.ListenStream(ctx, kernel.SocketOptions{Network: "tcp6", V6Only: true, Local: kernel.Addr{IP: netip.MustParseAddrPort("[::]:0")}})
			if err != nil {
				t.Skipf("no IPv6 here: %v", err)
			}
			four, err = network.ListenStream(ctx, kernel.SocketOptions{Network: "tcp4", Local: kernel.Addr{IP: netip.AddrPortFrom(netip.IPv4Unspecified(), six.LocalAddr().IP.Port())}})
			testkit.Must(t, six.Close())
			if err == nil {
				testkit.Must(t, four.Close())
				break
			}
		}
		testkit.Must(t, err)
	})
}

func TestLookups(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		addrs, err := network.LookupHost(ctx, "ip4", "localhost")
		testkit.Must(t, err)
		if len(addrs) == 0 || !addrs[0].IsLoopback() || !addrs[0].Is4() {
			t.Errorf("localhost is %v", addrs)
		}
		if port, err := network.LookupPort(ctx, "tcp", "http"); err != nil || port != 80 {
			t.Errorf("http is %d, %v", port, err)
		}
		var dns *net.DNSError
		if _, err := network.LookupPort(ctx, "tcp", "no-such-service"); !errors.As(err, &dns) {
			t.Errorf("unknown service: %v, want a *net.DNSError", err)
		}
		testkit.Must(t, anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
			scope.Cancel("test")
			if _, err := network.LookupHost(ctx, "ip", "localhost"); !errors.Is(err, anyio.ErrCanceled) {
				t.Errorf("got %v in a canceled scope", err)
			}
			return nil
		}))
	})
}
