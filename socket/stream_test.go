package socket_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
)

func TestStreamEchoesAndEnds(t *testing.T) {
	eachPair(t, func(t *testing.T, ctx context.Context, a, b *socket.Stream) {
		testkit.Must(t, a.Send(ctx, []byte("hello")))
		want(t, ctx, b, "hello")
		testkit.Must(t, b.Send(ctx, []byte("world")))
		want(t, ctx, a, "world")
		testkit.Must(t, a.Close(ctx))
		wantEnd(t, ctx, b)
		wantEnd(t, ctx, b)
	})
}

func TestStreamReceivesNoMoreThanTheBufferHolds(t *testing.T) {
	eachPair(t, func(t *testing.T, ctx context.Context, a, b *socket.Stream) {
		testkit.Must(t, a.Send(ctx, []byte("hello")))
		for _, text := range []string{"h", "el", "lo"} {
			want(t, ctx, b, text)
		}
		_, err := b.Receive(ctx, nil)
		testkit.WantMisuseText(t, err, "room for at least one byte")
	})
}

func TestStreamCarriesMuchData(t *testing.T) {
	eachPair(t, func(t *testing.T, ctx context.Context, a, b *socket.Stream) {
		data := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // 1 MiB
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				if err := a.Send(ctx, data); err != nil {
					return err
				}
				return a.SendEOF(ctx)
			})
			var got []byte
			buf := make([]byte, 65536)
			for {
				n, err := b.Receive(ctx, buf)
				if err != nil {
					testkit.WantErr(t, err, io.EOF)
					break
				}
				got = append(got, buf[:n]...)
			}
			if !bytes.Equal(got, data) {
				t.Errorf("%d bytes came, not those that were sent", len(got))
			}
		})
	})
}

func TestStreamHalfCloseLetsTheOtherSideAnswer(t *testing.T) {
	eachPair(t, func(t *testing.T, ctx context.Context, a, b *socket.Stream) {
		testkit.Must(t, a.Send(ctx, []byte("question")))
		testkit.Must(t, a.SendEOF(ctx))
		testkit.Must(t, a.SendEOF(ctx))
		testkit.WantErr(t, a.Send(ctx, []byte("x")), anyio.ErrClosed)
		want(t, ctx, b, "question")
		wantEnd(t, ctx, b)
		testkit.Must(t, b.Send(ctx, []byte("answer")))
		testkit.Must(t, b.Close(ctx))
		want(t, ctx, a, "answer")
		wantEnd(t, ctx, a)
	})
}

func TestStreamServesOneReceiverAndOneSender(t *testing.T) {
	eachPair(t, func(t *testing.T, ctx context.Context, a, b *socket.Stream) {
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				want(t, ctx, a, "x")
				return nil
			})
			big := tg.Go(func(ctx context.Context) error { return a.Send(ctx, make([]byte, 32<<20)) })
			idle(t, ctx)
			_, err := a.Receive(ctx, make([]byte, 1))
			wantBusy(t, err, "reading from")
			wantBusy(t, a.Send(ctx, []byte("x")), "writing to")
			wantBusy(t, a.SendEOF(ctx), "writing to")
			canceled(t, ctx, "a busy Receive", func(ctx context.Context) error {
				_, err := a.Receive(ctx, make([]byte, 1))
				return err
			})
			testkit.Must(t, b.Send(ctx, []byte("x")))
			big.Cancel("test")
		})
	})
}

func TestStreamCloseWakesThoseWhoWait(t *testing.T) {
	eachPair(t, func(t *testing.T, ctx context.Context, a, b *socket.Stream) {
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				_, err := a.Receive(ctx, make([]byte, 1))
				testkit.WantErr(t, err, anyio.ErrClosed)
				return nil
			})
			tg.Go(func(ctx context.Context) error {
				testkit.WantErr(t, a.Send(ctx, make([]byte, 32<<20)), anyio.ErrClosed)
				return nil
			})
			idle(t, ctx)
			testkit.Must(t, a.Close(ctx))
			testkit.Must(t, a.Close(ctx))
		})
	})
}

func TestStreamIsClosedAfterClose(t *testing.T) {
	eachPair(t, func(t *testing.T, ctx context.Context, a, b *socket.Stream) {
		testkit.Must(t, anyio.CloseForcefully(ctx, a))
		_, err := a.Receive(ctx, make([]byte, 1))
		testkit.WantErr(t, err, anyio.ErrClosed)
		testkit.WantErr(t, a.Send(ctx, []byte("x")), anyio.ErrClosed)
		testkit.WantErr(t, a.Send(ctx, nil), anyio.ErrClosed)
		testkit.WantErr(t, a.SendEOF(ctx), anyio.ErrClosed)
		_, err = a.SyscallConn()
		if !errors.Is(err, errors.ErrUnsupported) {
			testkit.WantErr(t, err, anyio.ErrClosed)
		}
		testkit.Must(t, a.Abort(ctx))
	})
}

