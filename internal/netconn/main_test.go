package netconn_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netconn"
	"github.com/anyio-go/anyio/internal/testkit"
)

// TestMain looks for leaks after all tests.
func TestMain(m *testing.M) { os.Exit(anyiotest.Main(m)) }

// network is what is tested, on whatever backend.
var network netconn.Network

// run runs a test on the parallel backend, where calls block their goroutine, and
// on the event loop, whose tasks have them made elsewhere.
func run(t *testing.T, f func(t *testing.T, ctx context.Context)) {
	t.Helper()
	anyiotest.Run(t, f, anyiotest.Skip("sim", "calls to the world outside are not among the waits that a simulation can see; TestRealConnectionsInASimulation has what holds there"))
}

var loopback = kernel.Addr{IP: netip.MustParseAddrPort("127.0.0.1:0")}

func listenTCP(t *testing.T, ctx context.Context) kernel.StreamListener {
	t.Helper()
	l, err := network.ListenStream(ctx, kernel.SocketOptions{Network: "tcp4", Local: loopback})
	testkit.Must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// tcpPair makes two connected streams.
func tcpPair(t *testing.T, ctx context.Context) (client, server kernel.StreamConn) {
	t.Helper()
	l := listenTCP(t, ctx)
	client, err := network.DialStream(ctx, kernel.SocketOptions{Network: "tcp4", Remote: l.LocalAddr()})
	testkit.Must(t, err)
	t.Cleanup(func() { _ = client.Close() })
	server, err = l.Accept(ctx)
	testkit.Must(t, err)
	t.Cleanup(func() { _ = server.Close() })
	testkit.Must(t, l.Close())
	return client, server
}

// canceledWhileBlocked runs call and cancels it once it waits and what is to come
// before has been done.
func canceledWhileBlocked(t *testing.T, ctx context.Context, call func(ctx context.Context) error, before ...func(ctx context.Context)) {
	t.Helper()
	var got error
	testkit.Must(t, anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		h := tg.Go(func(ctx context.Context) error {
			got = call(ctx)
			return got
		})
		if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
			return err
		}
		for _, f := range before {
			f(ctx)
		}
		h.Cancel("test")
		return nil
	}))
	if !errors.Is(got, anyio.ErrCanceled) {
		t.Errorf("got %v, want a cancellation", got)
	}
}

// wokenByClose runs call, closes once it waits, and checks the error.
func wokenByClose(t *testing.T, ctx context.Context, closer io.Closer, call func(ctx context.Context) error) {
	t.Helper()
	testkit.Must(t, anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(func(ctx context.Context) error {
			if err := call(ctx); !errors.Is(err, net.ErrClosed) {
				t.Errorf("got %v, want net.ErrClosed", err)
			}
			return nil
		})
		if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
			return err
		}
		return closer.Close()
	}))
}

// readAll reads exactly len(want) bytes.
func readAll(t *testing.T, ctx context.Context, c kernel.StreamConn, want string) {
	t.Helper()
	buf, n := make([]byte, len(want)), 0
	for n < len(buf) {
		k, err := c.Read(ctx, buf[n:])
		testkit.Must(t, err)
		n += k
	}
	if string(buf) != want {
		t.Errorf("read %q, want %q", buf, want)
	}
}

func send(t *testing.T, ctx context.Context, c kernel.StreamConn, data string) {
	t.Helper()
	n, err := c.Write(ctx, []byte(data))
	testkit.Must(t, err)
	if n != len(data) {
		t.Errorf("wrote %d bytes, want %d", n, len(data))
	}
}
