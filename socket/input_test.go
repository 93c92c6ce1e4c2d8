package socket_test

import (
	"context"
	"strings"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
)

func TestBadInputGivesClearErrors(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dial := func(host string, port int, d socket.Dialer) func() error {
			return func() error { _, err := d.DialTCP(ctx, host, port); return err }
		}
		listen := func(port int, c socket.ListenConfig) func() error {
			return func() error { _, err := c.ListenTCP(ctx, "", port); return err }
		}
		for _, c := range []struct {
			name, text string
			call       func() error
		}{
			{"port 0", "the TCP port 0 is out of range: it must be between 1 and 65535", dial("127.0.0.1", 0, socket.Dialer{})},
			{"port too high", "the TCP port 65536 is out of range", dial("127.0.0.1", 65536, socket.Dialer{})},
			{"local port", "the local port -1 is out of range: it must be between 0 and 65535", listen(-1, socket.ListenConfig{})},
			{"wrong family", "expected an address of the family AF_INET6", dial("127.0.0.1", 80, socket.Dialer{Family: socket.IPv6})},
			{"UNIX family", "expected IPv4 or IPv6", listen(0, socket.ListenConfig{Family: socket.Unix})},
			{"local port of a dialer", "the local port -1 is out of range", dial("127.0.0.1", 80, socket.Dialer{LocalPort: -1})},
			{"negative limit", "MaxConnections cannot be negative", listen(0, socket.ListenConfig{MaxConnections: -1})},
			{"negative backlog", "the backlog cannot be negative", listen(0, socket.ListenConfig{Backlog: -1})},
			{"host name", "invalid host name", dial("xn--\u00e4\u200d.example", 80, socket.Dialer{})},
			{"empty path", "the path of a UNIX socket is empty", func() error { _, err := socket.DialUnix(ctx, ""); return err }},
			{"path too long", "has 300 bytes, at most", func() error { _, err := socket.ListenUnix(ctx, strings.Repeat("p", 300)); return err }},
			{"NUL in a path", "has a NUL in it", func() error { _, err := socket.DialUnix(ctx, "a\x00b"); return err }},
			{"mode", "bits that are not permissions", func() error { _, err := socket.ListenConfig{Mode: 1 << 31}.ListenUnix(ctx, "p"); return err }},
			{"mode without path", "a Mode needs a path to bind to", func() error { _, err := socket.ListenConfig{Mode: 0o600}.ListenUnixgram(ctx, ""); return err }},
			{"network", "unknown network sctp", func() error { _, err := socket.Dial(ctx, "sctp", "a:1"); return err }},
			{"network to listen on", "unknown network udp", func() error { _, err := socket.Listen(ctx, "udp", "a:1"); return err }},
			{"address", "missing port", func() error { _, err := socket.Dial(ctx, "tcp", "localhost"); return err }},
			{"port in address", "the port is out of range", func() error { _, err := socket.Listen(ctx, "tcp", "localhost:70000"); return err }},
			{"UDP port", "the UDP port 70000 is out of range", func() error { _, err := socket.DialUDP(ctx, "::1", 70000); return err }},
		} {
			if err := c.call(); err == nil || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%s: the error is %v, want %q", c.name, err, c.text)
			}
		}
	})
}

func TestDialAndListenTakeAddressesOfPackageNet(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, c := range [][2]string{{"tcp", "127.0.0.1:0"}, {"tcp6", "[::1]:0"}, {"tcp4", ":0"}, {"unix", unixPath(t)}} {
			l, err := socket.ListenConfig{Backlog: 5}.Listen(ctx, c[0], c[1])
			testkit.Must(t, err)
			s, err := socket.Dial(ctx, c[0], l.Addr().String())
			testkit.Must(t, err)
			peer, err := l.Accept(ctx)
			testkit.Must(t, err)
			testkit.Must(t, s.Send(ctx, []byte("hi")))
			want(t, ctx, peer, "hi")
			testkit.Must(t, s.Close(ctx))
			testkit.Must(t, peer.Close(ctx))
			testkit.Must(t, l.Close(ctx))
		}
	})
}
