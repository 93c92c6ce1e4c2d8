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
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
)

func TestStalledHandshakeTimesOut(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, timeout := range []time.Duration{-1, 30 * time.Second, 2 * time.Minute} {
			p := listenPipes()
			begin := anyio.Now(ctx)
			var after time.Duration
			var told anyio.Event
			opts := tlsstream.Options{OnHandshakeError: func(ctx context.Context, err error, transport stream.ByteStream) {
				after = anyio.Now(ctx).Sub(begin)
				testkit.WantErr(t, err, anyio.ErrTimeout)
				wantEnd(t, ctx, transport, anyio.ErrClosed)
				told.Set()
			}}
			if timeout != 30*time.Second {
				opts.HandshakeTimeout = timeout
			}
			l := listenTLS(t, p, &opts)
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				serving := tg.Go(func(ctx context.Context) error { return l.Serve(ctx, nil, echo) })
				stalled := p.connect(t, ctx)
				send(t, ctx, stalled, "\x16\x03\x01\x01\x00\x01\x00\x00\xfc") // and no more
				wantEnd(t, ctx, stalled, io.EOF)
				if err := told.Wait(ctx); err != nil {
					t.Error(err)
				}
				if after != max(timeout, 0) {
					t.Errorf("the client was dropped after %v, want %v", after, max(timeout, 0))
				}
				if timeout > 0 {
					if answer, err := ask(ctx, p, "alive"); answer != "alive" || err != nil {
						t.Errorf("the answer is %q, %v", answer, err)
					}
				}
				serving.Cancel("done")
				closeAll(t, ctx, stalled)
			})
			closeAll(t, ctx, l)
		}
	}, anyiotest.Only("sim"))
}

func TestFailedHandshakesAreLoggedAndTheServerLives(t *testing.T) {
	log := testkit.CaptureLog(t)
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		log.Take()
		p := listenPipes()
		l := listenTLS(t, p, nil)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			serving := tg.Go(func(ctx context.Context) error {
				return l.Serve(ctx, nil, func(ctx context.Context, conn *tlsstream.Stream) error {
					if err := echo(ctx, conn); err != nil {
						t.Errorf("the handler: %v", err)
					}
					return nil
				})
			})
			closeAll(t, ctx, p.connect(t, ctx))
			idle(t, ctx)
			if text := log.Take(); strings.Count(text, "TLS handshake failed") != 1 || !strings.Contains(text, "unexpected EOF") {
				t.Errorf("the log is %q", text)
			}
			garbage := p.connect(t, ctx)
			send(t, ctx, garbage, "GET / HTTP/1.1\r\n\r\n")
			if rest, err := readAll(ctx, garbage); err != nil {
				t.Errorf("the client gets %q and %v", rest, err)
			}
			idle(t, ctx)
			if log.Take(); l.HandshakeFailures() != 2 { // it may come too soon to be logged
				t.Errorf("%d handshakes have failed, want 2", l.HandshakeFailures())
			}
			closeAll(t, ctx, garbage)
			if answer, err := ask(ctx, p, "alive"); answer != "alive" || err != nil {
				t.Errorf("the answer is %q, %v", answer, err)
			}
			stalled := p.connect(t, ctx)
			idle(t, ctx)
			serving.Cancel("done")
			_ = serving.Wait(ctx)
			if text := log.Take(); text != "" {
				t.Errorf("a cancellation is logged: %q", text)
			}
			wantEnd(t, ctx, stalled, io.EOF)
			closeAll(t, ctx, stalled)
		})
		closeAll(t, ctx, l)
	})
}

func TestFailedHandshakesDoNotFillTheLog(t *testing.T) {
	log := testkit.CaptureLog(t)
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		log.Take()
		p := listenPipes()
		l := listenTLS(t, p, nil)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			serving := tg.Go(func(ctx context.Context) error { return l.Serve(ctx, nil, echo) })
			fail := func(times int) string {
				for range times {
					closeAll(t, ctx, p.connect(t, ctx))
				}
				idle(t, ctx)
				return log.Take()
			}
			if text := fail(10); strings.Count(text, "\n") != 1 || !strings.Contains(text, "level=WARN") {
				t.Errorf("ten failures are logged as %q", text)
			}
			if err := anyio.Sleep(ctx, time.Second); err != nil {
				t.Error(err)
			}
			if text := fail(1); strings.Count(text, "\n") != 1 || !strings.Contains(text, "others=9") {
				t.Errorf("a failure a second later is logged as %q", text)
			}
			if n := l.HandshakeFailures(); n != 11 {
				t.Errorf("%d handshakes have failed, want 11", n)
			}
			serving.Cancel("done")
		})
		closeAll(t, ctx, l)
	}, anyiotest.Only("sim"))
}

