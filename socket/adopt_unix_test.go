//go:build unix

package socket_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/socket"
	"golang.org/x/sys/unix"
)

var notSim = anyiotest.Skip("sim", "descriptors belong to the world outside")

// rawSocket makes a socket by hand.
func rawSocket(t *testing.T, domain, kind int) int {
	t.Helper()
	fd, err := unix.Socket(domain, kind, 0)
	testkit.Must(t, err)
	return fd
}

func TestStreamFromDescriptorsAndConnections(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		testkit.Must(t, err)
		a, err := socket.AdoptStream(ctx, fds[0])
		testkit.Must(t, err)
		b, err := socket.AdoptUnixStream(ctx, uintptr(fds[1]))
		testkit.Must(t, err)
		testkit.Must(t, a.Send(ctx, []byte("hello")))
		want(t, ctx, b, "hello")
		testkit.Must(t, errors.Join(a.Close(ctx), b.Close(ctx)))

		std, err := net.Listen("tcp", "127.0.0.1:0")
		testkit.Must(t, err)
		l, err := socket.AdoptListener(ctx, std)
		testkit.Must(t, err)
		defer l.Close(ctx)
		conn, err := net.Dial("tcp", l.Addr().String())
		testkit.Must(t, err)
		c, err := socket.AdoptStream(ctx, conn)
		testkit.Must(t, err)
		s, err := l.Accept(ctx)
		testkit.Must(t, err)
		testkit.Must(t, c.Send(ctx, []byte("over TCP")))
		want(t, ctx, s, "over TCP")
		testkit.Must(t, errors.Join(c.Close(ctx), s.Close(ctx)))
	}, notSim)
}

// A descriptor is either ours or still the caller's, whenever the cancellation comes:
// who is not told to whom it belongs closes it twice, or never.
func TestCanceledAdoptionLeavesTheDescriptorToTheCaller(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for used := range 300 { // more than the budget of calls that need not wait
			fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
			testkit.Must(t, err)
			var a *socket.Stream
			err = anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					testkit.Must(t, lowlevel.Checkpoint(ctx)) // the budget is full
					tg.Go(func(ctx context.Context) error { scope.Cancel("test"); return nil })
					for range used % 150 {
						if err := lowlevel.Enter(ctx); err != nil {
							return nil
						}
					}
					var err error
					a, err = socket.AdoptStream(ctx, fds[0])
					return err
				})
			})
			testkit.Must(t, err)
			if a != nil {
				testkit.Must(t, a.Close(ctx))
			} else if err := unix.Close(fds[0]); err != nil {
				t.Fatalf("after %d calls: the descriptor is no longer the caller's: %v", used, err)
			}
			testkit.Must(t, unix.Close(fds[1]))
		}
	}, notSim)
}

func TestUnixListenerFromOutsideAccepts(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir, err := os.MkdirTemp("", "s") // t.TempDir is too long for a socket on macOS
		testkit.Must(t, err)
		defer os.RemoveAll(dir)
		path := filepath.Join(dir, "s")
		fd := rawSocket(t, unix.AF_UNIX, unix.SOCK_STREAM)
		testkit.Must(t, unix.Bind(fd, &unix.SockaddrUnix{Name: path}))
		testkit.Must(t, unix.Listen(fd, 5))
		l, err := socket.AdoptUnixListener(ctx, fd)
		testkit.Must(t, err)
		defer l.Close(ctx)
		if got := l.Addr().String(); got != path {
			t.Errorf("it listens on %q, want %q", got, path)
		}
		client, err := socket.DialUnix(ctx, path)
		testkit.Must(t, err)
		defer client.Close(ctx)
		server, err := l.Accept(ctx)
		testkit.Must(t, err)
		defer server.Close(ctx)
		testkit.Must(t, client.Send(ctx, []byte("hello")))
		buf := make([]byte, 10)
		if n, err := server.Receive(ctx, buf); string(buf[:n]) != "hello" || err != nil {
			t.Errorf("received %q, %v", buf[:n], err)
		}
	}, notSim)
}

