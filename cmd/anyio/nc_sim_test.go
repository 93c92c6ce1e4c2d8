package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/stream"
)

// simulateNC runs a listener on the host "server" and body on the host "client",
// with several seeds.
func simulateNC(t *testing.T, listener func() *netcat, body func(ctx context.Context, n *sim.Network) error) {
	t.Helper()
	for seed := range uint64(10) {
		err := anyio.Run(t.Context(), func(ctx context.Context) error {
			n := sim.NetworkOf(ctx)
			if err := errors.Join(n.AddHost("server", sim.HostConfig{}), n.AddHost("client", sim.HostConfig{})); err != nil {
				return err
			}
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error { return sim.RunOnHost(ctx, "server", listener().run) }, anyio.Name("server"))
				if err := anyio.Sleep(ctx, time.Second); err != nil { // now it listens
					return err
				}
				return sim.RunOnHost(ctx, "client", func(ctx context.Context) error { return body(ctx, n) })
			})
		}, anyio.On(sim.New(sim.Config{Seed: seed})))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

func netcatOf(f ncFlags, stdin string, out io.Writer) *netcat {
	return &netcat{ncFlags: f, in: strings.NewReader(stdin), out: out, err: io.Discard}
}

func TestNetcatOverALossyLinkPastABlackHole(t *testing.T) {
	for _, tls := range []bool{false, true} {
		var got, answer bytes.Buffer
		text := long[:100_000]
		simulateNC(t, func() *netcat {
			got.Reset()
			return netcatOf(ncFlags{listen: true, port: 7, tls: tls}, "welcome", &got)
		}, func(ctx context.Context, n *sim.Network) error {
			if err := n.AddHost("hole", sim.HostConfig{}); err != nil {
				return err
			}
			n.Isolate("hole")
			n.DNS("example.org", sim.DNSAnswer{Addrs: []netip.Addr{n.Addrs("hole")[1], n.Addrs("server")[0]}})
			n.Link("client", "server", sim.Link{Latency: 20 * time.Millisecond, Jitter: 5 * time.Millisecond, Loss: 0.02})
			answer.Reset()
			client := netcatOf(ncFlags{host: "example.org", port: 7, tls: tls, insecure: tls}, text, &answer)
			if err := client.run(ctx); err != nil || answer.String() != "welcome" {
				return fmt.Errorf("client: %w, answer %q", err, &answer)
			}
			return nil
		})
		if got.String() != text {
			t.Errorf("the server got %d bytes", got.Len())
		}
	}
}

func TestNetcatOverUDPEndsAfterSilence(t *testing.T) {
	var got, answer bytes.Buffer
	simulateNC(t, func() *netcat {
		got.Reset()
		return netcatOf(ncFlags{listen: true, udp: true, port: 7, timeout: time.Minute}, "pong", &got)
	}, func(ctx context.Context, n *sim.Network) error {
		answer.Reset()
		start := anyio.Now(ctx)
		client := netcatOf(ncFlags{host: "server", udp: true, v4: true, port: 7, timeout: 30 * time.Second}, long[:40_000], &answer)
		if err := client.run(ctx); err != nil || answer.String() != "pong" {
			return fmt.Errorf("client: %w, answer %q", err, &answer)
		}
		if took := anyio.Now(ctx).Sub(start); took < 30*time.Second || took > 31*time.Second {
			return fmt.Errorf("the client has ended after %v", took)
		}
		return nil
	})
	if got.String() != long[:40_000] {
		t.Errorf("the server got %d bytes", got.Len())
	}
}

// stdin and what happens to it are streams for talk, so a simulated hour is enough.
func simulateTalk(t *testing.T, n *netcat, body func(ctx context.Context, stdin, conn stream.ByteStream) error) (took time.Duration, err error) {
	t.Helper()
	runErr := anyio.Run(t.Context(), func(ctx context.Context) error {
		typing, stdin := stream.Pipe(0)
		far, conn := stream.Pipe(0)
		start := anyio.Now(ctx)
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { return body(ctx, typing, far) }, anyio.Name("body"))
			stdout := stream.FromWriter(n.out)
			err = n.talk(ctx, stdin, stdout, conn)
			took = anyio.Now(ctx).Sub(start)
			tg.Cancel("done")
			for _, s := range []anyio.Resource{typing, stdin, stdout, far, conn} {
				_ = s.Close(ctx)
			}
			return nil
		})
	}, anyio.On(sim.New(sim.Config{Seed: 1})))
	if runErr != nil {
		t.Fatal(runErr)
	}
	return took, err
}

func TestNetcatOnlySilenceInBothDirectionsIsTooLong(t *testing.T) {
	var out bytes.Buffer
	n := netcatOf(ncFlags{timeout: time.Hour}, "", &out)
	took, err := simulateTalk(t, n, func(ctx context.Context, stdin, far stream.ByteStream) error {
		for range 5 { // each of the two is silent for 100 minutes
			if err := anyio.Sleep(ctx, 50*time.Minute); err != nil {
				return err
			}
			if err := far.Send(ctx, []byte("hello")); err != nil {
				return err
			}
			if err := anyio.Sleep(ctx, 50*time.Minute); err != nil {
				return err
			}
			if err := stdin.Send(ctx, []byte("hello")); err != nil {
				return err
			}
			if _, err := far.Receive(ctx, make([]byte, 100)); err != nil {
				return err
			}
		}
		return nil
	})
	if want := "nothing was sent or received for 1h0m0s"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if took != 500*time.Minute+time.Hour || out.String() != strings.Repeat("hello", 5) {
		t.Errorf("it took %v and printed %q", took, &out)
	}
}

func TestNetcatAtATerminalEndsWithTheOtherSide(t *testing.T) {
	var out bytes.Buffer
	n := netcatOf(ncFlags{}, "", &out)
	n.terminal = true
	_, err := simulateTalk(t, n, func(ctx context.Context, stdin, far stream.ByteStream) error {
		return errors.Join(far.Send(ctx, []byte("bye")), far.SendEOF(ctx))
	})
	if err != nil || out.String() != "bye" {
		t.Errorf("%v, printed %q", err, &out)
	}
}
