//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package netconn_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netconn"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestUnixSocketsPassDescriptors(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		path := filepath.Join(t.TempDir(), "s")
		l, err := network.ListenStream(ctx, kernel.SocketOptions{Network: "unix", Local: kernel.Addr{Path: path}})
		testkit.Must(t, err)
		testkit.Must(t, network.Chmod(ctx, path, 0o600))
		a, err := network.DialStream(ctx, kernel.SocketOptions{Network: "unix", Remote: l.LocalAddr()})
		testkit.Must(t, err)
		defer a.Close()
		b, err := l.Accept(ctx)
		testkit.Must(t, err)
		defer b.Close()
		testkit.Must(t, l.Close())
		if _, err := os.Stat(path); err != nil {
			t.Errorf("the socket file after Close: %v", err)
		}
		testkit.Must(t, network.RemoveSocketFile(ctx, path))
		testkit.Must(t, network.RemoveSocketFile(ctx, path))

		canceledWhileBlocked(t, ctx, func(ctx context.Context) error {
			_, _, err := b.ReadFDs(ctx, make([]byte, 8), make([]uintptr, 1))
			return err
		})
		r, w, err := os.Pipe()
		testkit.Must(t, err)
		defer r.Close()
		defer w.Close()
		// Two are sent and one is wanted: the other is closed, or the leak check tells.
		testkit.Must(t, a.WriteFDs(ctx, []byte("look"), []uintptr{w.Fd(), w.Fd()}))
		buf, fds := make([]byte, 8), make([]uintptr, 1)
		n, nfds, err := b.ReadFDs(ctx, buf, fds)
		if !errors.Is(err, kernel.ErrDescriptorsCut) || string(buf[:n]) != "look" || nfds != 1 {
			t.Fatalf("read %q and %d descriptors, %v", buf[:n], nfds, err)
		}
		if flags, err := unix.FcntlInt(fds[0], unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("flags %x, %v: want close-on-exec", flags, err)
		}
		got := os.NewFile(fds[0], "got")
		_, err = got.WriteString("x")
		testkit.Must(t, err)
		testkit.Must(t, got.Close())
		if _, err := r.Read(buf); err != nil || buf[0] != 'x' {
			t.Errorf("read %q, %v", buf[0], err)
		}
	})
}

func TestUnixDatagrams(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		o := kernel.SocketOptions{Network: "unixgram", Local: kernel.Addr{Path: filepath.Join(t.TempDir(), "s")}}
		server, err := network.OpenPacket(ctx, o)
		testkit.Must(t, err)
		defer server.Close()
		unnamed, err := network.OpenPacket(ctx, kernel.SocketOptions{Network: "unixgram"})
		testkit.Must(t, err)
		defer unnamed.Close()
		connected, err := network.OpenPacket(ctx, kernel.SocketOptions{Network: "unixgram", Remote: o.Local})
		testkit.Must(t, err)
		defer connected.Close()
		testkit.Must(t, unnamed.WriteTo(ctx, []byte("one"), o.Local))
		testkit.Must(t, connected.WriteTo(ctx, []byte("two"), kernel.Addr{}))
		for _, want := range []string{"one", "two"} {
			buf := make([]byte, 8)
			n, from, err := server.ReadFrom(ctx, buf)
			if err != nil || string(buf[:n]) != want || from != (kernel.Addr{}) {
				t.Errorf("read %q from %v, %v", buf[:n], from, err)
			}
		}
	})
}

func TestAdoptedStream(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		testkit.Must(t, err)
		a, err := network.AdoptStream(ctx, uintptr(fds[0]))
		testkit.Must(t, err)
		defer a.Close()
		b, err := network.AdoptStream(ctx, uintptr(fds[1]))
		testkit.Must(t, err)
		defer b.Close()
		canceledWhileBlocked(t, ctx, func(ctx context.Context) error {
			_, err := a.Read(ctx, make([]byte, 8))
			return err
		})
		send(t, ctx, b, "hello")
		readAll(t, ctx, a, "hello")
	})
}

func TestWaitFD(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		var p [2]int
		testkit.Must(t, unix.Pipe(p[:]))
		defer unix.Close(p[0])
		defer unix.Close(p[1])
		fd := uintptr(p[0])
		testkit.Must(t, network.WaitFD(ctx, uintptr(p[1]), true))
		for range 2 {
			canceledWhileBlocked(t, ctx, func(ctx context.Context) error { return network.WaitFD(ctx, fd, false) })
			testkit.Must(t, anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error { return network.WaitFD(ctx, fd, false) })
				testkit.Must(t, anyio.WaitAllTasksBlocked(ctx))
				if err := network.WaitFD(ctx, fd, false); !errors.Is(err, syscall.EBUSY) {
					t.Errorf("the second wait: %v, want EBUSY", err)
				}
				_, err := unix.Write(p[1], []byte("x"))
				return err
			}))
			_, err := unix.Read(p[0], make([]byte, 1))
			testkit.Must(t, err)
		}
		testkit.Must(t, anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				if err := network.WaitFD(ctx, fd, false); !errors.Is(err, net.ErrClosed) {
					t.Errorf("got %v, want net.ErrClosed", err)
				}
				return nil
			})
			testkit.Must(t, anyio.WaitAllTasksBlocked(ctx))
			network.NotifyClosing(ctx, fd)
			return nil
		}))
	})
}

// A server that has no descriptor left may try again, and gets the connection.
func TestAcceptWithoutDescriptorsIsTemporary(t *testing.T) {
	var e interface{ Temporary() bool }
	err := error(&net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", syscall.EMFILE)})
	l := netconn.FromListener(failing{err})
	_, err = l.Accept(context.Background())
	if !errors.As(err, &e) || !e.Temporary() || !errors.Is(err, syscall.EMFILE) {
		t.Errorf("got %v, want a temporary error that is EMFILE", err)
	}
}

type failing struct{ err error }

func (f failing) Accept() (net.Conn, error) { return nil, f.err }
func (f failing) Close() error              { return nil }
func (f failing) Addr() net.Addr            { return &net.TCPAddr{} }
