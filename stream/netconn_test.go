package stream_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

// netPipe is a pipe of which one side is a net.Conn.
func netPipe(ctx context.Context, buffer int) (net.Conn, stream.ByteStream) {
	a, b := stream.Pipe(buffer)
	return stream.NetConn(ctx, a), b
}

func wantTimeout(t *testing.T, err error) {
	t.Helper()
	var ne net.Error
	if !errors.As(err, &ne) || !ne.Timeout() || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("error is %v, want a timeout of package net", err)
	}
}

func TestNetConnDeadlineInterruptsAndCanBeMoved(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		conn, peer := netPipe(ctx, 0)
		defer peer.Close(ctx)
		defer conn.Close()
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				_, err := conn.Read(make([]byte, 10))
				wantTimeout(t, err)
				return nil
			})
			tg.Go(func(ctx context.Context) error {
				n, err := conn.Write([]byte("abcd"))
				wantTimeout(t, err)
				if n != 2 {
					t.Errorf("Write tells %d bytes, want the 2 that were received", n)
				}
				return nil
			})
			wantReceived(t, ctx, peer, 2, "ab") // so Write waits now
			testkit.WantErr(t, conn.SetDeadline(anyio.Now(ctx)), nil)
		})
		_, err := conn.Read(make([]byte, 10))
		wantTimeout(t, err)
		testkit.WantErr(t, conn.SetReadDeadline(anyio.Now(ctx).Add(time.Hour)), nil)
		testkit.WantErr(t, conn.SetWriteDeadline(time.Time{}), nil)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(relay(peer, peer))
			if n, err := conn.Write([]byte("echo")); n != 4 || err != nil {
				t.Errorf("wrote %d bytes, %v", n, err)
			}
			buf := make([]byte, 10)
			if n, err := conn.Read(buf); string(buf[:n]) != "echo" || err != nil {
				t.Errorf("read %q, %v", buf[:n], err)
			}
			testkit.WantErr(t, conn.Close(), nil)
		})
	})
}

func TestNetConnDeadlinePasses(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		conn, peer := netPipe(ctx, 0)
		defer peer.Close(ctx)
		defer conn.Close()
		begin := anyio.Now(ctx)
		testkit.WantErr(t, conn.SetReadDeadline(begin.Add(5*time.Millisecond)), nil)
		_, err := conn.Read(make([]byte, 1))
		wantTimeout(t, err)
		if waited := anyio.Now(ctx).Sub(begin); waited < 5*time.Millisecond {
			t.Errorf("the read ended after %v of 5ms", waited)
		}
	})
}

func TestNetConnServesAllWhoCallAtOnce(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		const callers, each = 5, 1000
		conn, peer := netPipe(ctx, 3)
		defer peer.Close(ctx)
		var read [callers][each]byte
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(relay(peer, peer))
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				for i := range callers {
					tg.Go(func(ctx context.Context) error {
						_, err := conn.Write(bytes.Repeat([]byte{byte(i)}, each))
						return err
					})
					tg.Go(func(ctx context.Context) error {
						_, err := io.ReadFull(conn, read[i][:])
						return err
					})
				}
			})
			testkit.WantErr(t, conn.Close(), nil)
		})
		var counts [callers]int
		for i := range read {
			for _, b := range read[i] {
				counts[b]++
			}
		}
		for i, n := range counts {
			if n != each {
				t.Errorf("of caller %d came %d bytes, want %d", i, n, each)
			}
		}
	})
}

func TestNetConnWritesAreNotMixed(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		conn, peer := netPipe(ctx, 0)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				defer conn.Close()
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					for _, word := range []string{"aaaaaaaa", "bbbbbbbb", "cccccccc"} {
						tg.Go(func(ctx context.Context) error {
							_, err := conn.Write([]byte(word))
							return err
						})
					}
					return nil
				})
			})
			got, err := receiveAll(ctx, peer, 3)
			testkit.WantErr(t, err, nil)
			for i := 0; i+8 <= len(got); i += 8 {
				if word := got[i : i+8]; !bytes.Equal(word, bytes.Repeat(word[:1], 8)) {
					t.Errorf("mixed: %q", got)
				}
			}
			if len(got) != 24 {
				t.Errorf("received %d bytes, want 24", len(got))
			}
		})
		testkit.WantErr(t, peer.Close(ctx), nil)
	})
}

func TestNetConnEndsWithTheScopeOfItsContext(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var conn net.Conn
		var peer stream.ByteStream
		canceled(t, ctx, func(ctx context.Context) error {
			conn, peer = netPipe(ctx, 0)
			_, err := conn.Read(make([]byte, 1))
			return err
		})
		_, err := conn.Write([]byte("x"))
		testkit.WantErr(t, err, anyio.ErrCanceled)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%v looks like a timeout", err)
		}
		testkit.WantErr(t, conn.Close(), nil)
		_, err = peer.Receive(ctx, make([]byte, 1))
		testkit.WantErr(t, err, anyio.ErrEndOfStream)
		testkit.WantErr(t, peer.Close(ctx), nil)
	})
}

