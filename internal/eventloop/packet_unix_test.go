//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
	"golang.org/x/sys/unix"
)

func openPacket(t testing.TB, ctx context.Context, o kernel.SocketOptions) kernel.PacketConn {
	t.Helper()
	return must[kernel.PacketConn](t)(kernel.NetworkOf(ctx).OpenPacket(ctx, o))
}

func wantPacket(t testing.TB, ctx context.Context, c kernel.PacketConn, s string, from kernel.Addr) {
	t.Helper()
	buf := make([]byte, 100)
	n, got, err := c.ReadFrom(ctx, buf)
	if err != nil || string(buf[:n]) != s || got != from {
		t.Errorf("read %q from %v, %v; want %q from %v", buf[:n], got, err, s, from)
	}
}

func TestDatagramsKeepTheirBoundsAndSenders(t *testing.T) {
	for network, local := range map[string]string{"udp4": "127.0.0.1:0", "udp6": "[::1]:0"} {
		t.Run(network, func(t *testing.T) {
			run(t, func(ctx context.Context, n kernel.Network) error {
				o := kernel.SocketOptions{Network: network, Local: kernel.Addr{IP: netip.MustParseAddrPort(local)}}
				a, err := n.OpenPacket(ctx, o)
				if err != nil {
					t.Skipf("no %s here: %v", network, err)
				}
				defer a.Close()
				b := openPacket(t, ctx, o)
				defer b.Close()
				connected := openPacket(t, ctx, kernel.SocketOptions{Network: network, Remote: a.LocalAddr()})
				defer connected.Close()
				group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
					tg.Go(func(ctx context.Context) error {
						wantPacket(t, ctx, a, "one", b.LocalAddr())
						wantPacket(t, ctx, a, "", b.LocalAddr())
						wantPacket(t, ctx, a, "two", connected.LocalAddr())
						return nil
					})
					blocked(t, ctx)
					for _, s := range []string{"one", ""} {
						if err := b.WriteTo(ctx, []byte(s), a.LocalAddr()); err != nil {
							t.Error(err)
						}
					}
					if err := connected.WriteTo(ctx, []byte("two"), kernel.Addr{}); err != nil {
						t.Error(err)
					}
				})
				if err := b.WriteTo(ctx, []byte("from a stranger"), connected.LocalAddr()); err != nil {
					t.Error(err)
				}
				if err := a.WriteTo(ctx, []byte("answer"), connected.LocalAddr()); err != nil {
					t.Error(err)
				}
				wantPacket(t, ctx, connected, "answer", kernel.Addr{})
				if err := connected.WriteTo(ctx, []byte("x"), b.LocalAddr()); !errors.Is(err, net.ErrWriteToConnected) {
					t.Errorf("write elsewhere: %v", err)
				}
				if err := b.WriteTo(ctx, make([]byte, 70_000), a.LocalAddr()); !errors.Is(err, syscall.EMSGSIZE) {
					t.Errorf("a datagram of 70,000 bytes: %v, want EMSGSIZE", err)
				}
				return nil
			})
		})
	}
}

func TestDatagramsThatAreTooLongAreCutOff(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		a := openPacket(t, ctx, kernel.SocketOptions{Network: "udp4", Local: loopback4})
		defer a.Close()
		for range 2 {
			if err := a.WriteTo(ctx, []byte("0123456789"), a.LocalAddr()); err != nil {
				t.Error(err)
			}
		}
		buf := make([]byte, 4)
		for range 2 {
			if n, from, err := a.ReadFrom(ctx, buf); n != 4 || from != a.LocalAddr() || err != nil {
				t.Errorf("read %d from %v, %v", n, from, err)
			}
		}
		return nil
	})
}

func TestClosedDatagramSocketWakesItsReader(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		a := openPacket(t, ctx, kernel.SocketOptions{Network: "udp4", Local: loopback4})
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				if _, _, err := a.ReadFrom(ctx, make([]byte, 10)); !errors.Is(err, net.ErrClosed) {
					t.Errorf("read: %v", err)
				}
				return nil
			})
			blocked(t, ctx)
			a.Close()
		})
		if err := a.WriteTo(ctx, []byte("x"), a.LocalAddr()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("write: %v", err)
		}
		again := openPacket(t, ctx, kernel.SocketOptions{Network: "udp4", Local: a.LocalAddr()})
		return again.Close()
	})
}

func TestDatagramEchoAllocatesNothing(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("package unix makes an address of each datagram here")
	}
	run(t, func(ctx context.Context, n kernel.Network) error {
		a := openPacket(t, ctx, kernel.SocketOptions{Network: "udp4", Local: loopback4})
		defer a.Close()
		out, in := []byte("hello"), make([]byte, 100)
		allocs := testing.AllocsPerRun(200, func() {
			if err := a.WriteTo(ctx, out, a.LocalAddr()); err != nil {
				t.Error(err)
			}
			if _, _, err := a.ReadFrom(ctx, in); err != nil {
				t.Error(err)
			}
		})
		if allocs >= 1 && !race.Enabled {
			t.Errorf("%v allocations for a datagram", allocs)
		}
		return nil
	})
}

