package sim_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

func TestHostsTalkOverTheNetwork(t *testing.T) {
	for seed := range uint64(10) {
		run(t, sim.Config{Seed: seed}, func(ctx context.Context, n *sim.Network) error {
			return group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				err := onHost(ctx, tg, "db1", func(ctx context.Context, ready func()) error {
					if name := sim.HostName(ctx); name != "db1" {
						t.Errorf("the server runs on %q", name)
					}
					return serve(ctx, 5432, ready, echo)
				})
				if err != nil {
					return err
				}
				return sim.RunOnHost(ctx, "web", func(ctx context.Context) error {
					c, err := dial(ctx, "db1", 5432)
					if err != nil {
						return err
					}
					defer c.Close()
					local, remote := c.LocalAddr().IP, c.RemoteAddr().IP
					if local.Addr() != n.Addrs("web")[0] || remote.Addr() != n.Addrs("db1")[0] || remote.Port() != 5432 || local.Port() < 49152 {
						t.Errorf("connected from %v to %v", local, remote)
					}
					if _, err := c.Write(ctx, []byte("hello")); err != nil {
						return err
					}
					if err := c.CloseWrite(); err != nil {
						return err
					}
					data, err := readAll(ctx, c)
					if string(data) != "hello" {
						t.Errorf("got %q", data)
					}
					_, again := c.Read(ctx, make([]byte, 1))
					testkit.WantIs(t, "read after the end", again, io.EOF)
					return err
				})
			})
		})
	}
}

func TestDefaultHostIsLocalhost(t *testing.T) {
	run(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network) error {
		return group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var ready anyio.Event
			tg.Go(func(ctx context.Context) error { return serve(ctx, 80, func() { ready.Set() }, echo) })
			if err := ready.Wait(ctx); err != nil {
				return err
			}
			for _, target := range []string{"localhost", "127.0.0.1", n.Addrs("localhost")[0].String(), "0.0.0.0"} {
				d := took(ctx, func() {
					c, err := dial(ctx, target, 80)
					testkit.WantNil(t, "dial "+target, err)
					if err == nil {
						testkit.WantNil(t, "close", c.Close())
					}
				})
				if d != 0 {
					t.Errorf("%s: took %v", target, d)
				}
			}
			_, err := dial(ctx, "::1", 80) // the listener is for IPv4
			testkit.WantIs(t, "dial ::1", err, syscall.ECONNREFUSED)
			return nil
		})
	})
}

func TestLatencyAddsUpExactly(t *testing.T) {
	const ms = time.Millisecond
	run(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network) error {
		return group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			testkit.WantNil(t, "add", n.AddHost("a", sim.HostConfig{}))
			testkit.WantNil(t, "add", n.AddHost("b", sim.HostConfig{}))
			n.LinkOneWay("a", "b", sim.Link{Latency: 30 * ms})
			n.LinkOneWay("b", "a", sim.Link{Latency: 50 * ms})
			err := onHost(ctx, tg, "b", func(ctx context.Context, ready func()) error { return serve(ctx, 1, ready, echo) })
			if err != nil {
				return err
			}
			return sim.RunOnHost(ctx, "a", func(ctx context.Context) error {
				var c kernel.StreamConn
				if d := took(ctx, func() { c, err = dial(ctx, "b", 1) }); err != nil || d != 80*ms {
					t.Errorf("dial took %v, %v", d, err)
				}
				defer c.Close()
				d := took(ctx, func() {
					_, err := c.Write(ctx, []byte("x"))
					testkit.WantNil(t, "write", err)
				})
				if d != 0 {
					t.Errorf("write took %v", d)
				}
				if d := took(ctx, func() { _, err = readN(ctx, c, 1) }); err != nil || d != 80*ms {
					t.Errorf("the echo took %v, %v", d, err)
				}
				return nil
			})
		})
	})
}

