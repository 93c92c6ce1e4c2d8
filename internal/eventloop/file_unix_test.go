//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/testkit"
	"golang.org/x/sys/unix"
)

func files(ctx context.Context) kernel.TryNetwork {
	return kernel.NetworkOf(ctx).(kernel.TryNetwork)
}

func fileOf(t testing.TB, ctx context.Context, fd int, lend bool) (kernel.TryFile, *testkit.Bell) {
	t.Helper()
	f := must[kernel.TryFile](t)(files(ctx).TryFile(uintptr(fd), lend))
	b := testkit.NewBell()
	f.Watch(b)
	return f, b
}

func osPipe(t testing.TB) (r, w int) {
	t.Helper()
	fds := make([]int, 2)
	if err := unix.Pipe(fds); err != nil {
		t.Fatal(err)
	}
	return fds[0], fds[1]
}

func TestPipe(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		rfd, wfd := osPipe(t)
		r, rb := fileOf(t, ctx, rfd, false)
		w, wb := fileOf(t, ctx, wfd, false)
		defer r.Close()
		defer w.Close()
		data := make([]byte, 1<<20)
		for i := range data {
			data[i] = byte(i >> 8)
		}
		sent := must[int](t)(w.TryWrite([]byte("x")))
		if err := w.TryHangup(); err != kernel.ErrWouldBlock {
			t.Errorf("hang-up of an open pipe: %v", err)
		}
		got := make([]byte, 64<<10)
		if k := must[int](t)(r.TryRead(got)); k != 1 || sent != 1 {
			t.Errorf("sent %d, got %d", sent, k)
		}
		if _, err := r.TryRead(got); err != kernel.ErrWouldBlock {
			t.Errorf("TryRead of nothing: %v", err)
		}
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				for sum := 0; ; {
					var k int
					err := rb.Until(ctx, false, func() (err error) { k, err = r.TryRead(got); return err })
					if err == io.EOF && sum == len(data) {
						return nil
					}
					if err != nil {
						return err
					}
					if string(got[:k]) != string(data[sum:sum+k]) {
						return errors.New("other bytes")
					}
					sum += k
				}
			})
			sent := 0
			err := wb.Until(ctx, true, func() error { k, err := w.TryWrite(data[sent:]); sent += k; return err })
			return errors.Join(err, w.Close())
		})
	})
}

func TestWriteEndOfAPipeIsToldThatNobodyReads(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		rfd, wfd := osPipe(t)
		w, b := fileOf(t, ctx, wfd, false)
		defer w.Close()
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error { return b.Until(ctx, false, w.TryHangup) })
			blocked(t, ctx)
			unix.Close(rfd)
		})
		var op *net.OpError
		if _, err := w.TryWrite([]byte("x")); !errors.Is(err, syscall.EPIPE) || !errors.As(err, &op) {
			t.Errorf("TryWrite: %v", err)
		}
		return nil
	})
}

func TestFIFOAndNull(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		path := filepath.Join(t.TempDir(), "fifo")
		if err := unix.Mkfifo(path, 0o600); err != nil {
			return err
		}
		fd := must[int](t)(unix.Open(path, unix.O_RDWR, 0))
		f, b := fileOf(t, ctx, fd, false)
		defer f.Close()
		must[int](t)(f.TryWrite([]byte("to itself")))
		got := make([]byte, 16)
		var k int
		if err := b.Until(ctx, false, func() (err error) { k, err = f.TryRead(got); return err }); err != nil || string(got[:k]) != "to itself" {
			t.Errorf("read %q, %v", got[:k], err)
		}
		null, _ := fileOf(t, ctx, must[int](t)(unix.Open(os.DevNull, unix.O_RDWR, 0)), false)
		defer null.Close()
		must[int](t)(null.TryWrite([]byte("x")))
		if _, err := null.TryRead(got); err != io.EOF {
			t.Errorf("read of %s: %v", os.DevNull, err)
		}
		return nil
	})
}

func TestALentDescriptorStaysOpenAndIsWatched(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		rfd, wfd := osPipe(t)
		defer unix.Close(rfd)
		defer unix.Close(wfd)
		r, b := fileOf(t, ctx, rfd, true)
		ready := func() error { return r.TryReady(false) }
		for range 3 {
			if err := ready(); err != kernel.ErrWouldBlock {
				t.Errorf("TryReady of nothing: %v", err)
			}
			must[int](t)(unix.Write(wfd, []byte("x")))
			if err := b.Until(ctx, false, ready); err != nil {
				return err
			}
			if err := ready(); err != nil { // it is still
				t.Errorf("TryReady: %v", err)
			}
			must[int](t)(unix.Read(rfd, make([]byte, 8)))
		}
		if err := r.Close(); err != nil {
			return err
		}
		if err := ready(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("TryReady after Close: %v", err)
		}
		must[int](t)(unix.FcntlInt(uintptr(rfd), unix.F_GETFD, 0))

		// It can be watched anew, and twice.
		again, b := fileOf(t, ctx, rfd, true)
		other, ob := fileOf(t, ctx, rfd, true)
		defer again.Close()
		defer other.Close()
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				return b.Until(ctx, false, func() error { return again.TryReady(false) })
			})
			tg.Go(func(ctx context.Context) error {
				return ob.Until(ctx, false, func() error { return other.TryReady(false) })
			})
			if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
				return err
			}
			_, err := unix.Write(wfd, []byte("x"))
			return err
		})
	})
}

func TestTryFileFails(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		for _, lend := range []bool{false, true} {
			if _, err := files(ctx).TryFile(1<<20, lend); !errors.Is(err, syscall.EBADF) {
				t.Errorf("a descriptor that is none, lent %v: %v", lend, err)
			}
		}
		return nil
	})
}

// Who watches a descriptor and closes it without a word harms nobody who gets its number.
func TestNumberOfAForgottenDescriptorIsFree(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		l := listenTCP(t, ctx)
		defer l.Close()
		rfd, wfd := osPipe(t)
		defer unix.Close(wfd)
		r, _ := fileOf(t, ctx, rfd, true)
		if err := r.TryReady(false); err != kernel.ErrWouldBlock {
			t.Error(err)
		}
		blocked(t, ctx) // it is registered
		unix.Close(rfd)
		a := must[kernel.StreamConn](t)(dial(ctx, l, "tcp4")) // the lowest number that is free
		defer a.Close()
		b := must[kernel.StreamConn](t)(l.Accept(ctx))
		defer b.Close()
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for _, c := range []kernel.StreamConn{a, b} {
				tg.Go(func(ctx context.Context) error {
					_, err := c.Read(ctx, make([]byte, 1))
					return err
				})
			}
			blocked(t, ctx)
			write(t, ctx, a, "x")
			write(t, ctx, b, "x")
		})
		return r.Close()
	})
}