// A queue that is full makes the sender wait, connected or not.
func TestUNIXDatagramsWaitForTheReceiver(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		dir := shortDir(t)
		r := openPacket(t, ctx, kernel.SocketOptions{Network: "unixgram", Local: kernel.Addr{Path: filepath.Join(dir, "r")}})
		defer r.Close()
		bound := openPacket(t, ctx, kernel.SocketOptions{Network: "unixgram", Local: kernel.Addr{Path: filepath.Join(dir, "s")}})
		defer bound.Close()
		connected := openPacket(t, ctx, kernel.SocketOptions{Network: "unixgram", Remote: r.LocalAddr()})
		defer connected.Close()
		for _, sender := range []struct {
			c        kernel.PacketConn
			to, from kernel.Addr
		}{{bound, r.LocalAddr(), bound.LocalAddr()}, {connected, kernel.Addr{}, kernel.Addr{}}} {
			const total = 2000
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				tg.Go(func(ctx context.Context) error {
					for range total {
						if err := sender.c.WriteTo(ctx, []byte("datagram"), sender.to); err != nil {
							return err
						}
					}
					return nil
				})
				blocked(t, ctx)
				for range total {
					wantPacket(t, ctx, r, "datagram", sender.from)
				}
			})
		}
		return nil
	})
}

func TestDescriptorsArePassedAlongWithData(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		a, b := unixPair(t, ctx)
		defer a.Close()
		defer b.Close()
		x, y := socketpair(t)
		defer shut(x, y)
		fds := make([]uintptr, 2)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				buf := make([]byte, 10)
				n, nfds, err := b.ReadFDs(ctx, buf, fds)
				if string(buf[:n]) != "take" || nfds != 2 {
					t.Errorf("%q with %d descriptors", buf[:n], nfds)
				}
				return err
			})
			blocked(t, ctx)
			if err := a.WriteFDs(ctx, []byte("take"), []uintptr{uintptr(x), uintptr(y)}); err != nil {
				t.Error(err)
			}
		})
		defer shut(int(fds[0]), int(fds[1]))
		if _, err := unix.Write(int(fds[0]), []byte("through")); err != nil {
			return err
		}
		buf := make([]byte, 10)
		if n, err := unix.Read(y, buf); string(buf[:max(n, 0)]) != "through" {
			t.Errorf("%q, %v", buf[:n], err)
		}
		if flags, err := unix.FcntlInt(fds[0], unix.F_GETFD, 0); flags&unix.FD_CLOEXEC == 0 || err != nil {
			t.Error("a received descriptor is not closed on exec")
		}

		// For those that are not asked for there is no leak, and no byte is lost.
		if err := a.WriteFDs(ctx, []byte("three"), []uintptr{uintptr(x), uintptr(x), uintptr(y)}); err != nil {
			t.Error(err)
		}
		write(t, ctx, a, " and none")
		if n, nfds, err := b.ReadFDs(ctx, buf, fds[:0]); string(buf[:n]) != "three" || nfds != 0 || !errors.Is(err, kernel.ErrDescriptorsCut) {
			t.Errorf("%q with %d descriptors, %v", buf[:n], nfds, err)
		}
		want(t, ctx, b, " and none")
		if err := a.WriteFDs(ctx, nil, []uintptr{uintptr(x)}); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("descriptors without data: %v, want EINVAL", err)
		}
		a.Close()
		if _, _, err := b.ReadFDs(ctx, buf, fds); err != io.EOF {
			t.Errorf("read after the end: %v", err)
		}
		if err := a.WriteFDs(ctx, []byte("x"), []uintptr{uintptr(x)}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("write after Close: %v", err)
		}
		if _, _, err := a.ReadFDs(ctx, buf, fds); !errors.Is(err, net.ErrClosed) {
			t.Errorf("read after Close: %v", err)
		}
		c, d := tcpPair(t, ctx)
		defer c.Close()
		defer d.Close()
		if err := c.WriteFDs(ctx, []byte("x"), []uintptr{uintptr(x)}); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("over TCP: %v", err)
		}
		if _, _, err := d.ReadFDs(ctx, buf, fds); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("over TCP: %v", err)
		}
		return nil
	})
}

// Read stops where descriptors are, so a short one does not empty the socket.
func TestShortReadOfAUNIXSocketIsFollowedByTheRest(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		a, b := unixPair(t, ctx)
		defer a.Close()
		defer b.Close()
		x, y := socketpair(t)
		defer shut(x, y)
		if err := a.WriteFDs(ctx, []byte("with"), []uintptr{uintptr(x)}); err != nil {
			t.Error(err)
		}
		write(t, ctx, a, "without")
		buf := make([]byte, 100)
		for _, s := range []string{"with", "without"} {
			if n, err := b.Read(ctx, buf); string(buf[:n]) != s || err != nil {
				t.Errorf("read %q, %v; want %q", buf[:n], err, s)
			}
		}
		return nil
	})
}
