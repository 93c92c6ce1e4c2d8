package netconn_test

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
	"github.com/anyio-go/anyio/internal/netconn"
	"github.com/anyio-go/anyio/internal/testkit"
	"golang.org/x/sys/unix"
)

var (
	_ kernel.RawStream  = (*netconn.Stream)(nil)
	_ kernel.LentStream = (*netconn.Stream)(nil)
)

// A lender knows whether its buffer is lent.
type lender struct {
	buf  [16]byte
	lent atomic.Bool
}

func (l *lender) Take(max int) []byte { l.lent.Store(true); return l.buf[:max] }
func (l *lender) Release()            { l.lent.Store(false) }

func TestWaitForDataNeedsNoBuffer(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		a, b := tcpPair(t, ctx)
		l := &lender{}
		read := func(ctx context.Context) (int, error) { return b.(kernel.LentStream).ReadLent(ctx, l, 10) }
		onLoop := kernel.Locate(ctx).RunningTask() != nil // then another goroutine waits, with the buffer
		waits := func(ctx context.Context) {
			if l.lent.Load() != onLoop {
				t.Errorf("while it waits a buffer is lent: %v", l.lent.Load())
			}
		}
		canceledWhileBlocked(t, ctx, func(ctx context.Context) error { _, err := read(ctx); return err }, waits)
		testkit.Must(t, anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				n, err := read(ctx)
				if string(l.buf[:n]) != "data" || !l.lent.Load() {
					t.Errorf("read %q", l.buf[:n])
				}
				return err
			})
			testkit.Settled(t, ctx)
			waits(ctx)
			send(t, ctx, a, "data")
			return nil
		}))
		testkit.Must(t, a.CloseWrite())
		if n, err := read(ctx); n != 0 || err != io.EOF {
			t.Errorf("at the end: %d, %v", n, err)
		}
		testkit.Must(t, b.Close())
		if _, err := read(ctx); !errors.Is(err, net.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestCallsOnTheDescriptorAreInterruptedAsOthersAre(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		a, b := tcpPair(t, ctx)
		buf := make([]byte, 1<<20)
		read := func(fd uintptr) (int, error) { n, err := unix.Read(int(fd), buf); return max(n, 0), err }
		write := func(fd uintptr) (int, error) { n, err := unix.Write(int(fd), buf); return max(n, 0), err }
		canceledWhileBlocked(t, ctx, func(ctx context.Context) error {
			_, err := b.(kernel.RawStream).ReadRaw(ctx, read)
			return err
		})
		send(t, ctx, a, "data")
		if n, err := b.(kernel.RawStream).ReadRaw(ctx, read); string(buf[:n]) != "data" || err != nil {
			t.Errorf("read %q, %v", buf[:n], err)
		}
		sent := 0
		canceledWhileBlocked(t, ctx, func(ctx context.Context) error {
			for {
				n, err := a.(kernel.RawStream).WriteRaw(ctx, write)
				if sent += n; err != nil {
					return err
				}
			}
		})
		for got := 0; got < sent; {
			n, err := b.(kernel.RawStream).ReadRaw(ctx, read)
			testkit.Must(t, err)
			got += n
		}
		testkit.Must(t, a.CloseWrite())
		if n, err := b.(kernel.RawStream).ReadRaw(ctx, read); n != 0 || err != io.EOF {
			t.Errorf("at the end: %d, %v", n, err)
		}
		_, err := b.(kernel.RawStream).WriteRaw(ctx, func(uintptr) (int, error) { return 0, syscall.EBADMSG })
		if oe, _ := err.(*net.OpError); oe == nil || oe.Op != "write" || !errors.Is(err, syscall.EBADMSG) {
			t.Errorf("the error of the call: %v", err)
		}
		wokenByClose(t, ctx, b, func(ctx context.Context) error {
			_, err := b.(kernel.RawStream).ReadRaw(ctx, func(uintptr) (int, error) { return 0, syscall.EAGAIN })
			return err
		})
		c, d := net.Pipe()
		defer d.Close()
		s := netconn.FromConn(c)
		defer s.Close()
		if raw, ok := s.(kernel.RawStream); ok {
			if _, err := raw.ReadRaw(ctx, read); !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("there is no descriptor: %v", err)
			}
			if _, err := raw.WriteRaw(ctx, write); !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("there is no descriptor: %v", err)
			}
		}
	})
}