func TestStreamDoesNothingInACanceledScope(t *testing.T) {
	eachPair(t, func(t *testing.T, ctx context.Context, a, b *socket.Stream) {
		testkit.Must(t, b.Send(ctx, []byte("data")))
		canceled(t, ctx, "Receive", func(ctx context.Context) error {
			_, err := a.Receive(ctx, make([]byte, 10))
			return err
		})
		canceled(t, ctx, "Send", func(ctx context.Context) error { return a.Send(ctx, []byte("x")) })
		canceled(t, ctx, "SendEOF", a.SendEOF)
		want(t, ctx, a, "data")
		testkit.Must(t, a.Send(ctx, []byte("still open")))
		want(t, ctx, b, "still open")
	})
}

func TestStreamObeysTimeoutsInALoop(t *testing.T) {
	eachPair(t, func(t *testing.T, ctx context.Context, a, b *socket.Stream) {
		for range 3 {
			timedOut, err := anyio.MoveOnAfter(ctx, time.Millisecond, func(ctx context.Context) error {
				_, err := a.Receive(ctx, make([]byte, 10))
				return err
			})
			if !timedOut || err != nil {
				t.Errorf("timed out: %v, %v", timedOut, err)
			}
		}
		testkit.Must(t, b.Send(ctx, []byte("late")))
		want(t, ctx, a, "late")
	})
}

func TestStreamIsBrokenWhenThePeerIsGone(t *testing.T) {
	eachPair(t, func(t *testing.T, ctx context.Context, a, b *socket.Stream) {
		testkit.Must(t, b.Close(ctx))
		var err error
		for range 1000 {
			if err = a.Send(ctx, []byte("anybody?")); err != nil {
				break
			}
			idle(t, ctx) // lets the answer come
		}
		wantBroken(t, err)
		testkit.WantErr(t, err, anyio.ErrBroken)
		testkit.Must(t, a.Close(ctx))
		testkit.WantErr(t, a.Send(ctx, []byte("x")), anyio.ErrClosed)
		_, err = a.Receive(ctx, make([]byte, 1))
		testkit.WantErr(t, err, anyio.ErrClosed)
	})
}

func TestStreamResetIsBrokenWithItsCause(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := tcpPair(t, ctx, "127.0.0.1")
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				_, err := a.Receive(ctx, make([]byte, 10))
				wantBroken(t, err)
				testkit.WantErr(t, err, syscall.ECONNRESET)
				return nil
			})
			idle(t, ctx)
			testkit.Must(t, b.Abort(ctx))
		})
		wantBroken(t, a.Send(ctx, []byte("x")))
	})
}

func TestStreamSendCountsWhatWasSent(t *testing.T) {
	eachPair(t, func(t *testing.T, ctx context.Context, a, b *socket.Stream) {
		sent, received, buf := 0, 0, make([]byte, 1<<20)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			h := tg.Go(func(ctx context.Context) (err error) {
				sent, err = a.SendCounted(ctx, make([]byte, 32<<20))
				return err
			})
			n, err := b.Receive(ctx, buf)
			testkit.Must(t, err)
			received = n
			idle(t, ctx)
			h.Cancel("test")
		})
		testkit.Must(t, a.Close(ctx))
		for {
			n, err := b.Receive(ctx, buf)
			received += n
			if err != nil {
				testkit.WantErr(t, err, io.EOF)
				break
			}
		}
		if sent == 0 || received != sent {
			t.Errorf("%d bytes were sent, %d received", sent, received)
		}
	})
}

