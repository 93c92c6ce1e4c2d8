package socket_test

import (
	"context"
	"net"
	"net/netip"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

func TestConnectablesConnect(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := tcpListener(t, ctx, "127.0.0.1")
		path := unixPath(t)
		u, err := socket.ListenUnix(ctx, path)
		testkit.Must(t, err)
		closing(t, ctx, u)
		addr := l.Addr().(*net.TCPAddr)
		for _, remote := range []any{addr, addr.AddrPort(), addr.String(), path, u.Addr(), socket.NewUnixConnectable(path)} {
			c, err := socket.AsConnectable(remote)
			testkit.Must(t, err)
			s, err := c.Connect(ctx)
			testkit.Must(t, err)
			testkit.Must(t, s.Close(ctx))
		}
	})
}

func TestConnectablesTellWhatTheyCouldNotReach(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := tcpListener(t, ctx, "127.0.0.1")
		testkit.Must(t, l.Close(ctx))
		c, err := socket.NewTCPConnectable("127.0.0.1", l.Port())
		testkit.Must(t, err)
		_, err = c.Connect(ctx)
		testkit.WantErr(t, err, stream.ErrConnect)
		testkit.WantErr(t, err, syscall.ECONNREFUSED)
		path := unixPath(t)
		_, err = socket.NewUnixConnectable(path).Connect(ctx)
		testkit.WantErr(t, err, stream.ErrConnect)
		testkit.WantErr(t, err, syscall.ENOENT)
		canceled(t, ctx, "Connect", func(ctx context.Context) error { _, err := c.Connect(ctx); return err })
	})
}

func TestAsConnectableKeepsConnectablesAndRefusesTheRest(t *testing.T) {
	tcp, err := socket.NewTCPConnectable("example.org", 443)
	testkit.Must(t, err)
	if c, err := socket.AsConnectable(tcp); err != nil || c != tcp {
		t.Errorf("a connectable became %v, %v", c, err)
	}
	c, err := socket.AsConnectable("example.org:443")
	testkit.Must(t, err)
	if got := c.(*socket.TCPConnectable); got.Host() != "example.org" || got.Port() != 443 {
		t.Errorf("host:port became %s, %d", got.Host(), got.Port())
	}
	for remote, text := range map[any]string{
		12:                    "cannot convert int to a connectable",
		"example.org":         "missing port",
		"example.org:https":   "the port is not a number",
		"example.org:0":       "the TCP port 0 is out of range",
		netip.AddrPort{}:      "the TCP port 0 is out of range",
		(*socket.Stream)(nil): "cannot convert *socket.Stream",
	} {
		_, err := socket.AsConnectable(remote)
		testkit.WantMisuseText(t, err, text)
	}
	_, err = socket.NewTCPConnectable("example.org", 65536)
	testkit.WantMisuseText(t, err, "the TCP port 65536 is out of range")
}
