package socket_test

import (
	"context"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

func addrOf(t *testing.T, s interface {
	attr.Provider
}) netip.AddrPort {
	t.Helper()
	a, err := attr.Get(s, socket.AttrLocalAddr)
	testkit.Must(t, err)
	return netip.MustParseAddrPort(a.String())
}

func TestUDPSendsAndReceivesPackets(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1"} {
		t.Run(host, func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				a, err := socket.ListenUDP(ctx, host, 0)
				testkit.Must(t, err)
				closing(t, ctx, a)
				b, err := socket.ListenUDP(ctx, host, 0)
				testkit.Must(t, err)
				closing(t, ctx, b)
				testkit.Must(t, a.SendTo(ctx, []byte("hello"), addrOf(t, b)))
				p, err := b.Receive(ctx)
				testkit.Must(t, err)
				if string(p.Data) != "hello" || p.Addr != addrOf(t, a) {
					t.Errorf("received %q from %v, want %v", p.Data, p.Addr, addrOf(t, a))
				}
				testkit.Must(t, b.Send(ctx, socket.Packet{Data: []byte("a long answer"), Addr: p.Addr}))
				buf := make([]byte, 6)
				n, from, err := a.ReceiveFrom(ctx, buf)
				testkit.Must(t, err)
				if string(buf[:n]) != "a long" || from != addrOf(t, b) {
					t.Errorf("received %q from %v", buf[:n], from)
				}
				_, err = attr.Get(a, socket.AttrRemoteAddr)
				testkit.WantErr(t, err, attr.ErrNotFound)
				testkit.WantMisuseText(t, a.SendTo(ctx, nil, netip.AddrPort{}), "not valid")
			})
		})
	}
}

func TestUDPLocalPortCountsWithoutLocalHost(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		port := anyiotest.FreeUDPPort(t)
		for range 2 { // Close has released the port
			s, err := socket.ListenConfig{Family: socket.IPv4}.ListenUDP(ctx, "", port)
			testkit.Must(t, err)
			if got, _ := attr.Get(s, socket.AttrLocalPort); got != port {
				t.Errorf("the port is %d, want %d", got, port)
			}
			_, err = socket.ListenConfig{Family: socket.IPv4}.ListenUDP(ctx, "", port)
			testkit.WantErr(t, err, syscall.EADDRINUSE)
			testkit.Must(t, s.Close(ctx))
		}
		_, err := socket.ListenUDP(ctx, "", port)
		testkit.WantMisuseText(t, err, "without a host the Family must be given")
	})
}

func TestDatagramSocketsAreBusyAndClosed(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		s, err := socket.ListenUDP(ctx, "127.0.0.1", 0)
		testkit.Must(t, err)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				_, err := s.Receive(ctx)
				testkit.WantErr(t, err, anyio.ErrClosed)
				return nil
			})
			idle(t, ctx)
			_, err := s.Receive(ctx)
			wantBusy(t, err, "reading from")
			_, _, err = s.ReceiveFrom(ctx, make([]byte, 1))
			wantBusy(t, err, "reading from")
			_, _, err = s.ReceiveFrom(ctx, nil)
			testkit.WantMisuseText(t, err, "room for at least one byte")
			testkit.Must(t, s.Close(ctx))
			testkit.Must(t, s.Close(ctx))
		})
		_, err = s.Receive(ctx)
		testkit.WantErr(t, err, anyio.ErrClosed)
		testkit.WantErr(t, s.SendTo(ctx, []byte("x"), netip.MustParseAddrPort("127.0.0.1:9")), anyio.ErrClosed)
		canceled(t, ctx, "Receive", func(ctx context.Context) error { _, err := s.Receive(ctx); return err })
	})
}

