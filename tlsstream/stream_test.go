package tlsstream_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
)

func TestSendAndReceive(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		c, s := pair(t, ctx, version, nil)
		send(t, ctx, c, "hello")
		receive(t, ctx, s, "hello")
		send(t, ctx, s, "world")
		receive(t, ctx, c, "world")
		if got := c.ConnectionState().Version; got != version {
			t.Errorf("the version is %x, want %x", got, version)
		}
		closeAll(t, ctx, c, s)
	})
}

func TestReceiveFillsSmallBuffersWithoutLoss(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		c, s := pair(t, ctx, version, nil)
		send(t, ctx, c, "abcdef")
		buf := make([]byte, 4)
		n, err := s.Receive(ctx, buf)
		if err != nil || string(buf[:n]) != "abcd" {
			t.Errorf("received %q and %v", buf[:n], err)
		}
		receive(t, ctx, s, "ef")
		var misuse *anyio.MisuseError
		if _, err := s.Receive(ctx, nil); !errors.As(err, &misuse) {
			t.Errorf("an empty buffer gives %v", err)
		}
		closeAll(t, ctx, c, s)
	})
}

// The two sides talk at once, each with two tasks, over a pipe that holds less than
// a record: on a loop all of it is one thread.
func TestBothDirectionsAtOnce(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		for _, buffer := range []int{0, 1000, room} {
			a, b := stream.Pipe(buffer)
			c, s, cerr, serr := shake(ctx, a, b, side{config: of(version, clientConfig())}, side{config: of(version, serverConfig())})
			if cerr != nil || serr != nil {
				t.Fatalf("handshake: %v, %v", cerr, serr)
			}
			data := bytes.Repeat([]byte("0123456789abcdef"), 20<<10)
			group(t, ctx, func(_ context.Context, tg *anyio.TaskGroup) {
				for _, x := range []*tlsstream.Stream{c, s} {
					tg.Go(func(ctx context.Context) error { return x.Send(ctx, data) })
					tg.Go(func(ctx context.Context) error {
						got := make([]byte, len(data))
						_, err := readFull(ctx, x, got)
						if !bytes.Equal(got, data) {
							t.Error("the data differ")
						}
						return err
					})
				}
			})
			group(t, ctx, func(_ context.Context, tg *anyio.TaskGroup) {
				tg.Go(func(ctx context.Context) error { return c.Close(ctx) })
				tg.Go(func(ctx context.Context) error {
					wantEnd(t, ctx, s, io.EOF)
					return nil
				})
			})
			closeAll(t, ctx, s)
		}
	})
}

func TestSecondSenderAndReceiverAreBusy(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		c, s := pair(t, ctx, version, nil)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				receive(t, ctx, c, "x")
				return nil
			})
			tg.Go(func(ctx context.Context) error { return c.Send(ctx, make([]byte, 2*room)) })
			idle(t, ctx)
			var busy *anyio.BusyError
			if _, err := c.Receive(ctx, make([]byte, 1)); !errors.As(err, &busy) || busy.Action != "reading from" {
				t.Errorf("a second receiver gets %v", err)
			}
			if err := c.Send(ctx, []byte("x")); !errors.As(err, &busy) || busy.Action != "writing to" {
				t.Errorf("a second sender gets %v", err)
			}
			send(t, ctx, s, "x")
			if _, err := readFull(ctx, s, make([]byte, 2*room)); err != nil {
				t.Error(err)
			}
		})
		closeAll(t, ctx, c, s)
	})
}

func TestCanceledReceiveLosesNothing(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789"), 300)
	anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
		var c, s *tlsstream.Stream
		var got []byte
		return anyiotest.Scenario{
			SetUp: func(ctx context.Context) error {
				c, s = pair(t, ctx, tls.VersionTLS13, nil)
				for part := data; len(part) > 0; part = part[500:] {
					if err := c.Send(ctx, part[:500]); err != nil {
						return err
					}
				}
				return c.Close(ctx)
			},
			Body: func(ctx context.Context) error {
				buf := make([]byte, 100)
				for {
					n, err := s.Receive(ctx, buf)
					if got = append(got, buf[:n]...); err != nil {
						return err
					}
				}
			},
			Check: func(ctx context.Context, _ error) error {
				rest, err := readAll(ctx, s)
				if got = append(got, rest...); !bytes.Equal(got, data) {
					return errors.New("bytes are lost or doubled")
				}
				return errors.Join(err, anyio.CloseForcefully(ctx, s))
			},
		}
	}, anyiotest.Seeds(1))
}

