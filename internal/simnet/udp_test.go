package simnet_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/sim"
)

func openUDP(ctx context.Context, local, remote kernel.Addr) (kernel.PacketConn, error) {
	return kernel.NetworkOf(ctx).OpenPacket(ctx, kernel.SocketOptions{Network: "udp4", Local: local, Remote: remote})
}

// receiveFor counts the datagrams that arrive within d.
func receiveFor(ctx context.Context, c kernel.PacketConn, d time.Duration) (texts []string, err error) {
	buf := make([]byte, 2000)
	_, err = anyio.MoveOnAfter(ctx, d, func(ctx context.Context) error {
		for {
			k, _, err := c.ReadFrom(ctx, buf)
			if err != nil {
				return err
			}
			texts = append(texts, string(buf[:k]))
		}
	})
	return texts, err
}

func TestDatagramsAreLostDoubledAndReordered(t *testing.T) {
	const count = 4000
	link := sim.Link{Latency: time.Millisecond, Loss: 0.2, Duplicate: 0.1, Reorder: 0.05}
	run(t, sim.Config{Seed: 7}, func(ctx context.Context, n *sim.Network) error {
		n.Link("localhost", "localhost", link)
		server, err := openUDP(ctx, at("127.0.0.1", 53), kernel.Addr{})
		if err != nil {
			return err
		}
		defer server.Close()
		client, err := openUDP(ctx, kernel.Addr{}, at("127.0.0.1", 53))
		if err != nil {
			return err
		}
		defer client.Close()
		var texts []string
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) (err error) { texts, err = receiveFor(ctx, server, time.Minute); return err })
			for i := range count {
				if err := client.WriteTo(ctx, fmt.Appendf(nil, "%05d", i), kernel.Addr{}); err != nil {
					return err
				}
				if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		seen, doubled, overtaken, last := map[string]bool{}, 0, 0, ""
		for _, s := range texts {
			if seen[s] {
				doubled++
			} else if s < last {
				overtaken++
			}
			seen[s] = true
			last = max(last, s)
		}
		about := func(what string, got int, of, probability float64) {
			if want := of * probability; float64(got) < want*0.8 || float64(got) > want*1.2 {
				t.Errorf("%s: %d, want about %.0f", what, got, want)
			}
		}
		about("lost", count-len(seen), count, link.Loss)
		about("doubled", doubled, float64(len(seen)), link.Duplicate)
		if overtaken < 20 {
			t.Errorf("only %d were overtaken", overtaken)
		}
		s := n.Stats()
		if s.Sent != count || int(s.Lost) != count-len(seen) || int(s.Duplicated) != doubled || int(s.Delivered) != len(texts) {
			t.Errorf("statistics %+v", s)
		}
		return nil
	})
}

func TestFullDatagramQueueLosesWhatComesThen(t *testing.T) {
	cfg := sim.Config{Seed: 1, Network: sim.NetworkConfig{DatagramQueue: 10 * (100 + 28)}}
	run(t, cfg, func(ctx context.Context, n *sim.Network) error {
		s, err := openUDP(ctx, at("127.0.0.1", 0), kernel.Addr{})
		if err != nil {
			return err
		}
		defer s.Close()
		for range 25 {
			wantNil(t, "write", s.WriteTo(ctx, make([]byte, 100), s.LocalAddr()))
		}
		texts, err := receiveFor(ctx, s, time.Second)
		if len(texts) != 10 || n.Stats().Overflowed != 15 {
			t.Errorf("%d datagrams, statistics %+v", len(texts), n.Stats())
		}
		return err
	})
}

