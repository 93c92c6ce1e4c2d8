package sim_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

func TestDialAcrossAPartitionTimesOut(t *testing.T) {
	run(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network) error {
		testkit.WantNil(t, "add", n.AddHost("b", sim.HostConfig{}))
		n.Partition("localhost", "b")
		var err error
		d := took(ctx, func() { _, err = dial(ctx, "b", 80) })
		testkit.WantIs(t, "dial", err, syscall.ETIMEDOUT)
		if d != 127*time.Second { // 1 + 2 + … + 64, as Linux does
			t.Errorf("took %v", d)
		}
		n.Heal("localhost", "b")
		_, err = dial(ctx, "b", 80)
		testkit.WantIs(t, "dial", err, syscall.ECONNREFUSED)
		return nil
	})
}

func TestConnectionsSurviveAPartitionThatHeals(t *testing.T) {
	for _, oneWay := range []bool{false, true} {
		connected(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network, a, b kernel.StreamConn) {
			if oneWay {
				n.PartitionOneWay("b", "a") // the acknowledgments are lost
			} else {
				n.Partition("a", "b")
			}
			_, err := a.Write(ctx, []byte("late"))
			testkit.WantNil(t, "write", err)
			testkit.WantNil(t, "sleep", anyio.Sleep(ctx, 30*time.Second))
			n.HealAll()
			got, err := readN(ctx, b, 4)
			if got != "late" || err != nil {
				t.Errorf("read %q, %v", got, err)
			}
			_, err = b.Write(ctx, []byte("back"))
			testkit.WantNil(t, "write", err)
			if got, err = readN(ctx, a, 4); got != "back" || err != nil {
				t.Errorf("read %q, %v", got, err)
			}
		})
	}
}

func TestBrokenConnectionTimesOut(t *testing.T) {
	connected(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network, a, b kernel.StreamConn) {
		n.Isolate("b")
		_, err := a.Write(ctx, []byte("lost"))
		testkit.WantNil(t, "write", err)
		d := took(ctx, func() { _, err = a.Read(ctx, make([]byte, 1)) })
		testkit.WantIs(t, "read", err, syscall.ETIMEDOUT)
		if d < 13*time.Minute || d > 31*time.Minute {
			t.Errorf("after %v", d)
		}
		_, err = a.Write(ctx, []byte("x"))
		testkit.WantIs(t, "write", err, syscall.EPIPE)
	})
}

// A packet that a reader waits for and that nobody repeats is a deadlock.
func TestWaitingForWhatAPartitionSwallowsIsADeadlock(t *testing.T) {
	_, err := testkit.DeadlockOf(t, sim.Config{Seed: 1}, func(ctx context.Context) error {
		n := sim.NetworkOf(ctx)
		if err := n.AddHost("b", sim.HostConfig{}); err != nil {
			return err
		}
		n.Partition("localhost", "b")
		to := kernel.Addr{IP: netip.AddrPortFrom(n.Addrs("b")[0], 53)}
		c, err := kernel.NetworkOf(ctx).OpenPacket(ctx, kernel.SocketOptions{Network: "udp", Remote: to})
		if err != nil {
			return err
		}
		defer c.Close()
		if err := c.WriteTo(ctx, []byte("query"), kernel.Addr{}); err != nil {
			return err
		}
		_, _, err = c.ReadFrom(ctx, make([]byte, 100))
		return err
	})
	if !strings.Contains(err.Error(), "UDP.Read") {
		t.Errorf("the report does not name the wait: %v", err)
	}
}

func TestHeldPacketsComeInOrderAfterRelease(t *testing.T) {
	connected(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network, a, b kernel.StreamConn) {
		n.HoldOneWay("a", "b")
		for _, s := range []string{"one ", "two ", "three"} {
			_, err := a.Write(ctx, []byte(s))
			testkit.WantNil(t, "write", err)
		}
		_, err := anyio.MoveOnAfter(ctx, 100*time.Millisecond, func(ctx context.Context) error {
			_, err := b.Read(ctx, make([]byte, 1))
			return err
		})
		testkit.WantNil(t, "read while held", err)
		n.ReleaseOneWay("a", "b")
		var got string
		d := took(ctx, func() { got, err = readN(ctx, b, 13) })
		if got != "one two three" || err != nil || d != time.Millisecond {
			t.Errorf("read %q, %v after %v", got, err, d)
		}
	})
}

