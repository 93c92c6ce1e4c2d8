//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
	"golang.org/x/sys/unix"
)

func TestStreamsCarryBytesAndTheirEnds(t *testing.T) {
	eachPair(t, func(t *testing.T, ctx context.Context, a, b kernel.StreamConn) {
		write(t, ctx, a, "ping")
		want(t, ctx, b, "ping")
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				want(t, ctx, a, "pong")
				wantEnd(t, ctx, a)
				wantEnd(t, ctx, a)
				return nil
			})
			blocked(t, ctx)
			write(t, ctx, b, "pong")
			if err := b.CloseWrite(); err != nil {
				t.Error(err)
			}
		})
		write(t, ctx, a, "still open")
		want(t, ctx, b, "still open")
		if _, err := b.Write(ctx, []byte("x")); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("write after the end was sent: %v, want EPIPE", err)
		}
		a.Close()
		wantEnd(t, ctx, b)
	})
}

// A short read must not make the next one wait for an edge that was seen already.
func TestEndIsSeenThatCameTogetherWithData(t *testing.T) {
	eachPair(t, func(t *testing.T, ctx context.Context, a, b kernel.StreamConn) {
		for registered := range 2 {
			if registered == 1 {
				group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
					tg.Go(func(ctx context.Context) error { want(t, ctx, b, "x"); return nil })
					blocked(t, ctx)
					write(t, ctx, a, "x")
				})
				write(t, ctx, a, "last words")
				a.Close()
				if err := anyio.Sleep(ctx, 1); err != nil { // both are in one event
					t.Error(err)
				}
				want(t, ctx, b, "last words")
				wantEnd(t, ctx, b)
				continue
			}
			write(t, ctx, a, "data")
			if n, err := b.Read(ctx, make([]byte, 100)); n != 4 || err != nil {
				t.Errorf("read: %d, %v", n, err)
			}
		}
	})
}

// Reads stop at urgent data, so a short one does not empty the socket.
func TestDataBehindUrgentDataIsRead(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		a, b := tcpPair(t, ctx)
		defer a.Close()
		defer b.Close()
		raw := must[syscall.RawConn](t)(a.SyscallConn())
		send := func(s string, flags int) {
			err := raw.Control(func(fd uintptr) {
				if err := unix.Sendto(int(fd), []byte(s), flags, nil); err != nil {
					t.Error(err)
				}
			})
			if err != nil {
				t.Error(err)
			}
		}
		for range 3 {
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				tg.Go(func(ctx context.Context) error {
					want(t, ctx, b, "x")
					for _, s := range []string{"abc", "def"} {
						buf := make([]byte, 100)
						if n, err := b.Read(ctx, buf); string(buf[:n]) != s || err != nil {
							t.Errorf("read %q, %v; want %q", buf[:n], err, s)
						}
					}
					return nil
				})
				blocked(t, ctx)
				send("xabc", 0)
				send("!", unix.MSG_OOB)
				send("def", 0)
			})
		}
		return nil
	})
}

func TestWriteWaitsForTheReader(t *testing.T) {
	eachPair(t, func(t *testing.T, ctx context.Context, a, b kernel.StreamConn) {
		data := bytes.Repeat([]byte("0123456789abcdef"), 1<<20) // 16 MiB
		var written atomic.Bool
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				n, err := a.Write(ctx, data)
				written.Store(true)
				if n != len(data) {
					t.Errorf("wrote %d bytes", n)
				}
				return err
			})
			blocked(t, ctx)
			if written.Load() {
				t.Error("16 MiB were written and nobody has read them")
			}
			got := make([]byte, 0, len(data))
			buf := make([]byte, 100_000)
			for len(got) < len(data) {
				n, err := b.Read(ctx, buf)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, buf[:n]...)
			}
			if !bytes.Equal(got, data) {
				t.Error("the bytes changed on their way")
			}
		})
	})
}

