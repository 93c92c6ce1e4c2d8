package socket_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/socket"
)

func TestListenerTakesBothFamiliesOnOneSocket(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l, err := socket.ListenTCP(ctx, "", 0)
		testkit.Must(t, err)
		defer l.Close(ctx)
		if len(l.Addrs()) != 1 {
			t.Errorf("it listens on %v, want one socket", l.Addrs())
		}
		for _, host := range []string{"127.0.0.1", "::1"} {
			c, err := socket.DialTCP(ctx, host, l.Port())
			testkit.Must(t, err)
			s, err := l.Accept(ctx)
			testkit.Must(t, err)
			if got := s.RemoteAddr().(*net.TCPAddr).IP.String(); got != host {
				t.Errorf("the peer is %s, want %s", got, host)
			}
			testkit.Must(t, errors.Join(c.Close(ctx), s.Close(ctx)))
		}
	})
}

func TestListenerHasOnePortOnAllAddresses(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := tcpListener(t, ctx, "localhost")
		if len(l.Addrs()) != 2 {
			t.Skipf("it listens on %v: this machine's localhost has one address", l.Addrs())
		}
		for _, a := range l.Addrs() {
			if a.(*net.TCPAddr).Port != l.Port() {
				t.Errorf("addresses are %v, want one port", l.Addrs())
			}
		}
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for range 3 {
				for _, host := range []string{"127.0.0.1", "::1"} {
					tg.Go(func(ctx context.Context) error {
						s, err := socket.DialTCP(ctx, host, l.Port())
						if err != nil {
							return err
						}
						want(t, ctx, s, "welcome")
						return s.Close(ctx)
					})
				}
			}
			idle(t, ctx)
			for range 6 {
				s, err := l.Accept(ctx)
				testkit.Must(t, err)
				testkit.Must(t, s.Send(ctx, []byte("welcome")))
				testkit.Must(t, s.Close(ctx))
			}
		})
	})
}

func TestListenerOfOneFamilyIsAlone(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var six, four *socket.TCPListener
		for range 100 { // somebody else may have the port of the other family
			var err error
			six, err = socket.ListenConfig{Family: socket.IPv6}.ListenTCP(ctx, "", 0)
			testkit.Must(t, err)
			defer six.Close(ctx)
			if four, err = (socket.ListenConfig{Family: socket.IPv4}).ListenTCP(ctx, "", six.Port()); err == nil {
				break
			}
			testkit.WantErr(t, err, syscall.EADDRINUSE)
		}
		if four == nil {
			t.Fatal("no port of IPv6 is free in IPv4")
		}
		testkit.Must(t, four.Close(ctx))
		_, err := socket.DialTCP(ctx, "127.0.0.1", six.Port())
		testkit.WantErr(t, err, syscall.ECONNREFUSED)
	})
}

// The port that the system chooses for one address is taken on the other, again
// and again.
func TestListenerTellsWhenNoPortIsFreeOnAllAddresses(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a4, a6 := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1")
		sim.NetworkOf(ctx).DNS("both.example", sim.DNSAnswer{Addrs: []netip.Addr{a4, a4, a6}})
		_, err := socket.ListenTCP(ctx, "both.example", 0) // 127.0.0.1 twice
		testkit.WantErr(t, err, syscall.EADDRINUSE)
		if err == nil || !strings.Contains(err.Error(), "could not create 3 listeners with a consistent port") {
			t.Errorf("the error is %v", err)
		}
		_, err = socket.ListenTCP(ctx, "both.example", 4000)
		testkit.WantErr(t, err, syscall.EADDRINUSE)
		l, err := socket.ListenTCP(ctx, "", 4000) // nothing was left behind
		testkit.Must(t, err)
		testkit.Must(t, l.Close(ctx))
	}, anyiotest.Only("sim"))
}

func TestListenerIsBusyAndIsClosed(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "localhost"} {
		t.Run(host, func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				l := tcpListener(t, ctx, host)
				group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
					tg.Go(func(ctx context.Context) error {
						_, err := l.Accept(ctx)
						testkit.WantErr(t, err, anyio.ErrClosed)
						return nil
					})
					idle(t, ctx)
					_, err := l.Accept(ctx)
					wantBusy(t, err, "accepting connections from")
					handler := func(context.Context, *socket.Stream) error { return nil }
					wantBusy(t, l.Serve(ctx, nil, handler), "accepting connections from")
					testkit.Must(t, l.Close(ctx))
					testkit.Must(t, l.Close(ctx))
				})
				_, err := l.Accept(ctx)
				testkit.WantErr(t, err, anyio.ErrClosed)
				canceled(t, ctx, "Accept", func(ctx context.Context) error { _, err := l.Accept(ctx); return err })
				again, err := socket.ListenTCP(ctx, host, l.Port())
				testkit.Must(t, err) // the port is free
				testkit.Must(t, again.Close(ctx))
			})
		})
	}
}

