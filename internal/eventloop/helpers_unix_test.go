//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop_test

import (
	"context"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netconn"
)

var loopback4 = kernel.Addr{IP: netip.MustParseAddrPort("127.0.0.1:0")}

// run runs f as the main task of an event loop.
func run(t testing.TB, f func(ctx context.Context, n kernel.Network) error) {
	t.Helper()
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return f(ctx, kernel.NetworkOf(ctx))
	}, anyio.On(anyio.EventLoop()))
	if err != nil {
		t.Error(err)
	}
}

// must stops the test at an error.
func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func listenTCP(t testing.TB, ctx context.Context) kernel.StreamListener {
	t.Helper()
	return must[kernel.StreamListener](t)(kernel.NetworkOf(ctx).ListenStream(ctx, kernel.SocketOptions{Network: "tcp4", Local: loopback4}))
}

func dial(ctx context.Context, l kernel.StreamListener, network string) (kernel.StreamConn, error) {
	return kernel.NetworkOf(ctx).DialStream(ctx, kernel.SocketOptions{Network: network, Remote: l.LocalAddr()})
}

// tcpPair makes two connected TCP sockets.
func tcpPair(t testing.TB, ctx context.Context) (a, b kernel.StreamConn) {
	t.Helper()
	return pair(t, ctx, kernel.NetworkOf(ctx), kernel.SocketOptions{Network: "tcp4", Local: loopback4})
}

// unixPair makes two connected UNIX sockets.
func unixPair(t testing.TB, ctx context.Context) (a, b kernel.StreamConn) {
	t.Helper()
	return pair(t, ctx, kernel.NetworkOf(ctx), kernel.SocketOptions{Network: "unix", Local: kernel.Addr{Path: filepath.Join(shortDir(t), "s")}})
}

// shortDir is a directory whose name leaves room for that of a UNIX socket; that of
// t.TempDir does not everywhere.
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "anyio")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// eachPair runs f with pairs of TCP and UNIX sockets: of the loop, and of what it
// uses where its poller knows no descriptors.
func eachPair(t *testing.T, f func(t *testing.T, ctx context.Context, a, b kernel.StreamConn)) {
	ownPair(t, f)
	t.Run("portable", func(t *testing.T) { pairsOf(t, netconn.Network{}, f) })
}

// ownPair runs f with pairs of the loop's own sockets.
func ownPair(t *testing.T, f func(t *testing.T, ctx context.Context, a, b kernel.StreamConn)) {
	pairsOf(t, nil, f)
}

func pairsOf(t *testing.T, network kernel.Network, f func(t *testing.T, ctx context.Context, a, b kernel.StreamConn)) {
	for _, name := range []string{"tcp4", "unix"} {
		t.Run(name, func(t *testing.T) {
			run(t, func(ctx context.Context, n kernel.Network) error {
				if network != nil {
					n = network
				}
				local := loopback4
				if name == "unix" {
					local = kernel.Addr{Path: filepath.Join(shortDir(t), "s")}
				}
				a, b := pair(t, ctx, n, kernel.SocketOptions{Network: name, Local: local})
				defer a.Close()
				defer b.Close()
				f(t, ctx, a, b)
				return nil
			})
		})
	}
}

// pair makes two connected sockets by way of a listener with these options.
func pair(t testing.TB, ctx context.Context, n kernel.Network, o kernel.SocketOptions) (a, b kernel.StreamConn) {
	t.Helper()
	l := must[kernel.StreamListener](t)(n.ListenStream(ctx, o))
	defer l.Close()
	a = must[kernel.StreamConn](t)(n.DialStream(ctx, kernel.SocketOptions{Network: o.Network, Remote: l.LocalAddr()}))
	b = must[kernel.StreamConn](t)(l.Accept(ctx))
	return a, b
}

func write(t testing.TB, ctx context.Context, c kernel.StreamConn, s string) {
	t.Helper()
	if n, err := c.Write(ctx, []byte(s)); n != len(s) || err != nil {
		t.Fatalf("write: %d, %v", n, err)
	}
}

// want reads exactly s.
func want(t testing.TB, ctx context.Context, c kernel.StreamConn, s string) {
	t.Helper()
	buf := make([]byte, len(s))
	for n := 0; n < len(buf); {
		m, err := c.Read(ctx, buf[n:])
		if err != nil {
			t.Fatalf("read: %v after %q, want %q", err, buf[:n], s)
		}
		n += m
	}
	if string(buf) != s {
		t.Fatalf("read %q, want %q", buf, s)
	}
}

func wantEnd(t testing.TB, ctx context.Context, c kernel.StreamConn) {
	t.Helper()
	if n, err := c.Read(ctx, make([]byte, 10)); n != 0 || err != io.EOF {
		t.Fatalf("read: %d, %v; want the end", n, err)
	}
}

// group runs f in a task group.
func group(t testing.TB, ctx context.Context, f func(ctx context.Context, tg *anyio.TaskGroup)) {
	t.Helper()
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		f(ctx, tg)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// blocked waits until all other tasks wait.
func blocked(t testing.TB, ctx context.Context) {
	t.Helper()
	if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
		t.Fatal(err)
	}
}