func TestBandwidthLimitsAStream(t *testing.T) {
	// Ten full packets of 1,460 + 40 bytes at 150,000 bytes/s take 100 ms.
	link := sim.Link{Latency: -1, Bandwidth: 150_000}
	run(t, sim.Config{Seed: 1, Network: sim.NetworkConfig{Link: link}}, func(ctx context.Context, n *sim.Network) error {
		return group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			err := onHost(ctx, tg, "b", func(ctx context.Context, ready func()) error {
				return serve(ctx, 1, ready, func(ctx context.Context, c kernel.StreamConn) error {
					_, err := c.Write(ctx, make([]byte, 14600))
					return errors.Join(err, c.CloseWrite())
				})
			})
			if err != nil {
				return err
			}
			c, err := dial(ctx, "b", 1)
			if err != nil {
				return err
			}
			defer c.Close()
			d := took(ctx, func() {
				data, err := readN(ctx, c, 14600)
				if len(data) != 14600 || err != nil {
					t.Errorf("%d bytes, %v", len(data), err)
				}
			})
			// The acknowledgment of the handshake travels the other way meanwhile.
			const ack = 40 * time.Second / 150_000
			if d != 100*time.Millisecond+ack {
				t.Errorf("took %v", d)
			}
			return nil
		})
	})
}

func TestErrorsAreThoseOfRealSockets(t *testing.T) {
	run(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network) error {
		testkit.WantNil(t, "add", n.AddHost("other", sim.HostConfig{}))
		c, err := dial(ctx, "other", 9)
		testkit.WantIs(t, "nobody listens", err, syscall.ECONNREFUSED)
		op, ok := errors.AsType[*net.OpError](err)
		if c != nil || !ok || op.Op != "dial" || op.Net != "tcp" || op.Addr.String() != n.Addrs("other")[0].String()+":9" {
			t.Errorf("error %#v", err)
		}
		d := took(ctx, func() { _, err = dial(ctx, "192.0.2.1", 9) })
		testkit.WantIs(t, "nobody has the address", err, syscall.EHOSTUNREACH)
		if d != 3*time.Second {
			t.Errorf("EHOSTUNREACH after %v", d)
		}
		l, err := listen(ctx, 80)
		testkit.WantNil(t, "listen", err)
		_, err = listen(ctx, 80)
		testkit.WantIs(t, "two listeners", err, syscall.EADDRINUSE)
		testkit.WantNil(t, "close", l.Close())
		_, err = l.Accept(ctx)
		testkit.WantIs(t, "accept after close", err, net.ErrClosed)
		testkit.WantNil(t, "close again", l.Close())
		l, err = listen(ctx, 80)
		testkit.WantNil(t, "listen again", err)
		testkit.WantNil(t, "close", l.Close())
		return nil
	})
}

func TestReadAndWriteAfterTheEnd(t *testing.T) {
	connected(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network, a, b kernel.StreamConn) {
		testkit.WantNil(t, "half-close", a.CloseWrite())
		_, err := a.Write(ctx, []byte("x"))
		testkit.WantIs(t, "write after CloseWrite", err, syscall.EPIPE)
		_, err = b.Read(ctx, make([]byte, 1))
		testkit.WantIs(t, "read", err, io.EOF)
		_, err = b.Write(ctx, []byte("still"))
		testkit.WantNil(t, "write to one who half-closed", err)
		got, err := readN(ctx, a, 5)
		if got != "still" || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
		_, err = b.Write(ctx, []byte("unread"))
		testkit.WantNil(t, "write", err)
		testkit.WantNil(t, "sleep", anyio.Sleep(ctx, time.Second))
		testkit.WantNil(t, "close with unread data", a.Close())
		_, err = a.Read(ctx, make([]byte, 1))
		testkit.WantIs(t, "read after Close", err, net.ErrClosed)
		testkit.WantNil(t, "sleep", anyio.Sleep(ctx, time.Second))
		_, err = b.Write(ctx, []byte("x"))
		testkit.WantIs(t, "write to one who is gone", err, syscall.EPIPE)
	})
}

