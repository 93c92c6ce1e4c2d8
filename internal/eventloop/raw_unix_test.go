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

// A lender knows whether its buffer is lent.
type lender struct {
	buf  [16]byte
	lent atomic.Bool
}

func (l *lender) Take(max int) []byte { l.lent.Store(true); return l.buf[:max] }
func (l *lender) Release()            { l.lent.Store(false) }

func TestWaitNeedsNoBuffer(t *testing.T) {
	ownPair(t, func(t *testing.T, ctx context.Context, a, b kernel.StreamConn) {
		l := &lender{}
		read := func(ctx context.Context) (int, error) { return b.(kernel.LentStream).ReadLent(ctx, l, 10) }
		for range 2 { // before and after it is registered
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				var waited atomic.Bool
				tg.Go(func(ctx context.Context) error {
					n, err := read(ctx)
					if string(l.buf[:n]) != "data" || err != nil || !waited.Load() || !l.lent.Load() {
						t.Errorf("read %q, %v, having waited: %v", l.buf[:n], err, waited.Load())
					}
					return nil
				})
				blocked(t, ctx)
				if l.lent.Load() {
					t.Error("while it waits the buffer is lent")
				}
				waited.Store(true)
				write(t, ctx, a, "data")
			})
			l.Release()
		}
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			h := tg.Go(func(ctx context.Context) error {
				if _, err := read(ctx); !errors.Is(err, anyio.ErrCanceled) || l.lent.Load() {
					t.Errorf("canceled while it waits: %v, and the buffer is lent: %v", err, l.lent.Load())
				}
				return nil
			})
			blocked(t, ctx)
			h.Cancel("test")
		})
		a.Close()
		if n, err := read(ctx); n != 0 || err != io.EOF || l.lent.Load() {
			t.Errorf("at the end: %d, %v", n, err)
		}
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Cancel("test")
			if _, err := read(ctx); !errors.Is(err, anyio.ErrCanceled) || l.lent.Load() {
				t.Errorf("in a canceled scope: %v", err)
			}
		})
		b.Close()
		if _, err := read(ctx); !errors.Is(err, net.ErrClosed) || l.lent.Load() {
			t.Errorf("after Close: %v", err)
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
