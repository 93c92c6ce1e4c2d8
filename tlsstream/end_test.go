package tlsstream_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
)

func TestCloseNotifyIsTheEndOfTheStream(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		c, s := pair(t, ctx, version, nil)
		send(t, ctx, c, "last words")
		closeAll(t, ctx, c, c)
		receive(t, ctx, s, "last words")
		wantEnd(t, ctx, s, io.EOF)
		wantEnd(t, ctx, s, io.EOF)
		wantEnd(t, ctx, c, anyio.ErrClosed)
		testkit.WantErr(t, c.Send(ctx, []byte("x")), anyio.ErrClosed)
		testkit.WantErr(t, c.SendEOF(ctx), anyio.ErrClosed)
		_, _, err := c.Unwrap(ctx)
		testkit.WantErr(t, err, anyio.ErrClosed)
		closeAll(t, ctx, s)
	})
}

// A transport that ends is the end of the data only for those who said so.
func TestTruncation(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		for _, standard := range []bool{true, false} {
			for _, within := range []bool{true, false} {
				c, s := pair(t, ctx, version, &tlsstream.Options{NoCloseNotify: !standard})
				send(t, ctx, c, "some data")
				if within {
					send(t, ctx, c.Transport(), "\x17\x03\x03\x00\x50begin of a record")
				}
				closeAll(t, ctx, c.Transport())
				receive(t, ctx, s, "some data")
				for range 2 {
					n, err := s.Receive(ctx, make([]byte, 10))
					if !standard && !within {
						if n != 0 || err != io.EOF {
							t.Errorf("not standard: %d, %v", n, err)
						}
					} else if !errors.Is(err, anyio.ErrBroken) || !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
						t.Errorf("standard %v, within a record %v: %v", standard, within, err)
					}
				}
				closeAll(t, ctx, s)
				_ = c.Close(ctx)
			}
		}
	})
}

// Who sends the alert, and who asks for it.
func TestRaggedEndMatrix(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		for _, serverStandard := range []bool{true, false} {
			for _, clientStandard := range []bool{true, false} {
				c, s := pairOf(t, ctx,
					side{of(version, clientConfig()), &tlsstream.Options{NoCloseNotify: !clientStandard}},
					side{of(version, serverConfig()), &tlsstream.Options{NoCloseNotify: !serverStandard}})
				send(t, ctx, s, "data")
				closeAll(t, ctx, s)
				receive(t, ctx, c, "data")
				if clientStandard && !serverStandard {
					wantEnd(t, ctx, c, anyio.ErrBroken)
				} else {
					wantEnd(t, ctx, c, io.EOF)
				}
				closeAll(t, ctx, c)
			}
		}
	})
}

func TestHalfClose(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		c, s := pair(t, ctx, version, nil)
		if version < tls.VersionTLS13 {
			err := c.SendEOF(ctx)
			testkit.WantErr(t, err, errors.ErrUnsupported)
			if want := "tlsstream: SendEOF needs TLS 1.3, this session uses TLS 1.2: unsupported operation"; err.Error() != want {
				t.Errorf("the error is %q, want %q", err, want)
			}
			send(t, ctx, c, "goes on")
			receive(t, ctx, s, "goes on")
		} else {
			send(t, ctx, c, "question")
			for range 2 {
				if err := c.SendEOF(ctx); err != nil {
					t.Error(err)
				}
			}
			testkit.WantErr(t, c.Send(ctx, []byte("x")), anyio.ErrClosed)
			receive(t, ctx, s, "question")
			wantEnd(t, ctx, s, io.EOF)
			send(t, ctx, s, "answer")
			receive(t, ctx, c, "answer")
			if err := s.SendEOF(ctx); err != nil {
				t.Error(err)
			}
			wantEnd(t, ctx, c, io.EOF)
		}
		closeAll(t, ctx, c, s)
	})
}