func TestDatagramSockets(t *testing.T) {
	run(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network) error {
		a, err := openUDP(ctx, at("0.0.0.0", 1000), kernel.Addr{})
		wantNil(t, "open", err)
		_, err = openUDP(ctx, at("127.0.0.1", 1000), kernel.Addr{})
		wantErr(t, "open the same port", err, syscall.EADDRINUSE)
		_, err = openUDP(ctx, at("192.0.2.1", 0), kernel.Addr{})
		wantErr(t, "open on a foreign address", err, syscall.EADDRNOTAVAIL)
		b, err := openUDP(ctx, kernel.Addr{}, at("127.0.0.1", 1000))
		wantNil(t, "connect", err)
		c, err := openUDP(ctx, kernel.Addr{}, kernel.Addr{})
		wantNil(t, "open", err)

		wantNil(t, "write", b.WriteTo(ctx, []byte("from b, long"), kernel.Addr{}))
		buf := make([]byte, 6)
		k, from, err := a.ReadFrom(ctx, buf)
		if string(buf[:k]) != "from b" || from != b.LocalAddr() || err != nil {
			t.Errorf("read %q from %v, %v", buf[:k], from, err)
		}
		// A connected socket hears only its peer.
		wantNil(t, "write", c.WriteTo(ctx, []byte("from c"), b.LocalAddr()))
		wantNil(t, "write", a.WriteTo(ctx, nil, from))
		k, from, err = b.ReadFrom(ctx, buf)
		if k != 0 || from != (kernel.Addr{}) || err != nil {
			t.Errorf("read %d bytes from %v, %v", k, from, err)
		}
		wantErr(t, "write with an address", b.WriteTo(ctx, nil, a.LocalAddr()), net.ErrWriteToConnected)
		wantErr(t, "write without", c.WriteTo(ctx, nil, kernel.Addr{}), syscall.EDESTADDRREQ)
		wantErr(t, "write too much", b.WriteTo(ctx, make([]byte, 65508), kernel.Addr{}), syscall.EMSGSIZE)
		wantErr(t, "write IPv6", c.WriteTo(ctx, nil, at("::1", 1)), syscall.EAFNOSUPPORT)
		// The peer is gone: that is told once.
		wantNil(t, "close", a.Close())
		wantNil(t, "write", b.WriteTo(ctx, []byte("x"), kernel.Addr{}))
		_, _, err = b.ReadFrom(ctx, buf)
		wantErr(t, "read", err, syscall.ECONNREFUSED)
		wantNil(t, "write unconnected", c.WriteTo(ctx, []byte("x"), at("127.0.0.1", 1000)))
		wantNil(t, "sleep", anyio.Sleep(ctx, time.Second))
		wantNil(t, "write unconnected", c.WriteTo(ctx, []byte("x"), at("127.0.0.1", 1000)))
		wantNil(t, "close", b.Close())
		wantNil(t, "close", c.Close())
		_, _, err = c.ReadFrom(ctx, buf)
		wantErr(t, "read", err, net.ErrClosed)
		wantNil(t, "close again", c.Close())
		return nil
	})
}

func TestSharedPortGoesToOneOfItsSockets(t *testing.T) {
	run(t, sim.Config{Seed: 3}, func(ctx context.Context, n *sim.Network) error {
		o := kernel.SocketOptions{Network: "udp4", Local: at("127.0.0.1", 7), ReusePort: true}
		var socks []kernel.PacketConn
		for range 2 {
			s, err := kernel.NetworkOf(ctx).OpenPacket(ctx, o)
			if err != nil {
				return err
			}
			defer s.Close()
			socks = append(socks, s)
		}
		for range 40 {
			wantNil(t, "write", socks[0].WriteTo(ctx, []byte("x"), o.Local))
		}
		first, err := receiveFor(ctx, socks[0], time.Second)
		wantNil(t, "receive", err)
		second, err := receiveFor(ctx, socks[1], time.Second)
		if len(first)+len(second) != 40 || len(first) < 8 || len(second) < 8 {
			t.Errorf("%d and %d datagrams", len(first), len(second))
		}
		return err
	})
}

func TestTraceOfDatagrams(t *testing.T) {
	var trace bytes.Buffer
	run(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network) error {
		n.Trace(&trace)
		s, err := openUDP(ctx, at("0.0.0.0", 5), kernel.Addr{})
		if err != nil {
			return err
		}
		defer s.Close()
		wantNil(t, "write", s.WriteTo(ctx, []byte("abc"), at("127.0.0.1", 5)))
		n.Partition("localhost", "localhost")
		wantNil(t, "write", s.WriteTo(ctx, []byte("abcd"), at("127.0.0.1", 5)))
		return anyio.Sleep(ctx, time.Second)
	})
	want := `0.000s localhost:5 > localhost:5 UDP 3 bytes
0.000s partition localhost - localhost
0.000s localhost:5 > localhost:5 UDP 4 bytes (dropped: partition)
0.000s localhost:5 > localhost:5 UDP 3 bytes (dropped on the way: partition)
`
	if trace.String() != want {
		t.Errorf("got\n%s\nwant\n%s", trace.String(), want)
	}
}
