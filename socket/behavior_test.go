package socket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

// When Close has returned the port is free, also if somebody was waiting, and though
// connections of the old listener were there a moment ago.
func TestPortsAreFreeAfterClose(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		port := 0
		for range 10 {
			l, err := socket.ListenTCP(ctx, "127.0.0.1", port)
			testkit.Must(t, err)
			port = l.Port()
			c, err := socket.DialTCP(ctx, "127.0.0.1", port)
			testkit.Must(t, err)
			s, err := l.Accept(ctx)
			testkit.Must(t, err)
			testkit.Must(t, s.Close(ctx)) // the side that closes first keeps the port for a while
			_, err = c.Receive(ctx, make([]byte, 1))
			testkit.WantErr(t, err, io.EOF)
			testkit.Must(t, c.Close(ctx))
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				tg.Go(func(ctx context.Context) error {
					_, err := l.Accept(ctx)
					testkit.WantErr(t, err, anyio.ErrClosed)
					return nil
				})
				idle(t, ctx)
				testkit.Must(t, l.Close(ctx))
				again, err := socket.ListenTCP(ctx, "127.0.0.1", port)
				testkit.Must(t, err)
				testkit.Must(t, again.Close(ctx))
			})
		}
		port = 0
		for range 10 {
			s, err := socket.ListenUDP(ctx, "127.0.0.1", port)
			testkit.Must(t, err)
			port = s.LocalAddr().(*net.UDPAddr).Port
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				tg.Go(func(ctx context.Context) error {
					_, err := s.Receive(ctx)
					testkit.WantErr(t, err, anyio.ErrClosed)
					return nil
				})
				idle(t, ctx)
				testkit.Must(t, s.Close(ctx))
				again, err := socket.ListenUDP(ctx, "127.0.0.1", port)
				testkit.Must(t, err)
				testkit.Must(t, again.Close(ctx))
			})
		}
	})
}

// The end of a stream is seen whether it comes with the last data or after it,
// and whether somebody waits for it or not.
func TestEndIsSeenAfterTheData(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for i := range 40 {
			c, s := tcpPair(t, ctx, "127.0.0.1")
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				if i%2 == 0 {
					tg.Go(func(ctx context.Context) error {
						testkit.Must(t, c.Send(ctx, []byte("data")))
						if i%4 == 0 {
							idle(t, ctx)
						}
						return c.Close(ctx)
					})
				} else {
					testkit.Must(t, c.Send(ctx, []byte("data")))
					testkit.Must(t, c.Close(ctx))
				}
				want(t, ctx, s, "data")
				_, err := s.Receive(ctx, make([]byte, 100))
				testkit.WantErr(t, err, io.EOF)
				testkit.WantErr(t, s.Close(ctx), nil)
			})
		}
	})
}

func TestDialReachesServersOfOneFamily(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		known, err := socket.LookupHost(ctx, "tcp6", "localhost", "")
		for _, c := range []struct{ listen, peer string }{{"127.0.0.1", "127.0.0.1"}, {"::1", "::1"}, {"localhost", "::1"}} {
			if len(known) == 0 && c.peer == "::1" {
				t.Logf("localhost has no IPv6 address here: %v", err)
				continue
			}
			l := tcpListener(t, ctx, c.listen)
			s, err := socket.DialTCP(ctx, "localhost", l.Port())
			testkit.Must(t, err)
			if host, _, _ := net.SplitHostPort(s.RemoteAddr().String()); host != c.peer {
				t.Errorf("a server on %s was reached at %s, want %s", c.listen, host, c.peer)
			}
			testkit.Must(t, errors.Join(s.Close(ctx), l.Close(ctx)))
		}
	})
}

func TestUnixPathsNeedNotBeUTF8(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("other systems want file names in UTF-8")
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		path := filepath.Join(t.TempDir(), "\xff\xfe")
		l, err := socket.ListenUnix(ctx, path)
		testkit.Must(t, err)
		c, err := socket.DialUnix(ctx, path)
		testkit.Must(t, err)
		if got := c.RemoteAddr().String(); got != path {
			t.Errorf("the remote address is %q, want %q", got, path)
		}
		testkit.Must(t, errors.Join(c.Close(ctx), l.Close(ctx)))
	})
}