func TestUnwrapGivesTheTransportBackWithLeftovers(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		c, s := pair(t, ctx, version, nil)
		send(t, ctx, c, "secret")
		receive(t, ctx, s, "secret")
		var server, client stream.ByteStream
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) (err error) {
				var left []byte
				if server, left, err = s.Unwrap(ctx); len(left) > 0 {
					t.Errorf("the server has %q left", left)
				}
				return err
			})
			idle(t, ctx)
			send(t, ctx, s.Transport(), "plain text") // right behind the alert
			var left []byte
			var err error
			if client, left, err = c.Unwrap(ctx); err != nil || string(left) != "plain text" {
				t.Errorf("the client has %q left, %v", left, err)
			}
		})
		if server != s.Transport() || client != c.Transport() {
			t.Fatalf("Unwrap returns %T and %T", server, client)
		}
		closeAll(t, ctx, c, s) // does not close the transports
		send(t, ctx, client, "more plain text")
		receive(t, ctx, server, "more plain text")
		wantEnd(t, ctx, c, anyio.ErrClosed)
		closeAll(t, ctx, client, server)
	})
}

func TestUnwrapKeepsDataThatWereNotReceived(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		c, s := pair(t, ctx, version, nil)
		send(t, ctx, s, "unread")
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				transport, _, err := s.Unwrap(ctx)
				return errors.Join(err, transport.Close(ctx))
			})
			for range 2 {
				if _, _, err := c.Unwrap(ctx); err == nil {
					t.Error("Unwrap passes over data")
				}
			}
			receive(t, ctx, c, "un")
			receive(t, ctx, c, "read")
			transport, left, err := c.Unwrap(ctx)
			if err != nil || len(left) > 0 {
				t.Fatalf("Unwrap: %q, %v", left, err)
			}
			closeAll(t, ctx, transport)
		})
	})
}

func TestBothSidesUnwrapAtOnceWithoutABuffer(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		a, b := stream.Pipe(0)
		c, s, cerr, serr := shake(ctx, a, b, side{config: of(version, clientConfig())}, side{config: of(version, serverConfig())})
		if cerr != nil || serr != nil {
			t.Fatal(cerr, serr)
		}
		group(t, ctx, func(_ context.Context, tg *anyio.TaskGroup) {
			for _, x := range []*tlsstream.Stream{s, c} {
				tg.Go(func(ctx context.Context) error {
					transport, left, err := x.Unwrap(ctx)
					if len(left) > 0 {
						t.Errorf("%q is left", left)
					}
					return errors.Join(err, transport.Close(ctx))
				})
			}
		})
	})
}

func TestUnwrapCanBeCanceledAndRepeated(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		c, s := pair(t, ctx, version, nil)
		group(t, ctx, func(_ context.Context, tg *anyio.TaskGroup) {
			scopes := make(chan *anyio.CancelScope, 1)
			tg.Go(func(ctx context.Context) error {
				return anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
					scopes <- scope
					_, _, err := c.Unwrap(ctx)
					testkit.WantErr(t, err, anyio.ErrCanceled)
					return err
				})
			})
			idle(t, ctx)
			(<-scopes).Cancel("test")
		})
		testkit.WantErr(t, c.Send(ctx, []byte("x")), anyio.ErrClosed)
		wantEnd(t, ctx, s, io.EOF)
		group(t, ctx, func(_ context.Context, tg *anyio.TaskGroup) {
			for _, x := range []*tlsstream.Stream{s, c} {
				tg.Go(func(ctx context.Context) error {
					transport, _, err := x.Unwrap(ctx)
					return errors.Join(err, transport.Close(ctx))
				})
			}
		})
	})
}

func TestUnwrapNeedsTheOtherSidesAlert(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		for _, standard := range []bool{true, false} {
			c, s := pair(t, ctx, version, &tlsstream.Options{NoCloseNotify: !standard})
			if err := s.Transport().SendEOF(ctx); err != nil {
				t.Error(err)
			}
			transport, _, err := c.Unwrap(ctx)
			if transport != nil {
				t.Error("a transport that has ended is given back")
			}
			if standard {
				testkit.WantErr(t, err, io.ErrUnexpectedEOF)
			} else {
				testkit.WantErr(t, err, io.EOF)
			}
			closeAll(t, ctx, c, s)
		}
	})
}