func TestResetIsToldAfterTheData(t *testing.T) {
	connected(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network, a, b kernel.StreamConn) {
		_, err := a.Write(ctx, []byte("data"))
		testkit.WantNil(t, "write", err)
		testkit.WantNil(t, "sleep", anyio.Sleep(ctx, time.Second))
		testkit.WantNil(t, "abort", a.Abort())
		testkit.WantNil(t, "sleep", anyio.Sleep(ctx, time.Second))
		got, err := readN(ctx, b, 4)
		if got != "data" || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
		_, err = b.Read(ctx, make([]byte, 1))
		testkit.WantIs(t, "read", err, syscall.ECONNRESET)
		_, err = b.Write(ctx, []byte("x"))
		testkit.WantIs(t, "write", err, syscall.EPIPE)
		testkit.WantIs(t, "half-close", b.CloseWrite(), syscall.ENOTCONN)
	})
}

// connected calls f with both ends of a connection between the hosts a and b.
func connected(t *testing.T, cfg sim.Config, f func(ctx context.Context, n *sim.Network, a, b kernel.StreamConn)) {
	t.Helper()
	run(t, cfg, func(ctx context.Context, n *sim.Network) error {
		return group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var l kernel.StreamListener
			err := onHost(ctx, tg, "b", func(ctx context.Context, ready func()) (err error) {
				l, err = listen(ctx, 80)
				ready()
				return err
			})
			if err != nil {
				return err
			}
			var a kernel.StreamConn
			err = sim.RunOnHost(ctx, "a", func(ctx context.Context) (err error) {
				a, err = dial(ctx, "b", 80)
				return err
			})
			if err != nil {
				return err
			}
			b, err := l.Accept(ctx)
			if err != nil {
				return err
			}
			f(ctx, n, a, b)
			_, _, _ = a.Close(), b.Close(), l.Close()
			return nil
		})
	})
}

func TestTraceCanBeRead(t *testing.T) {
	var trace bytes.Buffer
	run(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network) error {
		n.Trace(&trace)
		return group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			err := onHost(ctx, tg, "db1", func(ctx context.Context, ready func()) error { return serve(ctx, 5432, ready, echo) })
			if err != nil {
				return err
			}
			c, err := dial(ctx, "db1", 5432)
			if err != nil {
				return err
			}
			_, err = c.Write(ctx, []byte("hello"))
			testkit.WantNil(t, "write", err)
			_, err = readN(ctx, c, 5)
			testkit.WantNil(t, "read", err)
			testkit.WantNil(t, "close", c.Close())
			testkit.WantNil(t, "sleep", anyio.Sleep(ctx, time.Second))
			_, err = dial(ctx, "db1", 1)
			testkit.WantIs(t, "dial", err, syscall.ECONNREFUSED)
			return nil
		})
	})
	want := `0.000s localhost:49152 > db1:5432 SYN
0.001s db1:5432 > localhost:49152 SYN ACK
0.002s localhost:49152 > db1:5432 ACK 0
0.002s localhost:49152 > db1:5432 0:5 ACK 0
0.003s db1:5432 > localhost:49152 ACK 5
0.003s db1:5432 > localhost:49152 0:5 ACK 5
0.004s localhost:49152 > db1:5432 ACK 5
0.004s localhost:49152 > db1:5432 FIN ACK 5
0.005s db1:5432 > localhost:49152 ACK 6
0.005s db1:5432 > localhost:49152 FIN ACK 6
0.006s localhost:49152 > db1:5432 ACK 6
1.004s localhost:49153 > db1:1 SYN
1.005s db1:1 > localhost:49153 RST
`
	if got := trace.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if strings.Contains(trace.String(), "lost") {
		t.Error("something was lost")
	}
}