func TestNetConnReadOfAGoroutineEndsWhenTheScopeIsLeft(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var conn net.Conn
		var peer stream.ByteStream
		ended := make(chan error, 1)
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, _ *anyio.CancelScope) error {
			conn, peer = netPipe(ctx, 0)
			go func() {
				_, err := conn.Read(make([]byte, 1))
				if err == nil { // once more, after what shows that the goroutine is there
					_, err = conn.Read(make([]byte, 1))
				}
				ended <- err
			}()
			return peer.Send(ctx, []byte("x"))
		})
		testkit.WantErr(t, err, nil)
		testkit.WantErr(t, <-ended, anyio.ErrCanceled)
		testkit.WantErr(t, conn.Close(), nil)
		testkit.WantErr(t, peer.Close(ctx), nil)
	}, anyiotest.Skip("sim", "a simulation cannot wait for a goroutine outside"))
}

func TestNetConnHalfCloseAndClose(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		conn, peer := netPipe(ctx, 10)
		testkit.WantErr(t, conn.(interface{ CloseWrite() error }).CloseWrite(), nil)
		_, err := conn.Write([]byte("x"))
		testkit.WantErr(t, err, net.ErrClosed)
		_, err = peer.Receive(ctx, make([]byte, 1))
		testkit.WantErr(t, err, anyio.ErrEndOfStream)
		testkit.WantErr(t, peer.Send(ctx, []byte("answer")), nil)
		testkit.WantErr(t, peer.Close(ctx), nil)
		if got, err := io.ReadAll(conn); string(got) != "answer" || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
		if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("after the end: %v, want io.EOF itself", err)
		}
		for range 2 {
			testkit.WantErr(t, conn.Close(), nil)
		}
		_, err = conn.Read(make([]byte, 1))
		testkit.WantErr(t, err, net.ErrClosed)
		testkit.WantErr(t, conn.SetReadDeadline(time.Time{}), net.ErrClosed)
		var op *net.OpError
		if !errors.As(err, &op) || op.Op != "read" {
			t.Errorf("%v is no *net.OpError of a read", err)
		}
	})
}

func TestNetConnCloseWakesThoseWhoWait(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		conn, peer := netPipe(ctx, 0)
		defer peer.Close(ctx)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for range 2 { // of which one waits for its turn
				tg.Go(func(ctx context.Context) error {
					_, err := conn.Read(make([]byte, 1))
					testkit.WantErr(t, err, net.ErrClosed)
					return nil
				})
				tg.Go(func(ctx context.Context) error {
					_, err := conn.Write([]byte("xy"))
					testkit.WantErr(t, err, net.ErrClosed)
					return nil
				})
			}
			wantReceived(t, ctx, peer, 1, "x")
			testkit.WantErr(t, conn.Close(), nil)
		})
	})
}

// A withAddrs is a stream that has addresses.
type withAddrs struct{ stream.ByteStream }

func (withAddrs) Attributes() attr.Set {
	return attr.NewSet(
		stream.AttrLocalAddr.Value(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}),
		stream.AttrRemoteAddr.Value(&net.UnixAddr{Name: "/peer", Net: "unix"}))
}

func TestNetConnTellsAddresses(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := stream.Pipe(0)
		with, without := stream.NetConn(ctx, withAddrs{a}), stream.NetConn(ctx, b)
		got := []string{with.LocalAddr().String(), with.RemoteAddr().String(), without.LocalAddr().Network()}
		if want := []string{"127.0.0.1:80", "/peer", "memory"}; !slices.Equal(got, want) {
			t.Errorf("addresses %q, want %q", got, want)
		}
		testkit.WantErr(t, with.Close(), nil)
		_, err := with.Read(make([]byte, 1))
		if want := "read tcp 127.0.0.1:80->/peer: anyio: resource is closed"; err == nil || err.Error() != want {
			t.Errorf("error %q, want %q", err, want)
		}
		testkit.WantErr(t, without.Close(), nil)
	})
}

func TestNetConnOfAForeignGoroutineHoldsUpNoTask(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		conn, peer := netPipe(ctx, 0)
		defer peer.Close(ctx)
		read := make(chan string, 1)
		go func() {
			got, err := io.ReadAll(conn)
			if err != nil {
				t.Error(err)
			}
			read <- string(got)
		}()
		for _, word := range []string{"the ", "loop ", "goes ", "on"} {
			testkit.WantErr(t, peer.Send(ctx, []byte(word)), nil)
		}
		testkit.WantErr(t, peer.SendEOF(ctx), nil)
		got, err := anyio.RunBlockingValue(ctx, func() (string, error) { return <-read, nil })
		if got != "the loop goes on" || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
		testkit.WantErr(t, conn.Close(), nil)
	}, anyiotest.Skip("sim", "a simulation cannot wait for a goroutine outside"))
}

func TestNetConnCallsDoNotAllocate(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		conn, peer := netPipe(ctx, 16)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(relay(peer, peer))
			buf := make([]byte, 8)
			n := testing.AllocsPerRun(200, func() {
				_, err := conn.Write(buf)
				testkit.WantErr(t, err, nil)
				_, err = io.ReadFull(conn, buf)
				testkit.WantErr(t, err, nil)
				testkit.WantErr(t, conn.SetReadDeadline(anyio.Now(ctx).Add(time.Minute)), nil)
			})
			if n != 0 {
				t.Errorf("%v allocations a round", n)
			}
			testkit.WantErr(t, conn.Close(), nil)
		})
	}, anyiotest.Skip("sim", "the simulator records its steps"))
}
