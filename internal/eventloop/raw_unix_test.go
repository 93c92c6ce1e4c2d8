//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"golang.org/x/sys/unix"
)

func TestWaitNeedsNoBuffer(t *testing.T) {
	ownPair(t, func(t *testing.T, ctx context.Context, a, b kernel.StreamConn) {
		buf := make([]byte, 10)
		c := b.(kernel.PatientStream)
		nothing := func() {
			t.Helper()
			if n, err := c.ReadNow(ctx, buf); n != 0 || err != kernel.ErrWouldBlock {
				t.Errorf("nothing is there: %d, %v", n, err)
			}
		}
		for range 2 { // before and after it is registered
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				var waited atomic.Bool
				tg.Go(func(ctx context.Context) error {
					nothing()
					for {
						if err := c.WaitRead(ctx); err != nil {
							return err
						}
						waited.Store(true)
						n, err := c.ReadNow(ctx, buf)
						if err == kernel.ErrWouldBlock {
							continue
						}
						if string(buf[:n]) != "data" || err != nil {
							t.Errorf("read %q, %v", buf[:n], err)
						}
						return nil
					}
				})
				blocked(t, ctx)
				if waited.Load() {
					t.Error("it did not wait")
				}
				write(t, ctx, a, "data")
			})
			nothing()
		}
		a.Close()
		if err := c.WaitRead(ctx); err != nil {
			t.Error(err)
		}
		if n, err := c.ReadNow(ctx, buf); n != 0 || err != io.EOF {
			t.Errorf("at the end: %d, %v", n, err)
		}
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Cancel("test")
			if _, err := c.ReadNow(ctx, buf); !errors.Is(err, anyio.ErrCanceled) {
				t.Errorf("an attempt in a canceled scope: %v", err)
			}
			if err := c.WaitRead(ctx); !errors.Is(err, anyio.ErrCanceled) {
				t.Errorf("a wait in a canceled scope: %v", err)
			}
		})
		b.Close()
		if _, err := c.ReadNow(ctx, buf); !errors.Is(err, net.ErrClosed) {
			t.Errorf("an attempt after Close: %v", err)
		}
		if err := c.WaitRead(ctx); !errors.Is(err, net.ErrClosed) {
			t.Errorf("a wait after Close: %v", err)
		}
	})
}

func TestCallsOnTheDescriptorWaitAsReadAndWriteDo(t *testing.T) {
	ownPair(t, func(t *testing.T, ctx context.Context, a, b kernel.StreamConn) {
		buf := make([]byte, 1<<20)
		var calls atomic.Int32
		read := func(fd uintptr) (int, error) {
			calls.Add(1)
			return unix.Read(int(fd), buf)
		}
		raw := b.(kernel.RawStream)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				if n, err := raw.ReadRaw(ctx, read); string(buf[:n]) != "data" || err != nil {
					t.Errorf("read %q, %v", buf[:n], err)
				}
				return nil
			})
			blocked(t, ctx)
			if calls.Load() != 1 {
				t.Errorf("%d calls before there was anything", calls.Load())
			}
			write(t, ctx, a, "data")
		})
		if calls.Load() != 2 {
			t.Errorf("%d calls", calls.Load())
		}
		sent := 0
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
			for {
				n, err := a.(kernel.RawStream).WriteRaw(ctx, func(fd uintptr) (int, error) {
					n, err := unix.Write(int(fd), buf)
					if err == unix.EAGAIN {
						scope.Cancel("it is full")
					}
					return max(n, 0), err
				})
				if sent += n; err != nil {
					return err
				}
			}
		})
		if err != nil {
			t.Error(err)
		}
		for got := 0; got < sent; {
			n, err := raw.ReadRaw(ctx, read)
			if got += n; err != nil {
				t.Fatal(err)
			}
		}
		a.Close()
		if n, err := raw.ReadRaw(ctx, read); n != 0 || err != io.EOF {
			t.Errorf("at the end: %d, %v", n, err)
		}
		_, err = raw.ReadRaw(ctx, func(uintptr) (int, error) { return 0, syscall.EBADMSG })
		if oe, _ := err.(*net.OpError); oe == nil || oe.Op != "read" || !errors.Is(err, syscall.EBADMSG) {
			t.Errorf("the call's own error: %v", err)
		}
	})
}
