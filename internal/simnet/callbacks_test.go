//go:build unix

package simnet_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/testkit"
)

const noCallbacks = "its sockets have no callbacks"

func check(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// options are those of a socket of a network, at an address of its own.
func options(t *testing.T, network string) kernel.SocketOptions {
	t.Helper()
	o := kernel.SocketOptions{Network: network}
	if network == "unix" || network == "unixgram" {
		o.Local.Path = socketPath(t)
	} else {
		o.Local.IP = netip.MustParseAddrPort("127.0.0.1:0")
	}
	return o
}

func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "anyio") // short, unlike t.TempDir
	check(t, "directory", err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

// onLoops runs f with a connection and its other end, on the backends that have callbacks.
func onLoops(t *testing.T, f func(t *testing.T, ctx context.Context, c kernel.TryStream, peer kernel.StreamConn)) {
	for _, network := range []string{"tcp4", "unix"} {
		t.Run(network, func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				n := kernel.NetworkOf(ctx)
				l, err := n.ListenStream(ctx, options(t, network))
				check(t, "listen", err)
				defer l.Close()
				tl, err := kernel.Try[kernel.TryListener](l)
				check(t, "listener", err)
				b := testkit.NewBell()
				tl.Watch(b)
				var peer, accepted kernel.StreamConn
				err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) (err error) {
						peer, err = n.DialStream(ctx, kernel.SocketOptions{Network: network, Remote: l.LocalAddr()})
						return err
					})
					return b.Until(ctx, false, func() (err error) {
						accepted, err = tl.TryAccept()
						return err
					})
				})
				check(t, "connect", err)
				defer accepted.Close()
				defer peer.Close()
				c, err := kernel.Try[kernel.TryStream](accepted)
				check(t, "connection", err)
				f(t, ctx, c, peer)
			}, anyiotest.Skip("parallel", noCallbacks))
		})
	}
}

func TestReadableIsToldAfterAnAttemptThatFoundNothing(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context, c kernel.TryStream, peer kernel.StreamConn) {
		b := testkit.NewBell()
		c.Watch(b)
		if n, err := c.TryRead(make([]byte, 8)); n != 0 || err != kernel.ErrWouldBlock {
			t.Fatalf("TryRead of nothing: %d, %v", n, err)
		}
		for _, text := range []string{"first", "second"} {
			_, err := peer.Write(ctx, []byte(text))
			check(t, "write", err)
			got := make([]byte, 8)
			var n int
			check(t, "read", b.Until(ctx, false, func() (err error) { n, err = c.TryRead(got); return err }))
			if string(got[:n]) != text {
				t.Errorf("read %q, want %q", got[:n], text)
			}
		}
		check(t, "close", peer.CloseWrite())
		if err := b.Until(ctx, false, func() error { _, err := c.TryRead(make([]byte, 8)); return err }); err != io.EOF {
			t.Errorf("at the end: %v", err)
		}
		if n := b.Writes.Load(); n != 0 {
			t.Errorf("Writable was told %d times, and nobody has tried to write", n)
		}
	})
}

func TestWritableIsToldWhenThereIsRoom(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context, c kernel.TryStream, peer kernel.StreamConn) {
		b := testkit.NewBell()
		c.Watch(b)
		data := bytes.Repeat([]byte("0123456789abcdef"), 512<<10)
		n, err := c.TryWrite(data)
		if err != kernel.ErrWouldBlock || n == 0 || n == len(data) {
			t.Fatalf("TryWrite of too much: %d, %v", n, err)
		}
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				got, buf := 0, make([]byte, 64<<10)
				for got < len(data) {
					k, err := peer.Read(ctx, buf)
					if err != nil {
						return err
					}
					if !bytes.Equal(buf[:k], data[got:got+k]) {
						return errors.New("other bytes")
					}
					got += k
				}
				return nil
			})
			return b.Until(ctx, true, func() error {
				k, err := c.TryWrite(data[n:])
				n += k
				return err
			})
		})
		check(t, "write all", err)
		if n != len(data) {
			t.Errorf("wrote %d of %d", n, len(data))
		}
	})
}

func TestNothingIsToldWhileReadingIsPaused(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context, c kernel.TryStream, peer kernel.StreamConn) {
		b := testkit.NewBell()
		c.Watch(b)
		_, err := c.TryRead(make([]byte, 8))
		if err != kernel.ErrWouldBlock {
			t.Fatal(err)
		}
		c.PauseReading()
		for range 3 {
			_, err = peer.Write(ctx, []byte("x"))
			check(t, "write", err)
			check(t, "pause", anyio.WaitAllTasksBlocked(ctx))
		}
		if n := b.Reads.Load(); n != 0 {
			t.Errorf("Readable was told %d times", n)
		}
		c.ResumeReading()
		got := make([]byte, 8)
		n := 0
		for n < 3 {
			check(t, "read", b.Until(ctx, false, func() error { k, err := c.TryRead(got[n:]); n += k; return err }))
		}
		if string(got[:n]) != "xxx" {
			t.Errorf("read %q", got[:n])
		}
		_, err = peer.Write(ctx, []byte("y"))
		check(t, "write", err)
		check(t, "read", b.Until(ctx, false, func() error { _, err := c.TryRead(got); return err }))
	})
}

