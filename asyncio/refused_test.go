package asyncio_test

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"testing"
	"time"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/socket"
)

func TestHandshakeTimeoutWithoutTLSIsRefused(t *testing.T) {
	path := newPath(t)
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		_, _, err := l.CreateConnection(ctx, newEcho, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: 1, HandshakeTimeout: time.Second})
		if !isMisuse(err) {
			t.Errorf("connection: %v", err)
		}
		if _, err = l.CreateServer(ctx, newEcho, asyncio.ServerOptions{HandshakeTimeout: time.Second}); !isMisuse(err) {
			t.Errorf("server: %v", err)
		}
		if _, err = l.CreateUnixServer(ctx, newEcho, asyncio.UnixServerOptions{Path: path, HandshakeTimeout: time.Second}); !isMisuse(err) {
			t.Errorf("UNIX server: %v", err)
		}
	})
}

func TestServerNameIsTheHostUnlessItIsSaid(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		names := make(chan string, 3)
		var accepted *logger
		server, client := configs()
		server = server.Clone()
		server.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
			names <- h.ServerName
			return nil, nil
		}
		s := must[*asyncio.Server](t)(l.CreateServer(ctx, func() asyncio.BaseProtocol {
			accepted = newLogger(t, ctx)
			return accepted
		}, asyncio.ServerOptions{Hosts: []string{"127.0.0.1"}, TLS: server}))
		defer s.Close()
		connect := func(o asyncio.ConnectionOptions) {
			t.Helper()
			p := newLogger(t, ctx)
			tr, _, err := l.CreateConnection(ctx, p.factory, o)
			if err != nil {
				t.Fatal(err)
			}
			tr.Close()
			p.wantLost(ctx, nil)
			accepted.wantLost(ctx, nil)
		}
		unnamed := &tls.Config{InsecureSkipVerify: true}
		plain := func() *socket.Stream { return must[*socket.Stream](t)(socket.DialTCP(ctx, "127.0.0.1", portOf(s))) }
		connect(asyncio.ConnectionOptions{Host: "localhost", Port: portOf(s), Family: socket.IPv4, TLS: unnamed})
		connect(asyncio.ConnectionOptions{Socket: plain(), TLS: client})
		connect(asyncio.ConnectionOptions{Socket: plain(), TLS: unnamed})
		for _, want := range []string{"localhost", "test", ""} {
			if got := <-names; got != want {
				t.Errorf("the server was asked for %q, not %q", got, want)
			}
		}
		listener := must[*socket.TCPListener](t)(socket.ListenTCP(ctx, "127.0.0.1", 0))
		defer listener.Close(ctx)
		rest := must[*socket.Stream](t)(socket.DialTCP(ctx, "127.0.0.1", listener.Port()))
		defer rest.Close(ctx)
		if _, _, err := l.CreateConnection(ctx, newEcho, asyncio.ConnectionOptions{Socket: rest, TLS: &tls.Config{}}); !isMisuse(err) {
			t.Errorf("nobody knows the server's name: %v", err)
		}
		send(t, ctx, rest, "x") // it is the caller's still
	})
}