func TestSocketsFromOutsideAreChecked(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		file, err := os.CreateTemp(t.TempDir(), "")
		testkit.Must(t, err)
		defer file.Close()
		tcp, udp := rawSocket(t, unix.AF_INET, unix.SOCK_STREAM), rawSocket(t, unix.AF_INET, unix.SOCK_DGRAM)
		gram := rawSocket(t, unix.AF_UNIX, unix.SOCK_DGRAM)
		defer unix.Close(tcp) // none of them is taken over
		defer unix.Close(udp)
		defer unix.Close(gram)
		_, err = socket.AdoptStream(ctx, "x")
		testkit.WantMisuseText(t, err, "expected a descriptor or a socket, got string instead")
		_, err = socket.AdoptStream(ctx, file)
		testkit.WantMisuseText(t, err, "does not refer to a socket")
		_, err = socket.AdoptStream(ctx, -1)
		testkit.WantMisuseText(t, err, "-1 is not a descriptor")
		_, err = socket.AdoptStream(ctx, tcp)
		testkit.WantMisuseText(t, err, "the socket must be connected")
		_, err = socket.AdoptStream(ctx, udp)
		testkit.WantMisuseText(t, err, "socket type mismatch: expected SOCK_STREAM, got SOCK_DGRAM")
		_, err = socket.AdoptUnixStream(ctx, tcp)
		testkit.WantMisuseText(t, err, "address family mismatch: expected AF_UNIX, got AF_INET")
		_, err = socket.AdoptListener(ctx, tcp)
		testkit.WantMisuseText(t, err, "the socket must be bound to a local address")
		_, err = socket.AdoptUnixListener(ctx, tcp)
		testkit.WantMisuseText(t, err, "address family mismatch: expected AF_UNIX, got AF_INET")
		_, err = socket.AdoptUDP(ctx, udp)
		testkit.WantMisuseText(t, err, "the socket must be bound to a local address")
		_, err = socket.AdoptUDP(ctx, tcp)
		testkit.WantMisuseText(t, err, "socket type mismatch: expected SOCK_DGRAM, got SOCK_STREAM")
		_, err = socket.AdoptUDP(ctx, gram)
		testkit.WantMisuseText(t, err, "address family mismatch: expected AF_INET or AF_INET6, got AF_UNIX")
		_, err = socket.AdoptConnectedUDP(ctx, udp)
		testkit.WantMisuseText(t, err, "the socket must be connected")
		_, err = socket.AdoptUnixgram(ctx, udp)
		testkit.WantMisuseText(t, err, "address family mismatch: expected AF_UNIX, got AF_INET")
		_, err = socket.AdoptConnectedUnixgram(ctx, gram)
		testkit.WantMisuseText(t, err, "the socket must be connected")
		testkit.Must(t, unix.Bind(tcp, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
		_, err = socket.AdoptListener(ctx, tcp)
		testkit.WantMisuseText(t, err, "the socket must listen")
		canceled(t, ctx, "AdoptStream", func(ctx context.Context) error { _, err := socket.AdoptStream(ctx, tcp); return err })
	})
}

func TestDatagramSocketsFromDescriptors(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
		testkit.Must(t, err)
		a, err := socket.AdoptConnectedUnixgram(ctx, fds[0])
		testkit.Must(t, err)
		b, err := socket.AdoptUnixgram(ctx, fds[1])
		testkit.Must(t, err)
		testkit.Must(t, a.Send(ctx, []byte("hello")))
		p, err := b.Receive(ctx)
		testkit.Must(t, err)
		if string(p.Data) != "hello" {
			t.Errorf("received %q", p.Data)
		}
		testkit.Must(t, errors.Join(a.Close(ctx), b.Close(ctx)))
		fd := rawSocket(t, unix.AF_INET, unix.SOCK_DGRAM)
		testkit.Must(t, unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
		u, err := socket.AdoptUDP(ctx, fd)
		testkit.Must(t, err)
		conn, err := net.Dial("udp", addrOf(t, u).String())
		testkit.Must(t, err)
		c, err := socket.AdoptConnectedUDP(ctx, conn)
		testkit.Must(t, err)
		testkit.Must(t, c.Send(ctx, []byte("udp")))
		packet, err := u.Receive(ctx)
		testkit.Must(t, err)
		if string(packet.Data) != "udp" || packet.Addr != addrOf(t, c) {
			t.Errorf("received %q from %v", packet.Data, packet.Addr)
		}
		testkit.Must(t, errors.Join(c.Close(ctx), u.Close(ctx)))
	}, notSim)
}

