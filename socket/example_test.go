package socket_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

// A server and a client, in a simulated network: with another backend the same
// code uses the sockets of the system.
func Example() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		l, err := socket.ListenTCP(ctx, "localhost", 7)
		if err != nil {
			return err
		}
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				err := l.Serve(ctx, tg, func(ctx context.Context, conn *socket.Stream) error {
					defer conn.Close(ctx)
					buf := make([]byte, 1024)
					n, err := conn.Receive(ctx, buf)
					if err != nil {
						return err
					}
					return conn.Send(ctx, buf[:n])
				})
				if errors.Is(err, anyio.ErrClosed) {
					return nil
				}
				return err
			})
			conn, err := socket.DialTCP(ctx, "localhost", 7)
			if err != nil {
				return err
			}
			defer conn.Close(ctx)
			if err := conn.Send(ctx, []byte("hello")); err != nil {
				return err
			}
			buf := make([]byte, 1024)
			n, err := conn.Receive(ctx, buf)
			fmt.Printf("%s from %v\n", buf[:n], conn.RemoteAddr())
			return errors.Join(err, l.Close(ctx))
		})
	}, anyio.On(sim.New(sim.Config{Seed: 1})))
	fmt.Println(err)
	// Output:
	// hello from [::1]:7
	// <nil>
}

// A host whose IPv6 address does not answer costs the attempt delay, no more.
func ExampleDialTCP() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		n := sim.NetworkOf(ctx)
		if err := n.AddHost("hole", sim.HostConfig{}); err != nil {
			return err
		}
		n.Isolate("hole") // nothing comes back from there
		n.DNS("example.org", sim.DNSAnswer{Addrs: []netip.Addr{n.Addrs("hole")[1], netip.MustParseAddr("127.0.0.1")}})
		l, err := socket.ListenTCP(ctx, "", 80)
		if err != nil {
			return err
		}
		defer l.Close(ctx)
		begin := anyio.Now(ctx)
		conn, err := socket.Dialer{AttemptDelay: 100 * time.Millisecond}.DialTCP(ctx, "example.org", 80)
		if err != nil {
			return err
		}
		fmt.Println(conn.RemoteAddr(), "after", anyio.Now(ctx).Sub(begin))
		return conn.Close(ctx)
	}, anyio.On(sim.New(sim.Config{Seed: 1})))
	fmt.Println(err)
	// Output:
	// 127.0.0.1:80 after 100ms
	// <nil>
}

func ExampleListenUDP() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		server, err := socket.ListenUDP(ctx, "127.0.0.1", 53)
		if err != nil {
			return err
		}
		defer server.Close(ctx)
		client, err := socket.DialUDP(ctx, "127.0.0.1", 53)
		if err != nil {
			return err
		}
		defer client.Close(ctx)
		if err := client.Send(ctx, []byte("who is it?")); err != nil {
			return err
		}
		p, err := server.Receive(ctx)
		fmt.Printf("%s\n", p.Data)
		return err
	}, anyio.On(sim.New(sim.Config{Seed: 1})))
	fmt.Println(err)
	// Output:
	// who is it?
	// <nil>
}

// Addresses to listen on, as getaddrinfo gives them with AI_PASSIVE.
func ExampleResolver_Lookup() {
	r := socket.Resolver{Passive: true, Family: socket.IPv4}
	found, err := r.Lookup(context.Background(), "", "", "53")
	for _, a := range found {
		fmt.Println(a.Network, a.Addr)
	}
	fmt.Println(err)
	// Output:
	// tcp 0.0.0.0:53
	// udp 0.0.0.0:53
	// <nil>
}

// An echo server whose idle connections hold no buffer.
func ExampleStream_ReceiveBorrowed() {
	echo := func(ctx context.Context, s *socket.Stream) error {
		defer s.Close(ctx)
		var b stream.Borrowed
		defer b.Release()
		for {
			data, err := s.ReceiveBorrowed(ctx, &b, 4096)
			if errors.Is(err, anyio.ErrEndOfStream) {
				return nil
			}
			if err == nil {
				err = s.Send(ctx, data)
			}
			if err != nil {
				return err
			}
		}
	}
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
		if err != nil {
			return err
		}
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { return l.Serve(ctx, tg, echo) })
			conn, err := socket.DialTCP(ctx, "127.0.0.1", l.Port())
			if err != nil {
				return err
			}
			defer conn.Close(ctx)
			if err := conn.Send(ctx, []byte("hello")); err != nil {
				return err
			}
			buf := make([]byte, 5)
			n, err := conn.Receive(ctx, buf)
			fmt.Printf("%s\n", buf[:n])
			tg.Cancel("done")
			return err
		})
	}, anyio.On(sim.New(sim.Config{Seed: 1})))
	fmt.Println(err)
	// Output:
	// hello
	// <nil>
}