func TestHandshakeThatTimesOutNamesItselfAndThePeer(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		inner, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
		if err != nil {
			t.Fatal(err)
		}
		failed := anyio.NewFuture[error]("")
		l := listenTLS(t, inner, &tlsstream.Options{
			HandshakeTimeout: time.Millisecond,
			OnHandshakeError: func(_ context.Context, err error, _ stream.ByteStream) { _ = failed.Set(err) },
		})
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			serving := tg.Go(func(ctx context.Context) error { return l.Serve(ctx, nil, echo) })
			silent, err := socket.DialTCP(ctx, "127.0.0.1", inner.Port())
			if err != nil {
				t.Fatal(err)
			}
			got, err := failed.Await(ctx)
			if err != nil {
				t.Fatal(err)
			}
			testkit.WantErr(t, got, anyio.ErrTimeout)
			var h *tlsstream.HandshakeError
			if peer := silent.LocalAddr().String(); !errors.As(got, &h) || !strings.Contains(got.Error(), "TLS handshake") || !strings.Contains(got.Error(), peer) {
				t.Errorf("the error is %v, want one that names the TLS handshake and %s", got, peer)
			}
			serving.Cancel("done")
			closeAll(t, ctx, silent)
		})
		closeAll(t, ctx, l)
	})
}

// TestListenerLimitsHandshakes has a client that says nothing hold the only place: the
// next one is served when the first one's time is over.
func TestListenerLimitsHandshakes(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p := listenPipes()
		l := listenTLS(t, p, &tlsstream.Options{
			MaxHandshakes: 1, HandshakeTimeout: time.Minute,
			OnHandshakeError: func(context.Context, error, stream.ByteStream) {},
		})
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				err := l.Serve(ctx, nil, func(ctx context.Context, s *tlsstream.Stream) error {
					if n := l.HandshakeFailures(); n != 1 {
						t.Errorf("%d handshakes had failed, want that of the silent client", n)
					}
					return echo(ctx, s)
				})
				if !errors.Is(err, anyio.ErrClosed) && !errors.Is(err, anyio.ErrEndOfStream) {
					t.Errorf("Serve: %v", err)
				}
				return nil
			})
			silent := p.connect(t, ctx)
			idle(t, ctx)
			begin := anyio.Now(ctx)
			if answer, err := ask(ctx, p, "hello"); answer != "hello" || err != nil {
				t.Errorf("%q, %v", answer, err)
			}
			if took := anyio.Now(ctx).Sub(begin); took != time.Minute {
				t.Errorf("the second client was served after %v, want the minute that the first one has", took)
			}
			testkit.WantErr(t, silent.Close(ctx), nil)
			testkit.WantErr(t, l.Close(ctx), nil)
		})
	}, anyiotest.Only("sim"))
	p := listenPipes()
	if _, err := tlsstream.NewListener(p, serverConfig(), &tlsstream.Options{MaxHandshakes: -1}); err == nil {
		t.Error("a negative MaxHandshakes is accepted")
	}
	closeAll(t, context.Background(), p)
}

// A function of the config that panics leaves no connection open.
func TestPanicInTheHandshakeClosesTheConnection(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		inner := listenPipes()
		l, err := tlsstream.NewListener(inner, &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			panic("no certificates today")
		}}, &tlsstream.Options{MaxHandshakes: 1})
		testkit.WantErr(t, err, nil)
		for range 2 { // the second one finds room
			conn, err := inner.Connect(ctx)
			testkit.WantErr(t, err, nil)
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				tg.Go(func(ctx context.Context) error {
					if _, err := tlsstream.Client(ctx, conn, &tls.Config{ServerName: "nobody"}, nil); err == nil || errors.Is(err, anyio.ErrCanceled) {
						t.Errorf("the client got %v", err)
					}
					return nil
				})
				tg.Go(func(ctx context.Context) error {
					defer func() {
						if recover() == nil {
							t.Error("no panic")
						}
					}()
					_, err := l.Accept(ctx)
					return err
				})
			})
			testkit.WantErr(t, conn.Close(ctx), nil)
		}
		closeAll(t, ctx, l)
	})
}