func TestWaitForDescriptors(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		testkit.Must(t, err)
		defer unix.Close(fds[0])
		defer unix.Close(fds[1])
		testkit.Must(t, socket.WaitWritable(ctx, fds[0]))
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error { return socket.WaitReadable(ctx, fds[0]) })
			idle(t, ctx)
			wantBusy(t, socket.WaitReadable(ctx, fds[0]), "reading from")
			_, err := unix.Write(fds[1], []byte("x"))
			testkit.Must(t, err)
		})
		testkit.Must(t, socket.WaitReadable(ctx, uintptr(fds[0]))) // nothing was read
		_, err = unix.Read(fds[0], make([]byte, 10))
		testkit.Must(t, err)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				testkit.WantErr(t, socket.WaitReadable(ctx, fds[0]), anyio.ErrClosed)
				return nil
			})
			idle(t, ctx)
			socket.NotifyClosing(ctx, fds[0])
		})
		testkit.WantMisuseText(t, socket.WaitReadable(ctx, "x"), "got string")
		canceled(t, ctx, "WaitReadable", func(ctx context.Context) error { return socket.WaitReadable(ctx, fds[0]) })
	}, notSim)
}

func TestWaitForDescriptorsOfObjects(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		r, w, err := os.Pipe()
		testkit.Must(t, err)
		defer r.Close()
		defer w.Close()
		testkit.Must(t, socket.WaitWritable(ctx, w))
		_, err = w.WriteString("x")
		testkit.Must(t, err)
		testkit.Must(t, socket.WaitReadable(ctx, r))
	}, notSim)
}

func TestSimulatorHasNoDescriptors(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		testkit.Must(t, err)
		defer unix.Close(fds[1])
		_, err = socket.AdoptStream(ctx, fds[0])
		testkit.WantErr(t, err, errors.ErrUnsupported)
		testkit.WantErr(t, socket.WaitReadable(ctx, fds[1]), errors.ErrUnsupported)
	}, anyiotest.Only("sim"))
}

// The file of a net.UnixListener is removed when its Close would have removed it.
func TestAdoptedUnixListenerKeepsItsFile(t *testing.T) {
	duplicate := func(t *testing.T, l *net.UnixListener) *os.File {
		f, err := l.File()
		testkit.Must(t, err)
		l.SetUnlinkOnClose(false)
		testkit.Must(t, l.Close())
		return f
	}
	forms := []struct {
		name  string
		from  func(t *testing.T, ctx context.Context, l *net.UnixListener) (anyio.Resource, error)
		stays bool
	}{
		{"net.UnixListener", func(t *testing.T, ctx context.Context, l *net.UnixListener) (anyio.Resource, error) {
			return socket.AdoptUnixListener(ctx, l)
		}, false},
		{"net.UnixListener, without unlink", func(t *testing.T, ctx context.Context, l *net.UnixListener) (anyio.Resource, error) {
			l.SetUnlinkOnClose(false)
			return socket.AdoptListener(ctx, l)
		}, true},
		{"net.Listener", func(t *testing.T, ctx context.Context, l *net.UnixListener) (anyio.Resource, error) {
			return socket.FromListener(l), nil
		}, false},
		{"net.Listener, without unlink", func(t *testing.T, ctx context.Context, l *net.UnixListener) (anyio.Resource, error) {
			l.SetUnlinkOnClose(false)
			return socket.FromListener(l), nil
		}, true},
		{"os.File", func(t *testing.T, ctx context.Context, l *net.UnixListener) (anyio.Resource, error) {
			return socket.AdoptUnixListener(ctx, duplicate(t, l))
		}, true},
		{"descriptor", func(t *testing.T, ctx context.Context, l *net.UnixListener) (anyio.Resource, error) {
			f := duplicate(t, l)
			defer f.Close()
			fd, err := unix.Dup(int(f.Fd()))
			testkit.Must(t, err)
			return socket.AdoptUnixListener(ctx, fd)
		}, true},
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, form := range forms {
			path := filepath.Join(t.TempDir(), "s")
			inner, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
			testkit.Must(t, err)
			l, err := form.from(t, ctx, inner)
			if err != nil {
				t.Fatalf("%s: %v", form.name, err)
			}
			c, err := socket.DialUnix(ctx, path)
			if err != nil {
				t.Errorf("%s: nobody can connect any more: %v", form.name, err)
			} else {
				_ = c.Close(ctx)
			}
			testkit.Must(t, anyio.CloseForcefully(ctx, l))
			if _, err := os.Lstat(path); (err == nil) != form.stays {
				t.Errorf("%s: after Close the file is there: %v", form.name, err == nil)
			}
			if c, err := socket.DialUnix(ctx, path); err == nil {
				t.Errorf("%s: it still listens", form.name)
				_ = c.Close(ctx)
			}
			_ = os.Remove(path)
			testkit.Must(t, os.WriteFile(path, nil, 0o600)) // another's by now
			testkit.Must(t, l.Close(ctx))
			_ = inner.Close()
			if _, err := os.Lstat(path); err != nil {
				t.Errorf("%s: a second Close removes another's file", form.name)
			}
		}
	}, notSim)
}