func TestSocketsOfWrongKindsAreRefused(t *testing.T) {
	path := socketPath(t)
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		listener := must[*socket.TCPListener](t)(socket.ListenTCP(ctx, "127.0.0.1", 0))
		defer listener.Close(ctx)
		stream := must[*socket.Stream](t)(socket.DialTCP(ctx, "127.0.0.1", listener.Port()))
		defer stream.Close(ctx)
		gram := must[*socket.UDPSocket](t)(socket.ListenUDP(ctx, "127.0.0.1", 0))
		defer gram.Close(ctx)
		refused := func(what string, err error) {
			t.Helper()
			if !isMisuse(err) {
				t.Errorf("%s: %v", what, err)
			}
		}
		_, _, err := l.CreateUnixConnection(ctx, newEcho, asyncio.UnixConnectionOptions{Socket: stream})
		refused("a UNIX connection of a TCP socket", err)
		_, _, err = l.CreateUnixConnection(ctx, newEcho, asyncio.UnixConnectionOptions{Socket: stream, Path: path})
		refused("a UNIX connection of a socket and a path", err)
		_, _, err = l.CreateUnixConnection(ctx, newEcho, asyncio.UnixConnectionOptions{})
		refused("a UNIX connection to nobody", err)
		_, _, err = l.CreateUnixConnection(ctx, newEcho, asyncio.UnixConnectionOptions{Path: path, TLS: &tls.Config{}})
		refused("a UNIX connection with TLS to nobody knows whom", err)
		_, err = l.CreateUnixServer(ctx, newEcho, asyncio.UnixServerOptions{Socket: listener})
		refused("a UNIX server of a TCP socket", err)
		_, err = l.CreateUnixServer(ctx, newEcho, asyncio.UnixServerOptions{Socket: listener, Path: path})
		refused("a UNIX server of a socket and a path", err)
		_, _, err = l.CreateConnection(ctx, newEcho, asyncio.ConnectionOptions{Socket: gram})
		refused("a connection of a socket of datagrams", err)
		_, err = l.CreateServer(ctx, newEcho, asyncio.ServerOptions{Socket: gram})
		refused("a server of a socket of datagrams", err)
		_, err = l.CreateServer(ctx, newEcho, asyncio.ServerOptions{Socket: stream})
		refused("a server of a connection", err)
		_, _, err = l.CreateDatagramEndpoint(ctx, newDatagrams, asyncio.DatagramOptions{Socket: listener})
		refused("an endpoint of a listening socket", err)
		send(t, ctx, stream, "x") // what was refused is the caller's still
		must[*socket.Stream](t)(listener.Accept(ctx)).Close(ctx)
		if err := gram.SendTo(ctx, []byte("x"), gram.LocalAddr().(*net.UDPAddr).AddrPort()); err != nil {
			t.Error(err)
		}
		must[socket.Packet](t)(gram.Receive(ctx))
	})
}

func newDatagrams() asyncio.DatagramProtocol { return &gram{} }

func TestDatagramEndpointsAreChecked(t *testing.T) {
	path := newPath(t)
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		taken, _, err := l.CreateDatagramEndpoint(ctx, newDatagrams, asyncio.DatagramOptions{LocalHost: "127.0.0.1"})
		if err != nil {
			t.Fatal(err)
		}
		defer taken.Abort()
		port := taken.ExtraInfo("sockname").(*net.UDPAddr).Port
		for what, o := range map[string]asyncio.DatagramOptions{
			"a host without addresses":        {RemoteHost: "no such host.invalid", RemotePort: 1},
			"a local host without addresses":  {LocalHost: "no such host.invalid"},
			"an address in use":               {LocalHost: "127.0.0.1", LocalPort: port},
			"an address of a wrong family":    {LocalHost: "127.0.0.1", Family: socket.IPv6},
			"a peer of another family":        {LocalHost: "::1", RemoteHost: "127.0.0.1", RemotePort: port},
			"a UNIX socket that is not there": {RemotePath: path + "none"},
			"a UNIX socket and a host":        {LocalPath: path + "new", LocalHost: "127.0.0.1"},
			"a UNIX peer and a host":          {RemotePath: path + "new", RemoteHost: "127.0.0.1"},
		} {
			if tr, _, err := l.CreateDatagramEndpoint(ctx, newDatagrams, o); err == nil {
				t.Errorf("%s was taken", what)
				tr.Abort()
			}
		}
	})
}

func TestDatagramEndpointLeavesAFileAlone(t *testing.T) {
	path := newPath(t)
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		if _, _, err := loopOf(t, ctx).CreateDatagramEndpoint(ctx, newDatagrams, asyncio.DatagramOptions{LocalPath: path}); err == nil {
			t.Error("a file was taken for a socket")
		}
		if data, err := os.ReadFile(path); string(data) != "precious" {
			t.Errorf("%q %v", data, err)
		}
	}, anyiotest.Only("eventloop"))
}
