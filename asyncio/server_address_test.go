package asyncio_test

import (
	"context"
	"net"
	"testing"

	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/socket"
)

func TestServerOnOnePortOfBothFamilies(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		first := must[*asyncio.Server](t)(l.CreateServer(ctx, newEcho, asyncio.ServerOptions{Hosts: []string{"::1"}}))
		defer first.Close()
		both := asyncio.ServerOptions{Hosts: []string{"127.0.0.1", "::1"}, Port: portOf(first)}
		if _, err := l.CreateServer(ctx, newEcho, both); err == nil {
			t.Fatal("an address in use was bound")
		}
		// The socket that could be bound is closed: its address is free.
		second := must[*asyncio.Server](t)(l.CreateServer(ctx, newEcho, asyncio.ServerOptions{Hosts: []string{"127.0.0.1"}, Port: both.Port}))
		first.Close()
		second.Close()

		s := must[*asyncio.Server](t)(l.CreateServer(ctx, newEcho, both))
		defer s.Close()
		if n := len(s.Sockets()); n != 2 {
			t.Errorf("%d sockets", n)
		}
		for _, host := range both.Hosts {
			p := newLogger(t, ctx)
			tr, _, err := l.CreateConnection(ctx, p.factory, asyncio.ConnectionOptions{Host: host, Port: both.Port})
			if err != nil {
				t.Fatal(err)
			}
			talk(t, ctx, tr, p)
		}
	})
}

func TestServerOnIPv6(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		s := must[*asyncio.Server](t)(l.CreateServer(ctx, newEcho, asyncio.ServerOptions{Hosts: []string{"::1"}, Family: socket.IPv6}))
		defer s.Close()
		p := newLogger(t, ctx)
		tr, _, err := l.CreateConnection(ctx, p.factory, asyncio.ConnectionOptions{Host: "::1", Port: portOf(s)})
		if err != nil {
			t.Fatal(err)
		}
		talk(t, ctx, tr, p)
		for what, o := range map[string]asyncio.ServerOptions{
			"IPv4 on an address of IPv6": {Hosts: []string{"::1"}, Family: socket.IPv4},
			"IPv6 on an address of IPv4": {Hosts: []string{"127.0.0.1"}, Family: socket.IPv6},
			"an address of nobody here":  {Hosts: []string{"2001:db8::1"}},
		} {
			if s, err := l.CreateServer(ctx, newEcho, o); err == nil {
				t.Errorf("a server of %s", what)
				s.Close()
			}
		}
	})
}

func TestUDPPortIsSharedIfItIsSaid(t *testing.T) {
	needSharedPorts(t)
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		first := must[*socket.UDPSocket](t)(socket.ListenConfig{ReusePort: true}.ListenUDP(ctx, "127.0.0.1", 0))
		defer first.Close(ctx)
		o := asyncio.DatagramOptions{LocalHost: "127.0.0.1", LocalPort: first.LocalAddr().(*net.UDPAddr).Port, ReusePort: true}
		tr, _, err := l.CreateDatagramEndpoint(ctx, newDatagrams, o)
		if err != nil {
			t.Fatal(err)
		}
		defer tr.Abort()
		o.ReusePort = false
		if tr, _, err := l.CreateDatagramEndpoint(ctx, newDatagrams, o); err == nil {
			t.Error("an address in use was bound")
			tr.Abort()
		}
	})
}
