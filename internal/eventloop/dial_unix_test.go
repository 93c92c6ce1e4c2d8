//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"golang.org/x/sys/unix"
)

func TestRefusedConnection(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		l := listenTCP(t, ctx)
		l.Close()
		_, err := dial(ctx, l, "tcp")
		var oe *net.OpError
		if !errors.Is(err, syscall.ECONNREFUSED) || !errors.As(err, &oe) || oe.Op != "dial" || oe.Addr.String() != l.LocalAddr().IP.String() {
			t.Errorf("got %v, want a *net.OpError with ECONNREFUSED", err)
		}
		_, err = n.DialStream(ctx, kernel.SocketOptions{Network: "tcp6", Remote: l.LocalAddr()})
		if err == nil {
			t.Error("tcp6 to an IPv4 address on which nobody listens succeeded")
		}
		return nil
	})
}

// Where the queue of a listener is full, a connection is neither made nor refused.
func TestCanceledDialLeavesNothingBehind(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		l := must[kernel.StreamListener](t)(n.ListenStream(ctx, kernel.SocketOptions{Network: "tcp4", Local: loopback4, Backlog: 1}))
		defer l.Close()
		var conns []kernel.StreamConn // they fill the queue
		defer func() {
			for _, c := range conns {
				c.Close()
			}
		}()
		for range 10 {
			var c kernel.StreamConn
			timedOut, err := anyio.MoveOnAfter(ctx, 20*time.Millisecond, func(ctx context.Context) (err error) {
				c, err = dial(ctx, l, "tcp")
				return err
			})
			if err != nil {
				t.Error(err)
			}
			if c != nil {
				conns = append(conns, c)
			}
			if timedOut {
				return nil // the leak check looks for the socket
			}
		}
		t.Skip("this system's backlog has no end")
		return nil
	})
}

func TestDialFromALocalAddress(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		l := listenTCP(t, ctx)
		defer l.Close()
		c, err := n.DialStream(ctx, kernel.SocketOptions{Network: "tcp4", Local: kernel.Addr{IP: netip.MustParseAddrPort("127.0.0.1:0")}, Remote: l.LocalAddr()})
		if err != nil {
			return err
		}
		defer c.Close()
		if c.LocalAddr().IP.Addr().String() != "127.0.0.1" || c.LocalAddr().IP.Port() == 0 || c.RemoteAddr() != l.LocalAddr() {
			t.Errorf("from %v to %v", c.LocalAddr(), c.RemoteAddr())
		}
		_, err = n.DialStream(ctx, kernel.SocketOptions{Network: "tcp4", Local: kernel.Addr{IP: netip.MustParseAddrPort("192.0.2.1:0")}, Remote: l.LocalAddr()})
		if !errors.Is(err, syscall.EADDRNOTAVAIL) {
			t.Errorf("from an address that is not ours: %v, want EADDRNOTAVAIL", err)
		}
		return nil
	})
}

func TestNamesWithoutAFile(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has UNIX sockets without a file")
	}
	run(t, func(ctx context.Context, n kernel.Network) error {
		for _, mark := range []string{"@", "\x00"} {
			name := mark + "anyio-test-" + filepath.Base(shortDir(t))
			l, err := n.ListenStream(ctx, kernel.SocketOptions{Network: "unix", Local: kernel.Addr{Path: name}})
			if err != nil {
				return err
			}
			defer l.Close()
			c, err := n.DialStream(ctx, kernel.SocketOptions{Network: "unix", Remote: kernel.Addr{Path: name}})
			if err != nil {
				return err
			}
			defer c.Close()
			if got := l.LocalAddr().Path; got != "@"+name[1:] {
				t.Errorf("the listener's address is %q", got)
			}
		}
		return nil
	})
}

func TestAdoptedSocketsWork(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		std, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer std.Close()
		fdOf := func(f *os.File, err error) uintptr {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			fd, err := unix.Dup(int(f.Fd()))
			if err != nil {
				t.Fatal(err)
			}
			return uintptr(fd)
		}
		l, err := n.AdoptListener(ctx, fdOf(std.(*net.TCPListener).File()))
		if err != nil {
			return err
		}
		defer l.Close()
		c, err := dial(ctx, l, "tcp")
		if err != nil {
			return err
		}
		defer c.Close()
		s, err := l.Accept(ctx)
		if err != nil {
			return err
		}
		defer s.Close()
		raw := must[syscall.RawConn](t)(s.SyscallConn())
		var fd int
		if err := raw.Control(func(n uintptr) { fd, err = unix.Dup(int(n)) }); err != nil {
			t.Error(err)
		}
		twin, err := n.AdoptStream(ctx, uintptr(fd))
		if err != nil {
			return err
		}
		defer twin.Close()
		if twin.LocalAddr() != s.LocalAddr() || twin.RemoteAddr() != s.RemoteAddr() {
			t.Errorf("adopted %v → %v", twin.LocalAddr(), twin.RemoteAddr())
		}
		write(t, ctx, c, "hello")
		want(t, ctx, twin, "hello")
		udp, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(loopback4.IP))
		if err != nil {
			return err
		}
		defer udp.Close()
		p, err := n.AdoptPacket(ctx, fdOf(udp.File()))
		if err != nil {
			return err
		}
		defer p.Close()
		if p.LocalAddr().IP.String() != udp.LocalAddr().String() {
			t.Errorf("adopted %v", p.LocalAddr())
		}
		r, w, err := os.Pipe()
		if err != nil {
			return err
		}
		defer w.Close()
		if _, err := n.AdoptStream(ctx, fdOf(r, nil)); !errors.Is(err, syscall.ENOTSOCK) {
			t.Errorf("adopted a pipe: %v, want ENOTSOCK", err)
		}
		return nil
	})
}

func TestLookups(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		addrs, err := n.LookupHost(ctx, "ip4", "localhost")
		if err != nil || len(addrs) == 0 || !addrs[0].IsLoopback() {
			t.Errorf("localhost: %v, %v", addrs, err)
		}
		if port, err := n.LookupPort(ctx, "tcp", "https"); port != 443 || err != nil {
			t.Errorf("https: %d, %v", port, err)
		}
		var dnsErr *net.DNSError
		if _, err := n.LookupPort(ctx, "tcp", "no-such-service"); !errors.As(err, &dnsErr) {
			t.Errorf("unknown service: %v, want a *net.DNSError", err)
		}
		ctx, s := anyio.OpenCancelScope(ctx)
		s.Cancel("test")
		_, host := n.LookupHost(ctx, "ip", "localhost")
		_, addr := n.LookupAddr(ctx, netip.MustParseAddr("127.0.0.1"))
		for _, err := range []error{host, addr} {
			if !errors.Is(err, anyio.ErrCanceled) {
				t.Errorf("canceled: %v", err)
			}
		}
		_ = s.End(nil)
		return nil
	})
}