func TestMultiListenerOverTCPAndUnix(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		tcp, err := socket.Listen(ctx, "tcp", "127.0.0.1:0")
		testkit.Must(t, err)
		path := unixPath(t)
		unix, err := socket.Listen(ctx, "unix", path)
		testkit.Must(t, err)
		m := stream.NewMultiListener[*socket.Stream](tcp, unix)
		for i, target := range []struct{ network, address string }{{"tcp", tcp.Addr().String()}, {"unix", path}, {"tcp", tcp.Addr().String()}} {
			c, err := socket.Dial(ctx, target.network, target.address)
			testkit.Must(t, err)
			s, err := m.Accept(ctx)
			testkit.Must(t, err)
			text := fmt.Sprint("client ", i)
			testkit.Must(t, c.Send(ctx, []byte(text)))
			want(t, ctx, s, text)
			if got := s.LocalAddr().Network(); got != target.network {
				t.Errorf("client %d was accepted over %s, want %s", i, got, target.network)
			}
			testkit.Must(t, errors.Join(c.Close(ctx), s.Close(ctx)))
		}
		testkit.Must(t, m.Close(ctx))
		_, err = m.Accept(ctx)
		testkit.WantErr(t, err, anyio.ErrClosed)
	})
}

func TestListenerOnALinkLocalAddress(t *testing.T) {
	host := ""
	ifaces, err := net.Interfaces()
	testkit.Must(t, err)
	for _, i := range ifaces {
		addrs, _ := i.Addrs()
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is6() && p.Addr().IsLinkLocalUnicast() && i.Flags&net.FlagUp != 0 {
				host = p.Addr().WithZone(i.Name).String()
			}
		}
	}
	if host == "" {
		t.Skip("no interface has a link-local IPv6 address")
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := tcpListener(t, ctx, host)
		if !strings.Contains(l.Addr().String(), host[strings.Index(host, "%"):]) {
			t.Errorf("the address is %v, want one of %s", l.Addr(), host)
		}
		c, err := socket.DialTCP(ctx, host, l.Port())
		testkit.Must(t, err)
		testkit.Must(t, c.Close(ctx))
	}, anyiotest.Skip("sim", "simulated hosts have no interfaces"))
}

// A socket may be used by whoever has it: tasks of other runs, on other backends,
// and goroutines that belong to none.
func TestSocketsAreUsedAcrossBackends(t *testing.T) {
	backends := map[string]func() anyio.Backend{"parallel": anyio.Parallel, "eventloop": anyio.EventLoop}
	for maker, make1 := range backends {
		for user, make2 := range backends {
			t.Run(maker+" used on "+user, func(t *testing.T) {
				err := anyio.Run(context.Background(), func(ctx context.Context) error {
					c, s := tcpPair(t, ctx, "127.0.0.1")
					defer func() { _ = s.Close(ctx) }()
					done, sent, answered := make(chan error, 2), make(chan struct{}), make(chan struct{})
					go func() { // another run
						done <- anyio.Run(context.Background(), func(ctx context.Context) error {
							canceled, err := anyio.MoveOnAfter(ctx, 1, func(ctx context.Context) error {
								_, err := c.Receive(ctx, make([]byte, 1))
								return err
							})
							if !canceled || err != nil {
								return fmt.Errorf("a Receive that times out: %v, %w", canceled, err)
							}
							err = c.Send(ctx, []byte("from afar"))
							close(sent)
							if err != nil {
								return err
							}
							n, err := c.Receive(ctx, make([]byte, 10))
							close(answered)
							if n != 6 {
								return fmt.Errorf("received %d bytes, %w", n, err)
							}
							_, err = c.Receive(ctx, make([]byte, 10)) // until the other run closes it
							if !errors.Is(err, anyio.ErrClosed) {
								return fmt.Errorf("after Close: %v", err)
							}
							return nil
						}, anyio.On(make2()))
					}()
					want(t, ctx, s, "from afar")
					testkit.Must(t, s.Send(ctx, []byte("answer")))
					//anyiovet:ignore barego a goroutine of nobody
					go func() { // a goroutine of nobody
						<-sent
						var err error
						if user == "parallel" {
							err = c.Send(context.Background(), []byte("stray"))
						} else {
							err = c.Send(ctx, []byte("stray"))
						}
						done <- err
					}()
					want(t, ctx, s, "stray")
					_, err := anyio.RunBlockingValue(ctx, func() (any, error) { return nil, <-done })
					testkit.Must(t, err)
					_, err = anyio.RunBlockingValue(ctx, func() (any, error) { <-answered; return nil, nil })
					testkit.Must(t, errors.Join(err, c.Close(ctx)))
					_, err = anyio.RunBlockingValue(ctx, func() (any, error) { return nil, <-done })
					return err
				}, anyio.On(make1()))
				testkit.Must(t, err)
			})
		}
	}
}