func TestUnixListenerCloseWakesAccept(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l, err := socket.ListenUnix(ctx, unixPath(t))
		testkit.Must(t, err)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				_, err := l.Accept(ctx)
				testkit.WantErr(t, err, anyio.ErrClosed)
				return nil
			})
			idle(t, ctx)
			testkit.Must(t, l.Close(ctx))
		})
	})
}

func TestCanceledAcceptLosesNoConnection(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "localhost"} {
		t.Run(host, func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				l := tcpListener(t, ctx, host)
				c, err := socket.DialTCP(ctx, "127.0.0.1", l.Port())
				testkit.Must(t, err)
				defer c.Close(ctx)
				canceled(t, ctx, "Accept", func(ctx context.Context) error { _, err := l.Accept(ctx); return err })
				s, err := l.Accept(ctx)
				testkit.Must(t, err)
				testkit.Must(t, s.Close(ctx))
			})
		})
	}
}

func TestServeRunsHandlersInTasksOfTheirOwn(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "localhost"} {
		t.Run(host, func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				l := tcpListener(t, ctx, host)
				echo := func(ctx context.Context, s *socket.Stream) error {
					defer s.Close(ctx)
					if err := s.Send(ctx, []byte("ready")); err != nil {
						return err
					}
					buf := make([]byte, 10)
					n, err := s.Receive(ctx, buf)
					if err != nil {
						return err
					}
					return s.Send(ctx, buf[:n])
				}
				group(t, ctx, func(ctx context.Context, handlers *anyio.TaskGroup) {
					group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
						tg.Go(func(ctx context.Context) error {
							testkit.WantErr(t, l.Serve(ctx, handlers, echo), anyio.ErrClosed)
							return nil
						})
						var open []*socket.Stream
						for range 3 {
							s, err := socket.DialTCP(ctx, "127.0.0.1", l.Port())
							testkit.Must(t, err)
							want(t, ctx, s, "ready")
							open = append(open, s)
						}
						testkit.Must(t, l.Close(ctx)) // the handlers go on
						for _, s := range open {
							testkit.Must(t, s.Send(ctx, []byte("hi")))
							want(t, ctx, s, "hi")
							testkit.Must(t, s.Close(ctx))
						}
					})
				})
			})
		})
	}
}

func TestServeEndsWithAHandlerThatFails(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := tcpListener(t, ctx, "127.0.0.1")
		failure := errors.New("handler failed")
		c, err := socket.DialTCP(ctx, "127.0.0.1", l.Port())
		testkit.Must(t, err)
		defer c.Close(ctx)
		err = l.Serve(ctx, nil, func(ctx context.Context, s *socket.Stream) error {
			defer s.Close(ctx)
			return failure
		})
		testkit.WantErr(t, err, failure)
		var ge *anyio.GroupError
		if !errors.As(err, &ge) {
			t.Errorf("the error is %v, want a *GroupError", err)
		}
		testkit.WantMisuseText(t, l.Serve(ctx, nil, nil), "the handler is nil")
	})
}

func TestServeEndsWhenTheListenerIsClosed(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := tcpListener(t, ctx, "localhost")
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				err := l.Serve(ctx, nil, func(ctx context.Context, s *socket.Stream) error { return s.Close(ctx) })
				testkit.WantErr(t, err, anyio.ErrClosed)
				return nil
			})
			idle(t, ctx)
			testkit.Must(t, l.Close(ctx))
		})
	})
}

func TestReusePortLetsTwoListenersShareAPort(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such option")
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a := configured(t, ctx, socket.ListenConfig{ReusePort: true})
		b, err := socket.ListenConfig{ReusePort: true}.ListenTCP(ctx, "127.0.0.1", a.Port())
		testkit.Must(t, err)
		testkit.Must(t, b.Close(ctx))
		_, err = socket.ListenTCP(ctx, "127.0.0.1", a.Port())
		testkit.WantErr(t, err, syscall.EADDRINUSE)
	})
}

func TestListenerHasNoRemoteAttributes(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := tcpListener(t, ctx, "127.0.0.1")
		port, err := attr.Get(l, socket.AttrLocalPort)
		testkit.Must(t, err)
		if port != l.Port() || l.Addr().(*net.TCPAddr).Port != port {
			t.Errorf("ports are %d, %d, %v", port, l.Port(), l.Addr())
		}
		_, err = attr.Get(l, socket.AttrRemoteAddr)
		testkit.WantErr(t, err, attr.ErrNotFound)
		_, err = attr.Get(l, socket.AttrRemotePort)
		testkit.WantErr(t, err, attr.ErrNotFound)
	})
}
