//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop_test

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"golang.org/x/sys/unix"
)

// socketpair makes two connected sockets that are the test's own.
func socketpair(t testing.TB) (a, b int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if err := unix.SetNonblock(fd, true); err != nil {
			t.Fatal(err)
		}
	}
	return fds[0], fds[1]
}

func shut(fds ...int) {
	for _, fd := range fds {
		unix.Close(fd)
	}
}

// fill writes until nothing more is taken, drain reads until nothing is left.
func fill(fd int) {
	for buf := make([]byte, 1<<16); ; {
		if _, err := unix.Write(fd, buf); err != nil {
			return
		}
	}
}

func drain(fd int) {
	for buf := make([]byte, 1<<16); ; {
		if _, err := unix.Read(fd, buf); err != nil {
			return
		}
	}
}

func TestWaitFDWaitsInBothDirections(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		a, b := socketpair(t)
		defer shut(a, b)
		if err := n.WaitFD(ctx, uintptr(a), true); err != nil {
			t.Errorf("a new socket is not writable: %v", err)
		}
		for range 3 {
			fill(a)
			var read, written anyio.Event
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				tg.Go(func(ctx context.Context) error { defer read.Set(); return n.WaitFD(ctx, uintptr(a), false) })
				tg.Go(func(ctx context.Context) error { defer written.Set(); return n.WaitFD(ctx, uintptr(a), true) })
				blocked(t, ctx)
				for _, write := range []bool{false, true} {
					if err := n.WaitFD(ctx, uintptr(a), write); !errors.Is(err, syscall.EBUSY) {
						t.Errorf("second wait: %v, want EBUSY", err)
					}
				}
				if _, err := unix.Write(b, []byte("x")); err != nil {
					t.Error(err)
				}
				if err := read.Wait(ctx); err != nil {
					t.Error(err)
				}
				blocked(t, ctx)
				if written.IsSet() {
					t.Error("a full socket is writable")
				}
				drain(b)
			})
			if err := n.WaitFD(ctx, uintptr(a), false); err != nil { // it still is
				t.Error(err)
			}
			drain(a)
		}
		return nil
	})
}

func TestNotifyClosingWakesThoseWhoWait(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		a, b := socketpair(t)
		defer shut(b)
		fill(a)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for _, write := range []bool{false, true} {
				tg.Go(func(ctx context.Context) error {
					if err := n.WaitFD(ctx, uintptr(a), write); !errors.Is(err, net.ErrClosed) {
						t.Errorf("write %v: %v, want net.ErrClosed", write, err)
					}
					return nil
				})
			}
			blocked(t, ctx)
			n.NotifyClosing(ctx, uintptr(a))
			shut(a)
		})
		n.NotifyClosing(ctx, uintptr(b)) // nobody waits
		return nil
	})
}

// Nobody tells the loop when a descriptor is closed for which no one waits.
func TestWaitFDKnowsANumberThatIsAnotherFileNow(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		for range 3 {
			a, b := socketpair(t)
			timedOut, err := anyio.MoveOnAfter(ctx, time.Millisecond, func(ctx context.Context) error { return n.WaitFD(ctx, uintptr(a), false) })
			if !timedOut || err != nil {
				t.Errorf("wait for an empty socket: %v, %v", timedOut, err)
			}
			shut(a)
			if err := n.WaitFD(ctx, uintptr(a), false); !errors.Is(err, syscall.EBADF) {
				t.Errorf("closed descriptor: %v, want EBADF", err)
			}
			shut(b)
		}
		return nil
	})
}

func TestWaitFDWorksForSocketsOfTheLoop(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		a, b := tcpPair(t, ctx)
		defer a.Close()
		defer b.Close()
		raw := must[syscall.RawConn](t)(a.SyscallConn())
		var fd uintptr
		if err := raw.Control(func(n uintptr) { fd = n }); err != nil {
			t.Error(err)
		}
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error { want(t, ctx, a, "x"); return nil }) // the poller knows a
			blocked(t, ctx)
			tg.Go(func(ctx context.Context) error { return n.WaitFD(ctx, fd, false) })
			blocked(t, ctx)
			write(t, ctx, b, "x")
			if err := kernel.Checkpoint(ctx); err != nil {
				t.Error(err)
			}
			write(t, ctx, b, "y") // whoever came second finds it
		})
		want(t, ctx, a, "y")
		return nil
	})
}

func TestGoroutineWaitsForADescriptor(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		r, w, err := os.Pipe()
		if err != nil {
			return err
		}
		defer w.Close()
		defer r.Close()
		fd := r.Fd()
		var ended anyio.Event
		go func() {
			defer ended.Set()
			if err := n.WaitFD(ctx, fd, false); err != nil {
				t.Error(err)
			}
		}()
		blocked(t, ctx)
		if _, err := w.Write([]byte("x")); err != nil {
			return err
		}
		return ended.Wait(ctx)
	})
}

func TestRawConnWaits(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		a, b := tcpPair(t, ctx)
		defer b.Close()
		raw := must[syscall.RawConn](t)(a.SyscallConn())
		read := func() (s string, err error) {
			buf := make([]byte, 10)
			err = raw.Read(func(fd uintptr) bool {
				n, err := unix.Read(int(fd), buf)
				s = string(buf[:max(n, 0)])
				return err != unix.EAGAIN
			})
			return s, err
		}
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			reader := func(wantErr error, wantText string) func(ctx context.Context) error {
				return func(ctx context.Context) error {
					if s, err := read(); s != wantText || !errors.Is(err, wantErr) {
						t.Errorf("raw read: %q, %v", s, err)
					}
					return nil
				}
			}
			tg.Go(reader(nil, "x"))
			blocked(t, ctx)
			write(t, ctx, b, "x")
			blocked(t, ctx)
			h := tg.Go(reader(anyio.ErrCanceled, ""))
			blocked(t, ctx)
			h.Cancel("test")
			blocked(t, ctx)
			tg.Go(reader(net.ErrClosed, ""))
			blocked(t, ctx)
			a.Close()
		})
		if err := raw.Write(func(uintptr) bool { return true }); !errors.Is(err, net.ErrClosed) {
			t.Errorf("raw write after Close: %v", err)
		}
		return nil
	})
}