func TestCanceledReadLosesNothing(t *testing.T) {
	ownPair(t, func(t *testing.T, ctx context.Context, a, b kernel.StreamConn) {
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			reader := tg.Go(func(ctx context.Context) error {
				_, err := b.Read(ctx, make([]byte, 10))
				if !errors.Is(err, anyio.ErrCanceled) {
					t.Errorf("read: %v, want the cancellation", err)
				}
				return err
			})
			blocked(t, ctx)
			write(t, ctx, a, "data") // it is there before the reader is canceled
			reader.Cancel("test")
		})
		want(t, ctx, b, "data")
		canceled, s := anyio.OpenCancelScope(ctx)
		s.Cancel("test")
		write(t, ctx, a, "more")
		if _, err := b.Read(canceled, make([]byte, 10)); !errors.Is(err, anyio.ErrCanceled) {
			t.Errorf("read in a canceled scope: %v", err)
		}
		if n, err := b.Write(canceled, []byte("x")); n != 0 || !errors.Is(err, anyio.ErrCanceled) {
			t.Errorf("write in a canceled scope: %d, %v", n, err)
		}
		_ = s.End(nil)
		want(t, ctx, b, "more")
	})
}

func TestCanceledWriteTellsHowMuchWasWritten(t *testing.T) {
	ownPair(t, func(t *testing.T, ctx context.Context, a, b kernel.StreamConn) {
		data := make([]byte, 16<<20)
		written := 0
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			h := tg.Go(func(ctx context.Context) (err error) {
				written, err = a.Write(ctx, data)
				return err
			})
			blocked(t, ctx)
			h.Cancel("test")
		})
		a.Close()
		got := 0
		for {
			n, err := b.Read(ctx, data)
			got += n
			if err != nil {
				if err != io.EOF {
					t.Error(err)
				}
				break
			}
		}
		if got != written || got == 0 {
			t.Errorf("%d bytes arrived, %d were written", got, written)
		}
	})
}

func TestCloseWakesThoseWhoWait(t *testing.T) {
	eachPair(t, func(t *testing.T, ctx context.Context, a, b kernel.StreamConn) {
		wantClosed := func(op string, err error) {
			t.Helper()
			var oe *net.OpError
			if !errors.Is(err, net.ErrClosed) || !errors.As(err, &oe) || oe.Op != op {
				t.Errorf("got %v, want a *net.OpError of %s with net.ErrClosed", err, op)
			}
		}
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				_, err := a.Read(ctx, make([]byte, 10))
				wantClosed("read", err)
				return nil
			})
			tg.Go(func(ctx context.Context) error {
				_, err := a.Write(ctx, make([]byte, 16<<20))
				wantClosed("write", err)
				return nil
			})
			blocked(t, ctx)
			for range 2 {
				if err := a.Close(); err != nil {
					t.Error(err)
				}
			}
		})
		_, err := a.Read(ctx, make([]byte, 10))
		wantClosed("read", err)
		_, err = a.Read(ctx, nil)
		wantClosed("read", err)
		_, err = a.Write(ctx, nil)
		wantClosed("write", err)
		wantClosed("close", a.CloseWrite())
		raw := must[syscall.RawConn](t)(a.SyscallConn())
		if err := raw.Control(func(uintptr) {}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("raw control: %v", err)
		}
	})
}

func TestResetComesAfterTheDataBeforeIt(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		a, b := tcpPair(t, ctx)
		defer b.Close()
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				want(t, ctx, b, "data")
				_, err := b.Read(ctx, make([]byte, 10))
				var oe *net.OpError
				if !errors.Is(err, syscall.ECONNRESET) || !errors.As(err, &oe) || oe.Addr.String() != b.RemoteAddr().IP.String() {
					t.Errorf("read: %v, want a *net.OpError with ECONNRESET", err)
				}
				return nil
			})
			write(t, ctx, a, "data")
			blocked(t, ctx)
			if err := a.Abort(); err != nil {
				t.Error(err)
			}
		})
		if _, err := b.Write(ctx, []byte("x")); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("write: %v, want EPIPE", err)
		}
		return nil
	})
}

func TestReadAndWriteAllocateNothing(t *testing.T) {
	ownPair(t, func(t *testing.T, ctx context.Context, a, b kernel.StreamConn) {
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				buf := make([]byte, 100)
				for {
					n, err := b.Read(ctx, buf)
					if err != nil {
						return nil
					}
					if _, err := b.Write(ctx, buf[:n]); err != nil {
						return err
					}
				}
			})
			out, in := []byte("hello"), make([]byte, 100)
			n := testing.AllocsPerRun(200, func() {
				if _, err := a.Write(ctx, out); err != nil {
					t.Error(err)
				}
				if _, err := a.Read(ctx, in); err != nil {
					t.Error(err)
				}
			})
			if n >= 1 && !race.Enabled {
				t.Errorf("%v allocations for an echo", n)
			}
			a.Close()
		})
	})
}
