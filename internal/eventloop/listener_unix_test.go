//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"golang.org/x/sys/unix"
)

func TestClosedListenerWakesAccept(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		l := listenTCP(t, ctx)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				if _, err := l.Accept(ctx); !errors.Is(err, net.ErrClosed) {
					t.Errorf("accept: %v, want net.ErrClosed", err)
				}
				return nil
			})
			blocked(t, ctx)
			l.Close()
		})
		// The port is free again.
		again, err := n.ListenStream(ctx, kernel.SocketOptions{Network: "tcp4", Local: l.LocalAddr()})
		if err != nil {
			return err
		}
		return again.Close()
	})
}

func TestDualStackListenerTakesBothFamilies(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		l := must[kernel.StreamListener](t)(n.ListenStream(ctx, kernel.SocketOptions{Network: "tcp"}))
		defer l.Close()
		if l.LocalAddr().IP.Addr().Is4() {
			t.Skip("there is no IPv6 here")
		}
		port := l.LocalAddr().IP.Port()
		for _, host := range []string{"127.0.0.1", "::1"} {
			to := netip.AddrPortFrom(netip.MustParseAddr(host), port)
			c, err := n.DialStream(ctx, kernel.SocketOptions{Network: "tcp", Remote: kernel.Addr{IP: to}})
			if err != nil {
				t.Errorf("%v: %v", to, err)
				continue
			}
			s := must[kernel.StreamConn](t)(l.Accept(ctx))
			if c.RemoteAddr().IP != to || s.LocalAddr() != c.RemoteAddr() || s.RemoteAddr() != c.LocalAddr() {
				t.Errorf("client %v → %v, server %v → %v", c.LocalAddr(), c.RemoteAddr(), s.LocalAddr(), s.RemoteAddr())
			}
			c.Close()
			s.Close()
		}
		only := must[kernel.StreamListener](t)(n.ListenStream(ctx, kernel.SocketOptions{Network: "tcp", V6Only: true}))
		defer only.Close()
		to := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), only.LocalAddr().IP.Port())
		if _, err := n.DialStream(ctx, kernel.SocketOptions{Network: "tcp", Remote: kernel.Addr{IP: to}}); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("IPv4 to an IPv6 listener: %v, want ECONNREFUSED", err)
		}
		return nil
	})
}

func TestTCPSocketsHaveNoDelayAndKeepAlive(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		a, b := tcpPair(t, ctx)
		defer a.Close()
		defer b.Close()
		for name, c := range map[string]kernel.StreamConn{"dialed": a, "accepted": b} {
			raw := must[syscall.RawConn](t)(c.SyscallConn())
			err := raw.Control(func(fd uintptr) {
				if v, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NODELAY); v == 0 || err != nil {
					t.Errorf("%s: TCP_NODELAY is %d, %v", name, v, err)
				}
				if v, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_KEEPALIVE); v == 0 || err != nil {
					t.Errorf("%s: SO_KEEPALIVE is %d, %v", name, v, err)
				}
				if flags, err := unix.FcntlInt(fd, unix.F_GETFD, 0); flags&unix.FD_CLOEXEC == 0 || err != nil {
					t.Errorf("%s: not closed on exec", name)
				}
			})
			if err != nil {
				t.Error(err)
			}
		}
		return nil
	})
}

func TestPortsAreSharedOnlyWhenAsked(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		l := must[kernel.StreamListener](t)(n.ListenStream(ctx, kernel.SocketOptions{Network: "tcp4", Local: loopback4, ReusePort: true}))
		defer l.Close()
		_, err := n.ListenStream(ctx, kernel.SocketOptions{Network: "tcp4", Local: l.LocalAddr()})
		var oe *net.OpError
		if !errors.Is(err, syscall.EADDRINUSE) || !errors.As(err, &oe) || oe.Op != "listen" {
			t.Errorf("got %v, want a *net.OpError with EADDRINUSE", err)
		}
		second, err := n.ListenStream(ctx, kernel.SocketOptions{Network: "tcp4", Local: l.LocalAddr(), ReusePort: true})
		if err != nil {
			return err
		}
		return second.Close()
	})
}

func TestUNIXSocketFilesAreTheCallersAffair(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		dir := shortDir(t)
		path := filepath.Join(dir, "s")
		o := kernel.SocketOptions{Network: "unix", Local: kernel.Addr{Path: path}}
		l := must[kernel.StreamListener](t)(n.ListenStream(ctx, o))
		if err := n.Chmod(ctx, path, 0o600); err != nil {
			t.Error(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != fs.ModeSocket|0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
		l.Close()
		if _, err := n.ListenStream(ctx, o); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("path of a closed listener: %v, want EADDRINUSE", err)
		}
		for range 2 { // also if there is none
			if err := n.RemoveSocketFile(ctx, path); err != nil {
				t.Error(err)
			}
		}
		if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
			return err
		}
		if err := n.RemoveSocketFile(ctx, path); err != nil {
			t.Error(err)
		}
		if _, err := n.ListenStream(ctx, o); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("path of a file: %v, want EADDRINUSE", err)
		}
		_, err := n.DialStream(ctx, kernel.SocketOptions{Network: "unix", Remote: kernel.Addr{Path: path}})
		if !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, syscall.ENOTSOCK) {
			t.Errorf("dial to a file: %v", err)
		}
		_, err = n.DialStream(ctx, kernel.SocketOptions{Network: "unix", Remote: kernel.Addr{Path: path + "x"}})
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("dial to nothing: %v, want fs.ErrNotExist", err)
		}
		_, err = n.ListenStream(ctx, kernel.SocketOptions{Network: "unix", Local: kernel.Addr{Path: filepath.Join(dir, strings.Repeat("x", 200))}})
		if !errors.Is(err, syscall.EINVAL) {
			t.Errorf("path too long: %v, want EINVAL", err)
		}
		return nil
	})
}

// The test runs itself again with a low limit of descriptors.
func TestAcceptGoesOnAfterTheDescriptorLimitWasReached(t *testing.T) {
	const env = "ANYIO_TEST_FEW_DESCRIPTORS"
	if os.Getenv(env) == "" {
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(exe, "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), env+"=1")
		out, err := cmd.CombinedOutput()
		if errors.Is(err, syscall.ENOEXEC) {
			t.Skipf("an emulator runs this, the system cannot: %v", err)
		}
		if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	run(t, func(ctx context.Context, n kernel.Network) error {
		l := listenTCP(t, ctx)
		defer l.Close()
		a := must[kernel.StreamConn](t)(dial(ctx, l, "tcp"))
		defer a.Close()
		b := must[kernel.StreamConn](t)(dial(ctx, l, "tcp"))
		defer b.Close()
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 100, Max: 100}); err != nil {
			return err
		}
		var hoard []int
		for {
			fd, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err != nil {
				break
			}
			hoard = append(hoard, fd)
		}
		for range 3 {
			if _, err := l.Accept(ctx); !errors.Is(err, syscall.EMFILE) {
				t.Errorf("accept: %v, want EMFILE", err)
			}
		}
		if _, err := dial(ctx, l, "tcp"); !errors.Is(err, syscall.EMFILE) {
			t.Errorf("dial: %v, want EMFILE", err)
		}
		shut(hoard...)
		for range 2 {
			c, err := l.Accept(ctx)
			if err != nil {
				return err
			}
			defer c.Close()
		}
		return nil
	})
}