func TestDroppedPacketsAreSentAgain(t *testing.T) {
	connected(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network, a, b kernel.StreamConn) {
		_, err := a.Write(ctx, make([]byte, 14600))
		testkit.WantNil(t, "write", err)
		if k := n.Drop("a", "b"); k != 10 {
			t.Errorf("dropped %d packets of 10", k)
		}
		var got string
		d := took(ctx, func() { got, err = readN(ctx, b, 14600) })
		if len(got) != 14600 || err != nil || d < 200*time.Millisecond || d > time.Second {
			t.Errorf("read %d bytes, %v after %v", len(got), err, d)
		}
	})
}

func TestResetReachesBothSides(t *testing.T) {
	connected(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network, a, b kernel.StreamConn) {
		n.Partition("a", "b") // it needs no packet
		if k := n.Reset("a", "b"); k != 1 {
			t.Errorf("reset %d connections", k)
		}
		_, err := a.Read(ctx, make([]byte, 1))
		testkit.WantIs(t, "read", err, syscall.ECONNRESET)
		_, err = b.Write(ctx, []byte("x"))
		testkit.WantIs(t, "write", err, syscall.ECONNRESET)
	})
	connected(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network, a, b kernel.StreamConn) {
		if k := n.ResetConn(a.LocalAddr().IP); k != 1 {
			t.Errorf("reset %d connections", k)
		}
		_, err := b.Read(ctx, make([]byte, 1))
		testkit.WantIs(t, "read", err, syscall.ECONNRESET)
	})
}

func TestRulesDecideOnPackets(t *testing.T) {
	connected(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network, a, b kernel.StreamConn) {
		var seen []string
		n.OnPacket(func(p *sim.Packet) sim.Verdict {
			if len(p.Data) == 0 {
				return sim.Verdict{}
			}
			seen = append(seen, p.From+" "+string(p.Data))
			switch string(p.Data) {
			case "slow":
				return sim.Verdict{Delay: time.Minute, Copies: 1}
			case "cut":
				n.Partition("a", "b") // a rule may use the network
				return sim.Verdict{Drop: true}
			}
			return sim.Verdict{}
		})
		_, err := a.Write(ctx, []byte("fast"))
		testkit.WantNil(t, "write", err)
		got, err := readN(ctx, b, 4)
		if got != "fast" || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
		_, err = b.Write(ctx, []byte("cut"))
		testkit.WantNil(t, "write", err)
		testkit.WantNil(t, "sleep", anyio.Sleep(ctx, time.Minute))
		n.ClearRules()
		n.Heal("a", "b")
		if got, err = readN(ctx, a, 3); got != "cut" || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
		if len(seen) < 3 || seen[0] != "a fast" || seen[1] != "b cut" {
			t.Errorf("the rule saw %q", seen)
		}
	})
}

func TestUnreachableVerdictFailsADial(t *testing.T) {
	run(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network) error {
		testkit.WantNil(t, "add", n.AddHost("b", sim.HostConfig{}))
		n.OnPacket(func(p *sim.Packet) sim.Verdict { return sim.Verdict{Unreachable: p.To == "b"} })
		var err error
		d := took(ctx, func() { _, err = dial(ctx, "b", 80) })
		testkit.WantIs(t, "dial", err, syscall.EHOSTUNREACH)
		if d != time.Millisecond {
			t.Errorf("took %v", d)
		}
		return nil
	})
}

func TestMisuseOfTheNetworkIsTold(t *testing.T) {
	run(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network) error {
		func() {
			defer func() {
				if e, ok := recover().(*anyio.MisuseError); !ok || !strings.Contains(e.Error(), `no host "nowhere"`) {
					t.Errorf("panicked with %v", e)
				}
			}()
			n.Partition("localhost", "nowhere")
		}()
		taken := sim.HostConfig{Addrs: n.Addrs("localhost")[:1]}
		for _, err := range []error{n.AddHost("", sim.HostConfig{}), n.AddHost("localhost", sim.HostConfig{}), n.AddHost("x", taken)} {
			if _, ok := errors.AsType[*anyio.MisuseError](err); !ok {
				t.Errorf("got %v", err)
			}
		}
		fixed := netip.MustParseAddr("192.168.1.7")
		testkit.WantNil(t, "add", n.AddHost("y", sim.HostConfig{Addrs: []netip.Addr{fixed}}))
		if a := n.Addrs("y"); len(a) != 1 || a[0] != fixed {
			t.Errorf("addresses %v", a)
		}
		return nil
	})
	defer func() {
		if _, ok := recover().(*anyio.MisuseError); !ok {
			t.Error("NetworkOf outside a simulation does not panic")
		}
	}()
	sim.NetworkOf(context.Background())
}