func TestCloseWakesWhoWaits(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		for _, sending := range []bool{false, true} {
			c, s := pair(t, ctx, version, nil)
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				tg.Go(func(ctx context.Context) error {
					wantEnd(t, ctx, c, anyio.ErrClosed)
					return nil
				})
				if sending {
					tg.Go(func(ctx context.Context) error {
						testkit.WantErr(t, c.Send(ctx, make([]byte, 2*room)), anyio.ErrClosed)
						return nil
					})
				}
				idle(t, ctx)
				closeAll(t, ctx, c)
			})
			_, err := readAll(ctx, s)
			if sending {
				testkit.WantErr(t, err, io.ErrUnexpectedEOF)
			} else if err != nil {
				t.Error(err)
			}
			closeAll(t, ctx, s)
		}
	})
}

func TestCloseInCanceledScopeClosesTheTransport(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		c, s := pair(t, ctx, version, nil)
		if err := anyio.CloseForcefully(ctx, c); err != nil {
			t.Error(err)
		}
		wantEnd(t, ctx, c.Transport(), anyio.ErrClosed)
		wantEnd(t, ctx, s, io.ErrUnexpectedEOF) // the alert was not sent
		closeAll(t, ctx, c, s)
	})
}

// A peer that takes nothing cannot keep a stream from being closed.
func TestCloseCanBeCanceledWhileTheOtherSideDoesNotRead(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		c, s := pair(t, ctx, version, nil)
		send(t, ctx, c.Transport(), string(make([]byte, room))) // the pipe is full
		group(t, ctx, func(_ context.Context, tg *anyio.TaskGroup) {
			scopes := make(chan *anyio.CancelScope, 1)
			tg.Go(func(ctx context.Context) error {
				return anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
					scopes <- scope
					err := c.Close(ctx)
					testkit.WantErr(t, err, anyio.ErrCanceled)
					return err
				})
			})
			idle(t, ctx)
			(<-scopes).Cancel("test")
		})
		wantEnd(t, ctx, c.Transport(), anyio.ErrClosed)
		closeAll(t, ctx, c, s)
	})
}

func TestCloseDoesNotWaitForeverForAPeerThatDoesNotRead(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		c, s := pair(t, ctx, tls.VersionTLS13, nil)
		send(t, ctx, c.Transport(), string(make([]byte, room)))
		begin := anyio.Now(ctx)
		err := c.Close(ctx)
		testkit.WantErr(t, err, anyio.ErrTimeout)
		if !strings.Contains(err.Error(), "closing alert") {
			t.Errorf("Close does not say what has taken too long: %v", err)
		}
		if took := anyio.Now(ctx).Sub(begin); took != 5*time.Second {
			t.Errorf("Close took %v", took)
		}
		wantEnd(t, ctx, c.Transport(), anyio.ErrClosed)
		closeAll(t, ctx, s)
	}, anyiotest.Only("sim"))
}

func TestCloseAfterACanceledSendCutsOff(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		c, s := pair(t, ctx, version, nil)
		cancelSend(t, ctx, c, make([]byte, 3*room))
		closeAll(t, ctx, c)
		if got, err := readAll(ctx, s); !errors.Is(err, io.ErrUnexpectedEOF) || len(got) == 0 {
			t.Errorf("received %d bytes and %v", len(got), err)
		}
		closeAll(t, ctx, s)
	})
}

func TestDamagedRecordsBreakTheStream(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		c, s := pair(t, ctx, version, nil)
		send(t, ctx, c, "good")
		send(t, ctx, c.Transport(), "\x17\x03\x03\x00\x20"+string(make([]byte, 32)))
		receive(t, ctx, s, "good")
		wantEnd(t, ctx, s, anyio.ErrBroken)
		wantEnd(t, ctx, s, anyio.ErrBroken)
		testkit.WantErr(t, s.Send(ctx, []byte("x")), anyio.ErrBroken)
		closeAll(t, ctx, s)
		_, err := c.Receive(ctx, make([]byte, 10)) // the alert came along with the close
		if !errors.Is(err, anyio.ErrBroken) || errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("the other side is told %v", err)
		}
		closeAll(t, ctx, c)
	})
}
