package simnet_test

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/sim"
)

func tcpListen(ctx context.Context, network, host string, port uint16) (kernel.StreamListener, error) {
	return kernel.NetworkOf(ctx).ListenStream(ctx, kernel.SocketOptions{Network: network, Local: at(host, port)})
}

func tcpDial(ctx context.Context, host string, port uint16) (kernel.StreamConn, error) {
	return kernel.NetworkOf(ctx).DialStream(ctx, kernel.SocketOptions{Network: "tcp", Remote: at(host, port)})
}

func TestFullBacklogLetsClientsTryAgain(t *testing.T) {
	run(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network) error {
		l, err := kernel.NetworkOf(ctx).ListenStream(ctx, kernel.SocketOptions{Network: "tcp4", Local: at("127.0.0.1", 80), Backlog: 1})
		if err != nil {
			return err
		}
		defer l.Close()
		for range 2 { // one more than the backlog, as on Linux
			c, err := tcpDial(ctx, "127.0.0.1", 80)
			if err != nil {
				return err
			}
			defer c.Close()
		}
		begin := anyio.Now(ctx)
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				c, err := tcpDial(ctx, "127.0.0.1", 80)
				if err != nil {
					return err
				}
				if d := anyio.Now(ctx).Sub(begin); d != 7*time.Second { // 1 + 2 + 4
					t.Errorf("connected after %v", d)
				}
				return c.Close()
			})
			if err := anyio.Sleep(ctx, 6*time.Second); err != nil {
				return err
			}
			c, err := l.Accept(ctx)
			if err != nil {
				return err
			}
			return c.Close()
		})
	})
}

func TestListenersShareFamiliesAndPorts(t *testing.T) {
	run(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network) error {
		dual, err := tcpListen(ctx, "tcp", "::", 80)
		wantNil(t, "listen", err)
		for _, host := range []string{"127.0.0.1", "::1", n.Addrs("localhost")[1].String()} {
			c, err := tcpDial(ctx, host, 80)
			wantNil(t, "dial "+host, err)
			s, err := dual.Accept(ctx)
			wantNil(t, "accept", err)
			if s.LocalAddr() != at(host, 80) || s.RemoteAddr() != c.LocalAddr() {
				t.Errorf("accepted %v from %v at %v", host, s.RemoteAddr(), s.LocalAddr())
			}
			wantNil(t, "close", errors.Join(c.Close(), s.Close()))
		}
		_, err = tcpListen(ctx, "tcp4", "0.0.0.0", 80)
		wantErr(t, "listen for IPv4 beside a dual socket", err, syscall.EADDRINUSE)
		wantNil(t, "close", dual.Close())

		o := kernel.SocketOptions{Network: "tcp6", Local: at("::", 80), V6Only: true}
		six, err := kernel.NetworkOf(ctx).ListenStream(ctx, o)
		wantNil(t, "listen", err)
		_, err = tcpDial(ctx, "127.0.0.1", 80)
		wantErr(t, "dial", err, syscall.ECONNREFUSED)
		four, err := tcpListen(ctx, "tcp4", "0.0.0.0", 80)
		wantNil(t, "listen for IPv4 beside one for IPv6", err)
		wantNil(t, "close", errors.Join(four.Close(), six.Close()))

		a, err := tcpListen(ctx, "tcp4", "127.0.0.1", 0)
		wantNil(t, "listen", err)
		b, err := tcpListen(ctx, "tcp4", "127.0.0.1", 0)
		wantNil(t, "listen", err)
		if pa, pb := a.LocalAddr().IP.Port(), b.LocalAddr().IP.Port(); pa == pb || pa < 49152 || pb < 49152 {
			t.Errorf("ephemeral ports %d and %d", pa, pb)
		}
		_, err = tcpListen(ctx, "tcp4", "192.0.2.1", 0)
		wantErr(t, "listen on a foreign address", err, syscall.EADDRNOTAVAIL)
		_, err = tcpListen(ctx, "tcp4", "::1", 0)
		wantErr(t, "listen on an address of the other family", err, syscall.EAFNOSUPPORT)
		return errors.Join(a.Close(), b.Close())
	})
}

func TestLocalAddressOfADialIsObeyed(t *testing.T) {
	run(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network) error {
		l, err := tcpListen(ctx, "tcp4", "0.0.0.0", 80)
		if err != nil {
			return err
		}
		defer l.Close()
		own := n.Addrs("localhost")[0]
		o := kernel.SocketOptions{Network: "tcp4", Local: kernel.Addr{IP: netip.AddrPortFrom(own, 1234)}, Remote: at("127.0.0.1", 80)}
		c, err := kernel.NetworkOf(ctx).DialStream(ctx, o)
		if err != nil {
			return err
		}
		if c.LocalAddr() != o.Local {
			t.Errorf("dialed from %v", c.LocalAddr())
		}
		_, err = kernel.NetworkOf(ctx).DialStream(ctx, o)
		wantErr(t, "dial from a port in use", err, syscall.EADDRINUSE)
		o.Local = at("127.0.0.1", 0)
		o.Remote.IP = netip.AddrPortFrom(netip.MustParseAddr("10.7.7.7"), 80)
		_, err = kernel.NetworkOf(ctx).DialStream(ctx, o)
		wantErr(t, "dial from the loopback to the world", err, syscall.EINVAL)
		return c.Close()
	})
}