func TestSendInCanceledScopeHasNoEffect(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		c, s := pair(t, ctx, version, nil)
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
			scope.Cancel("test")
			testkit.WantErr(t, c.Send(ctx, []byte("lost")), anyio.ErrCanceled)
			testkit.WantErr(t, c.SendEOF(ctx), anyio.ErrCanceled)
			_, _, err := c.Unwrap(ctx)
			testkit.WantErr(t, err, anyio.ErrCanceled)
			wantEnd(t, ctx, c, anyio.ErrCanceled)
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		send(t, ctx, c, "kept")
		receive(t, ctx, s, "kept")
		closeAll(t, ctx, c, s)
	})
}

// cancelSend sends data, more than the pipe holds, and cancels that when it waits.
func cancelSend(t *testing.T, ctx context.Context, s *tlsstream.Stream, data []byte) (taken int) {
	t.Helper()
	group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
		h := tg.Go(func(ctx context.Context) (err error) {
			taken, err = s.SendCounted(ctx, data)
			testkit.WantErr(t, err, anyio.ErrCanceled)
			return err
		})
		idle(t, ctx)
		h.Cancel("enough")
	})
	return taken
}

func TestCanceledSendCanBeContinued(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		c, s := pair(t, ctx, version, nil)
		data := bytes.Repeat([]byte("0123456789abcde"), 20<<10)
		taken := cancelSend(t, ctx, c, data)
		if taken == 0 || taken == len(data) {
			t.Errorf("%d bytes were taken", taken)
		}
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				n, err := c.SendCounted(ctx, data[taken:])
				if n != len(data)-taken {
					t.Errorf("%d of %d bytes were taken", n, len(data)-taken)
				}
				return errors.Join(err, c.Close(ctx))
			})
			if got, err := readAll(ctx, s); err != nil || !bytes.Equal(got, data) {
				t.Errorf("received %d bytes and %v", len(got), err)
			}
		})
		closeAll(t, ctx, s)
	})
}

// If the transport does not tell how much it has sent, a cancellation in the middle
// of a record ends the sending side, and only that.
func TestSendCanceledMidwayBreaksSendingOnly(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		a, b := stream.Pipe(room)
		c, s, cerr, serr := shake(ctx, named{a}, named{b}, side{config: of(version, clientConfig())}, side{config: of(version, serverConfig())})
		if cerr != nil || serr != nil {
			t.Fatal(cerr, serr)
		}
		cancelSend(t, ctx, c, make([]byte, 3*room))
		err := c.Send(ctx, []byte("more"))
		testkit.WantErr(t, err, anyio.ErrBroken)
		if errors.Is(err, anyio.ErrCanceled) {
			t.Errorf("%v looks like a cancellation", err)
		}
		send(t, ctx, s, "still here")
		receive(t, ctx, c, "still here")
		closeAll(t, ctx, c)
		_, err = readAll(ctx, s)
		testkit.WantErr(t, err, io.ErrUnexpectedEOF)
		closeAll(t, ctx, s)
	})
}

func TestReceivingAllocatesOnlyWhatCryptoTLSDoes(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		c, s := pair(t, ctx, tls.VersionTLS13, nil)
		data, buf := make([]byte, 1000), make([]byte, 1000)
		for range 100 { // the buffers get their size
			send(t, ctx, c, string(data))
			receive(t, ctx, s, string(data))
		}
		allocs := testing.AllocsPerRun(100, func() {
			if err := c.Send(ctx, data); err != nil {
				t.Error(err)
			}
			if _, err := readFull(ctx, s, buf); err != nil {
				t.Error(err)
			}
		})
		if allocs > 6 && !race.Enabled { // crypto/tls: a reader for each part of a record, and for its first read
			t.Errorf("a message costs %v allocations", allocs)
		}
		closeAll(t, ctx, c, s)
	}, anyiotest.Only("parallel"))
}