func TestStreamTellsItsAttributes(t *testing.T) {
	eachPair(t, func(t *testing.T, ctx context.Context, a, b *socket.Stream) {
		family, err := attr.Get(a, socket.AttrFamily)
		testkit.Must(t, err)
		local, err := attr.Get(a, socket.AttrLocalAddr)
		testkit.Must(t, err)
		remote, err := attr.Get(b, socket.AttrRemoteAddr)
		testkit.Must(t, err)
		if local.String() != remote.String() || a.LocalAddr().String() != local.String() {
			t.Errorf("local %v, remote of the other side %v", local, remote)
		}
		raw, err := attr.Get(a, socket.AttrRawConn)
		if !errors.Is(err, errors.ErrUnsupported) {
			testkit.Must(t, err)
			testkit.Must(t, raw.Control(func(fd uintptr) {}))
		}
		if family == socket.Unix {
			for _, key := range []*attr.Key[int]{socket.AttrLocalPort, socket.AttrRemotePort} {
				_, err := attr.Get(a, key)
				testkit.WantErr(t, err, attr.ErrNotFound)
			}
			return
		}
		wantFamily, host := socket.IPv4, "127.0.0.1"
		if strings.Contains(t.Name(), "::1") {
			wantFamily, host = socket.IPv6, "::1"
		}
		port, err := attr.Get(a, socket.AttrRemotePort)
		testkit.Must(t, err)
		own, err := attr.Get(b, socket.AttrLocalPort)
		testkit.Must(t, err)
		if tcp := remote.(*net.TCPAddr); family != wantFamily || tcp.IP.String() != host || port != own || port == 0 {
			t.Errorf("family %v, address %v, ports %d and %d", family, tcp, port, own)
		}
	})
}

func TestStreamDoesNotDelaySmallPackets(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("options are read in another way there")
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := tcpPair(t, ctx, "127.0.0.1")
		for _, s := range []*socket.Stream{a, b} {
			if on := sockopt(t, s, syscall.IPPROTO_TCP, syscall.TCP_NODELAY); on == 0 {
				t.Error("TCP_NODELAY is not set")
			}
		}
	}, anyiotest.Skip("sim", "simulated sockets have no options"))
}

func TestStreamAllocatesNothing(t *testing.T) {
	if race.Enabled || runtime.GOOS == "windows" {
		t.Skip("the detector allocates, and so do loops where package net waits for them")
	}
	eachPair(t, func(t *testing.T, ctx context.Context, a, b *socket.Stream) {
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				buf := make([]byte, 100)
				for {
					n, err := b.Receive(ctx, buf)
					if err != nil {
						return nil
					}
					if err := b.Send(ctx, buf[:n]); err != nil {
						return err
					}
				}
			})
			out, in := []byte("hello"), make([]byte, 100)
			n := testing.AllocsPerRun(200, func() {
				testkit.Must(t, a.Send(ctx, out))
				_, err := a.Receive(ctx, in)
				testkit.Must(t, err)
			})
			if n >= 1 {
				t.Errorf("%v allocations for an echo", n)
			}
			testkit.Must(t, a.Close(ctx))
		})
	}, anyiotest.Skip("sim", "the simulated network allocates its packets"))
}

// The system tells of a reset once. If it was Send that was told, Receive does not
// report what is left as an orderly end.
func TestResetThatSendWasToldOfIsNoEndOfTheStream(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close(ctx)
		a, err := socket.DialTCP(ctx, "127.0.0.1", l.Port())
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close(ctx)
		b, err := l.Accept(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Send(ctx, []byte("never read")); err != nil {
			t.Error(err)
		}
		if _, err := b.Receive(ctx, make([]byte, 1)); err != nil { // it has arrived
			t.Error(err)
		}
		if err := b.Close(ctx); err != nil {
			t.Error(err)
		}
		for err == nil {
			err = a.Send(ctx, []byte("x"))
		}
		if !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("Send: %v", err)
		}
		_, err = a.Receive(ctx, make([]byte, 1))
		if !errors.Is(err, anyio.ErrBroken) || !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("Receive: %v", err)
		}
	})
}

// Both ends send and receive at once, for the first time: what a stream keeps for one
// direction is none of the other's business. It is the race detector that looks.
func TestFirstReceiveBesideASend(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		const size = 1 << 20
		send := func(s *socket.UnixStream) func(ctx context.Context) error {
			return func(ctx context.Context) error {
				for range 16 {
					if err := s.Send(ctx, make([]byte, size/16)); err != nil {
						return err
					}
				}
				return nil
			}
		}
		receive := func(s *socket.UnixStream) func(ctx context.Context) error {
			return func(ctx context.Context) error {
				buf := make([]byte, 40_000)
				for left := size; left > 0; {
					n, err := s.Receive(ctx, buf[:min(left, len(buf))])
					if err != nil {
						return err
					}
					left -= n
				}
				return nil
			}
		}
		for range 10 {
			a, b := unixPair(t, ctx)
			testkit.Must(t, anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for _, f := range []func(ctx context.Context) error{send(a), send(b), receive(a), receive(b)} {
					tg.Go(f)
				}
				return nil
			}))
		}
	})
}