func TestConnectedUDPHearsOnlyItsPeer(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		server, err := socket.ListenUDP(ctx, "127.0.0.1", 0)
		testkit.Must(t, err)
		closing(t, ctx, server)
		stranger, err := socket.ListenUDP(ctx, "127.0.0.1", 0)
		testkit.Must(t, err)
		closing(t, ctx, stranger)
		c, err := socket.Dialer{LocalHost: "127.0.0.1"}.DialUDP(ctx, "localhost", int(addrOf(t, server).Port()))
		testkit.Must(t, err)
		closing(t, ctx, c)
		testkit.Must(t, c.Send(ctx, []byte("ping")))
		p, err := server.Receive(ctx)
		testkit.Must(t, err)
		testkit.Must(t, stranger.SendTo(ctx, []byte("noise"), p.Addr))
		testkit.Must(t, server.SendTo(ctx, []byte("pong"), p.Addr))
		data, err := c.Receive(ctx)
		testkit.Must(t, err)
		if string(data) != "pong" {
			t.Errorf("received %q", data)
		}
		testkit.Must(t, server.SendTo(ctx, []byte("again"), p.Addr))
		buf := make([]byte, 100)
		n, err := c.ReceiveInto(ctx, buf)
		testkit.Must(t, err)
		if string(buf[:n]) != "again" {
			t.Errorf("received %q", buf[:n])
		}
		port, err := attr.Get(c, socket.AttrRemotePort)
		testkit.Must(t, err)
		if port != int(addrOf(t, server).Port()) {
			t.Errorf("the remote port is %d", port)
		}
	})
}

func TestUnixDatagramsHaveSenders(t *testing.T) {
	testkit.NeedUnixgram(t)
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		serverPath, clientPath := unixPath(t), unixPath(t)
		server, err := socket.ListenConfig{Mode: 0o600}.ListenUnixgram(ctx, serverPath)
		testkit.Must(t, err)
		closing(t, ctx, server)
		client, err := socket.Dialer{LocalPath: clientPath}.DialUnixgram(ctx, serverPath)
		testkit.Must(t, err)
		closing(t, ctx, client)
		testkit.Must(t, client.Send(ctx, []byte("ping")))
		p, err := server.Receive(ctx)
		testkit.Must(t, err)
		if string(p.Data) != "ping" || p.Path != clientPath {
			t.Errorf("received %q from %q", p.Data, p.Path)
		}
		testkit.Must(t, server.Send(ctx, socket.UnixPacket{Data: []byte("pong"), Path: p.Path}))
		data, err := client.Receive(ctx)
		testkit.Must(t, err)
		if string(data) != "pong" {
			t.Errorf("received %q", data)
		}
		testkit.Must(t, server.Send(ctx, socket.UnixPacket{Data: []byte("again"), Path: p.Path}))
		buf := make([]byte, 100)
		n, err := client.ReceiveInto(ctx, buf)
		testkit.Must(t, err)
		if string(buf[:n]) != "again" {
			t.Errorf("received %q", buf[:n])
		}
		unbound, err := socket.ListenUnixgram(ctx, "")
		testkit.Must(t, err)
		closing(t, ctx, unbound)
		testkit.Must(t, unbound.SendTo(ctx, []byte("anonymous"), serverPath))
		n, from, err := server.ReceiveFrom(ctx, buf)
		testkit.Must(t, err)
		if string(buf[:n]) != "anonymous" || from != "" {
			t.Errorf("received %q from %q", buf[:n], from)
		}
		if err := unbound.SendTo(ctx, nil, strings.Repeat("x", 200)); err == nil || !strings.Contains(err.Error(), "has 200 bytes") {
			t.Errorf("path too long: %v", err)
		}
		testkit.Must(t, server.Close(ctx))
		again, err := socket.ListenUnixgram(ctx, serverPath) // the old socket is removed
		testkit.Must(t, err)
		testkit.Must(t, again.Close(ctx))
	})
}

func TestPacketsAreRangedOverUntilTheSocketIsClosed(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, err := socket.ListenUDP(ctx, "127.0.0.1", 0)
		testkit.Must(t, err)
		closing(t, ctx, a)
		b, err := socket.ListenUDP(ctx, "127.0.0.1", 0)
		testkit.Must(t, err)
		for range 3 {
			testkit.Must(t, a.SendTo(ctx, []byte("hello"), addrOf(t, b)))
		}
		got := 0
		for p, err := range stream.All(ctx, b) {
			if err != nil {
				testkit.WantErr(t, err, anyio.ErrClosed)
				break
			}
			if string(p.Data) != "hello" || p.Addr != addrOf(t, a) {
				t.Errorf("%q from %v", p.Data, p.Addr)
			}
			if got++; got == 3 {
				testkit.Must(t, b.Close(ctx))
			}
		}
		if got != 3 {
			t.Errorf("%d packets", got)
		}
	})
}