func TestCloseTellsWhoWatches(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context, c kernel.TryStream, peer kernel.StreamConn) {
		b := testkit.NewBell()
		c.Watch(b)
		if _, err := c.TryRead(make([]byte, 8)); err != kernel.ErrWouldBlock {
			t.Fatal(err)
		}
		check(t, "close", c.Close())
		if b.Reads.Load() != 1 {
			t.Errorf("Readable was told %d times", b.Reads.Load())
		}
		_, err := c.TryRead(make([]byte, 8))
		_, want := c.Read(ctx, make([]byte, 8))
		if !errors.Is(err, net.ErrClosed) || err.Error() != want.Error() {
			t.Errorf("TryRead: %v, Read: %v", err, want)
		}
		_, err = c.TryWrite([]byte("x"))
		_, want = c.Write(ctx, []byte("x"))
		if !errors.Is(err, net.ErrClosed) || err.Error() != want.Error() {
			t.Errorf("TryWrite: %v, Write: %v", err, want)
		}
	})
}

func TestWhatBlocksAndWhoWatchesAreBothTold(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context, c kernel.TryStream, peer kernel.StreamConn) {
		b := testkit.NewBell()
		c.Watch(b)
		c.PauseReading()
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				_, err := c.Read(ctx, make([]byte, 1))
				return err
			})
			check(t, "wait", anyio.WaitAllTasksBlocked(ctx))
			_, err := peer.Write(ctx, []byte("ab"))
			return err
		})
		check(t, "read", err)
		c.ResumeReading()
		check(t, "read the rest", b.Until(ctx, false, func() error { _, err := c.TryRead(make([]byte, 1)); return err }))
		c.Watch(nil)
		if _, err := c.TryRead(make([]byte, 1)); err != kernel.ErrWouldBlock {
			t.Errorf("TryRead of nothing: %v", err)
		}
		told := b.Reads.Load()
		_, err = peer.Write(ctx, []byte("c"))
		check(t, "write", err)
		_, err = c.Read(ctx, make([]byte, 1))
		check(t, "read", err)
		if b.Reads.Load() != told {
			t.Error("who does not watch any more was told")
		}
	})
}

func TestTryReadTellsOfAReset(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context, c kernel.TryStream, peer kernel.StreamConn) {
		if c.RemoteAddr().IP.Port() == 0 {
			t.Skip("UNIX sockets have no reset of their own")
		}
		b := testkit.NewBell()
		c.Watch(b)
		check(t, "abort", peer.Abort())
		err := b.Until(ctx, false, func() error { _, err := c.TryRead(make([]byte, 8)); return err })
		var op *net.OpError
		if !errors.Is(err, syscall.ECONNRESET) || !errors.As(err, &op) || op.Op != "read" {
			t.Errorf("TryRead: %#v", err)
		}
	})
}

func TestTryPacket(t *testing.T) {
	for _, network := range []string{"udp4", "unixgram"} {
		t.Run(network, func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				n := kernel.NetworkOf(ctx)
				open := func() kernel.TryPacket {
					p, err := n.OpenPacket(ctx, options(t, network))
					check(t, "open", err)
					return p.(kernel.TryPacket)
				}
				from, to := open(), open()
				defer from.Close()
				defer to.Close()
				fb, tb := testkit.NewBell(), testkit.NewBell()
				from.Watch(fb)
				to.Watch(tb)
				buf := make([]byte, 16)
				if _, _, err := to.TryReadFrom(buf); err != kernel.ErrWouldBlock {
					t.Fatalf("TryReadFrom of nothing: %v", err)
				}
				sent := 0
				send := func() error { return from.TryWriteTo([]byte{byte(sent)}, to.LocalAddr()) }
				for ; sent < 40; sent++ { // a UNIX socket takes some ten
					if err := send(); err == kernel.ErrWouldBlock && network == "unixgram" {
						break
					} else {
						check(t, "send", err)
					}
				}
				for i := range sent {
					var src kernel.Addr
					check(t, "receive", tb.Until(ctx, false, func() (err error) {
						_, src, err = to.TryReadFrom(buf)
						return err
					}))
					if src != from.LocalAddr() || int(buf[0]) != i {
						t.Errorf("datagram %d: %d from %v, want it from %v", i, buf[0], src, from.LocalAddr())
					}
				}
				if network == "unixgram" {
					check(t, "send the next", fb.Until(ctx, true, send))
				}
			}, anyiotest.Skip("parallel", noCallbacks))
		})
	}
}

func TestParallelHasNoCallbacks(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		_, err := kernel.TryNetworkOf(ctx)
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("TryNetworkOf: %v", err)
		}
	}, anyiotest.Only("parallel"))
}