func TestHostWithoutIPv6CannotReachIt(t *testing.T) {
	run(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network) error {
		wantNil(t, "add", n.AddHost("old", sim.HostConfig{Addrs: []netip.Addr{netip.MustParseAddr("10.200.0.1")}}))
		return sim.RunOnHost(ctx, "old", func(ctx context.Context) error {
			_, err := tcpDial(ctx, n.Addrs("localhost")[1].String(), 80)
			wantErr(t, "dial", err, syscall.ENETUNREACH)
			return nil
		})
	})
}

func TestCanceledDialLeavesNothing(t *testing.T) {
	run(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network) error {
		l, err := tcpListen(ctx, "tcp4", "127.0.0.1", 80)
		if err != nil {
			return err
		}
		defer l.Close()
		n.Link("localhost", "localhost", sim.Link{Latency: 100 * time.Millisecond})
		for _, after := range []time.Duration{50, 150, 200} {
			timedOut, err := anyio.MoveOnAfter(ctx, after*time.Millisecond, func(ctx context.Context) error {
				_, err := tcpDial(ctx, "127.0.0.1", 80)
				return err
			})
			if err != nil || !timedOut && after < 200 {
				t.Errorf("%v, %v", timedOut, err)
			}
		}
		// A full round later no half of a connection is left, so that nothing waits.
		if err := anyio.Sleep(ctx, time.Minute); err != nil {
			return err
		}
		before := n.Stats().Sent
		if err := anyio.Sleep(ctx, time.Hour); err != nil {
			return err
		}
		if n.Stats().Sent != before {
			t.Error("packets are still sent")
		}
		return nil
	})
}

func TestClosedListenerResetsWhatNobodyAccepted(t *testing.T) {
	run(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network) error {
		l, err := tcpListen(ctx, "tcp4", "127.0.0.1", 80)
		if err != nil {
			return err
		}
		c, err := tcpDial(ctx, "127.0.0.1", 80)
		if err != nil {
			return err
		}
		wantNil(t, "sleep", anyio.Sleep(ctx, time.Second))
		wantNil(t, "close", l.Close())
		_, err = c.Read(ctx, make([]byte, 1))
		wantErr(t, "read", err, syscall.ECONNRESET)
		return c.Close()
	})
}

func TestCanceledCallsHaveNoEffect(t *testing.T) {
	connected(t, sim.Config{Seed: 1}, nil, func(ctx context.Context, n *sim.Network, a, b kernel.StreamConn) error {
		before := n.Stats()
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
			scope.Cancel("test")
			k := kernel.NetworkOf(ctx)
			_, err := a.Write(ctx, []byte("x"))
			wantErr(t, "write", err, anyio.ErrCanceled)
			_, err = b.Read(ctx, nil)
			wantErr(t, "read", err, anyio.ErrCanceled)
			_, err = tcpDial(ctx, "127.0.0.1", 80)
			wantErr(t, "dial", err, anyio.ErrCanceled)
			_, err = tcpListen(ctx, "tcp", "::", 81)
			wantErr(t, "listen", err, anyio.ErrCanceled)
			_, err = openUDP(ctx, at("0.0.0.0", 81), kernel.Addr{})
			wantErr(t, "open", err, anyio.ErrCanceled)
			_, err = k.LookupHost(ctx, "ip", "a")
			wantErr(t, "lookup", err, anyio.ErrCanceled)
			_, err = k.LookupPort(ctx, "tcp", "http")
			wantErr(t, "lookup", err, anyio.ErrCanceled)
			wantErr(t, "wait", k.WaitFD(ctx, 0, false), anyio.ErrCanceled)
			return nil
		})
		if n.Stats() != before {
			t.Errorf("packets were sent: %+v, before %+v", n.Stats(), before)
		}
		return err
	})
}

func TestDescriptorsAreNotSupported(t *testing.T) {
	connected(t, sim.Config{Seed: 1}, nil, func(ctx context.Context, n *sim.Network, a, b kernel.StreamConn) error {
		k := kernel.NetworkOf(ctx)
		open := func() uintptr { // it must be closed: the package's TestMain would find it
			fd, err := syscall.Open(os.DevNull, syscall.O_RDONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			return uintptr(fd)
		}
		_, err := k.AdoptStream(ctx, open())
		wantErr(t, "AdoptStream", err, errors.ErrUnsupported)
		_, err = k.AdoptListener(ctx, open())
		wantErr(t, "AdoptListener", err, errors.ErrUnsupported)
		_, err = k.AdoptPacket(ctx, open())
		wantErr(t, "AdoptPacket", err, errors.ErrUnsupported)
		wantErr(t, "WaitFD", k.WaitFD(ctx, 0, false), errors.ErrUnsupported)
		_, err = a.SyscallConn()
		wantErr(t, "SyscallConn", err, errors.ErrUnsupported)
		_, _, err = a.ReadFDs(ctx, nil, nil)
		wantErr(t, "ReadFDs", err, errors.ErrUnsupported)
		wantErr(t, "WriteFDs", a.WriteFDs(ctx, nil, nil), errors.ErrUnsupported)
		return nil
	})
}
