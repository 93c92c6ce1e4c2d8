package netconn_test

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
)

func openUDP(t *testing.T, ctx context.Context, remote kernel.Addr) kernel.PacketConn {
	t.Helper()
	c, err := network.OpenPacket(ctx, kernel.SocketOptions{Network: "udp4", Local: loopback, Remote: remote})
	testkit.Must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestDatagrams(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		server := openUDP(t, ctx, kernel.Addr{})
		client := openUDP(t, ctx, server.LocalAddr())
		if client.RemoteAddr() != server.LocalAddr() || server.RemoteAddr() != (kernel.Addr{}) {
			t.Errorf("remote addresses %v and %v", client.RemoteAddr(), server.RemoteAddr())
		}
		testkit.Must(t, client.WriteTo(ctx, []byte("question"), kernel.Addr{}))
		buf := make([]byte, 4)
		n, from, err := server.ReadFrom(ctx, buf)
		testkit.Must(t, err)
		if string(buf[:n]) != "ques" || from != client.LocalAddr() {
			t.Errorf("read %q from %v, want the begin of the datagram from %v", buf[:n], from, client.LocalAddr())
		}
		testkit.Must(t, server.WriteTo(ctx, []byte("yes"), from))
		n, from, err = client.ReadFrom(ctx, buf)
		testkit.Must(t, err)
		if string(buf[:n]) != "yes" || from != (kernel.Addr{}) {
			t.Errorf("read %q from %v", buf[:n], from)
		}
	})
}

func TestCanceledReadFromLosesNothing(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		server := openUDP(t, ctx, kernel.Addr{})
		client := openUDP(t, ctx, server.LocalAddr())
		for range 3 {
			canceledWhileBlocked(t, ctx, func(ctx context.Context) error {
				_, _, err := server.ReadFrom(ctx, make([]byte, 8))
				return err
			})
			testkit.Must(t, client.WriteTo(ctx, []byte("hello"), kernel.Addr{}))
			buf := make([]byte, 8)
			n, _, err := server.ReadFrom(ctx, buf)
			if err != nil || string(buf[:n]) != "hello" {
				t.Errorf("read %q, %v", buf[:n], err)
			}
		}
		wokenByClose(t, ctx, server, func(ctx context.Context) error {
			_, _, err := server.ReadFrom(ctx, make([]byte, 8))
			return err
		})
		if err := server.WriteTo(ctx, []byte("x"), client.LocalAddr()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("write after Close: %v", err)
		}
	})
}

// What package net does not allocate, we do not either.
func TestCallsAllocateNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("pools drop what is in them at random under -race")
	}
	testkit.Must(t, anyio.Run(context.Background(), func(ctx context.Context) error {
		a, b := tcpPair(t, ctx)
		server := openUDP(t, ctx, kernel.Addr{})
		client := openUDP(t, ctx, server.LocalAddr())
		to := client.LocalAddr()
		buf := make([]byte, 64)
		calls := map[string]func(ctx context.Context){
			"TCP": func(ctx context.Context) {
				_, err := a.Write(ctx, buf)
				testkit.Must(t, err)
				_, err = b.Read(ctx, buf)
				testkit.Must(t, err)
			},
			"UDP": func(ctx context.Context) {
				testkit.Must(t, client.WriteTo(ctx, buf, kernel.Addr{}))
				_, _, err := server.ReadFrom(ctx, buf)
				testkit.Must(t, err)
				testkit.Must(t, server.WriteTo(ctx, buf, to))
				_, _, err = client.ReadFrom(ctx, buf)
				testkit.Must(t, err)
			},
		}
		for name, call := range calls {
			for place, ctx := range map[string]context.Context{"task": ctx, "no task": context.Background()} {
				if n := testing.AllocsPerRun(200, func() { call(ctx) }); n != 0 {
					t.Errorf("%s, %s: %v allocations", name, place, n)
				}
			}
		}
		return nil
	}))
}
