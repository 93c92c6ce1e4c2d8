package asyncio_test

import (
	"context"
	"net"
	"os"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/socket"
)

// talk sends something by a transport to a server that echoes, and waits for it.
func talk(t *testing.T, ctx context.Context, tr asyncio.Transport, p *logger) {
	t.Helper()
	_, _ = tr.Write([]byte("ping"))
	until(t, ctx, func() bool { return p.got.String() == "ping" })
	tr.Close()
	p.wantLost(ctx, nil)
	p.wantLog("made data lost")
}

func TestCreateUnixConnectionAndServer(t *testing.T) {
	path := socketPath(t)
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		for range 2 { // the socket of a server that is closed is no obstacle
			s := must[*asyncio.Server](t)(l.CreateUnixServer(ctx, newEcho, asyncio.UnixServerOptions{Path: path}))
			p := newLogger(t, ctx)
			tr, got, err := l.CreateUnixConnection(ctx, p.factory, asyncio.UnixConnectionOptions{Path: path})
			if err != nil || got != asyncio.BaseProtocol(p) {
				t.Fatal(got, err)
			}
			if name := tr.ExtraInfo("peername").(net.Addr); name.String() != path {
				t.Errorf("peername %v", name)
			}
			talk(t, ctx, tr, p)
			s.Close()
		}
		if _, _, err := l.CreateUnixConnection(ctx, newEcho, asyncio.UnixConnectionOptions{Path: path + "none"}); err == nil {
			t.Error("connected to nothing")
		}
	})
}

func TestFileInPlaceOfASocketIsLeftAlone(t *testing.T) {
	path := socketPath(t)
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		if _, err := loopOf(t, ctx).CreateUnixServer(ctx, newEcho, asyncio.UnixServerOptions{Path: path}); err == nil {
			t.Error("a file was taken for a socket")
		}
		if data, err := os.ReadFile(path); string(data) != "precious" {
			t.Errorf("%q %v", data, err)
		}
	}, anyiotest.Only("eventloop"))
}

func TestConnectionComesFromTheLocalAddress(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		s := must[*asyncio.Server](t)(l.CreateServer(ctx, newEcho, onLoopback))
		defer s.Close()
		p := newLogger(t, ctx)
		tr, _, err := l.CreateConnection(ctx, p.factory, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s), LocalHost: "127.0.0.1"})
		if err != nil {
			t.Fatal(err)
		}
		if own := tr.ExtraInfo("sockname").(*net.TCPAddr); own.IP.String() != "127.0.0.1" {
			t.Errorf("sockname %v", own)
		}
		talk(t, ctx, tr, p)
		for what, o := range map[string]asyncio.ConnectionOptions{
			"of another family": {LocalHost: "::1"},
			"in use":            {LocalHost: "127.0.0.1", LocalPort: portOf(s)},
		} {
			o.Host, o.Port = "127.0.0.1", portOf(s)
			if tr, _, err := l.CreateConnection(ctx, newEcho, o); err == nil {
				t.Errorf("a local address %s was taken", what)
				tr.Abort()
			}
		}
	})
}

func TestPortIsSharedIfItIsSaid(t *testing.T) {
	needSharedPorts(t)
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		o := onLoopback
		o.ReusePort = true
		first := must[*asyncio.Server](t)(l.CreateServer(ctx, newEcho, o))
		defer first.Close()
		o.Port = portOf(first)
		second := must[*asyncio.Server](t)(l.CreateServer(ctx, newEcho, o))
		defer second.Close()
		if portOf(second) != portOf(first) {
			t.Error("another port")
		}
		o.ReusePort = false
		if s, err := l.CreateServer(ctx, newEcho, o); err == nil {
			t.Error("an address in use was bound")
			s.Close()
		}
	})
}

func TestServerOnAllInterfaces(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		s := must[*asyncio.Server](t)(l.CreateServer(ctx, newEcho, asyncio.ServerOptions{}))
		defer s.Close()
		for _, host := range []string{"127.0.0.1", "::1"} {
			p := newLogger(t, ctx)
			tr, _, err := l.CreateConnection(ctx, p.factory, asyncio.ConnectionOptions{Host: host, Port: portOf(s)})
			if err != nil {
				t.Errorf("%s: %v", host, err)
				continue
			}
			talk(t, ctx, tr, p)
		}
	})
}

func TestConnectionOfASocket(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		s := must[*asyncio.Server](t)(l.CreateServer(ctx, newEcho, onLoopback))
		defer s.Close()
		connected := must[*socket.Stream](t)(socket.DialTCP(ctx, "127.0.0.1", portOf(s)))
		p := newLogger(t, ctx)
		tr, _, err := l.CreateConnection(ctx, p.factory, asyncio.ConnectionOptions{Socket: connected})
		if err != nil {
			t.Fatal(err)
		}
		talk(t, ctx, tr, p)
		if _, _, err := l.CreateConnection(ctx, newEcho, asyncio.ConnectionOptions{Host: "no such host.invalid", Port: 1}); err == nil {
			t.Error("connected to a host without addresses")
		}
		if _, err := l.CreateServer(ctx, newEcho, asyncio.ServerOptions{Hosts: []string{"no such host.invalid"}}); err == nil {
			t.Error("a server of a host without addresses")
		}
	})
}
