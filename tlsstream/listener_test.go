package tlsstream_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
)

// pipes is a listener and a connectable whose connections are pipes.
type pipes struct {
	send *stream.MemorySendStream[stream.ByteStream]
	recv *stream.MemoryReceiveStream[stream.ByteStream]
}

func listenPipes() *pipes {
	s, r := stream.Memory[stream.ByteStream](10)
	return &pipes{s, r}
}

func (p *pipes) Connect(ctx context.Context) (stream.ByteStream, error) {
	a, b := stream.Pipe(room)
	return a, p.send.Send(ctx, b)
}

func (p *pipes) Accept(ctx context.Context) (stream.ByteStream, error) { return p.recv.Receive(ctx) }

func (p *pipes) Serve(ctx context.Context, tg *anyio.TaskGroup, handler func(ctx context.Context, conn stream.ByteStream) error) error {
	if tg == nil {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error { return p.Serve(ctx, tg, handler) })
	}
	for {
		conn, err := p.Accept(ctx)
		if err != nil {
			return err
		}
		tg.Go(func(ctx context.Context) error { return handler(ctx, conn) })
	}
}

func (p *pipes) Close(ctx context.Context) error {
	return errors.Join(p.send.Close(ctx), p.recv.Close(ctx))
}

func (p *pipes) ExtraAttributes() anyio.Attributes { return anyio.NewAttributes(nameAttr.Is("pipes")) }

// echo sends back what it receives.
func echo(ctx context.Context, conn *tlsstream.Stream) error {
	defer conn.Close(ctx)
	data, err := readAll(ctx, conn)
	if err != nil {
		return err
	}
	return conn.Send(ctx, data)
}

// ask sends a text, the end, and returns the answer.
func ask(ctx context.Context, p *pipes, text string) (string, error) {
	conn, err := tlsstream.NewConnectable(p, clientConfig()).Connect(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	if err := errors.Join(conn.Send(ctx, []byte(text)), conn.SendEOF(ctx)); err != nil {
		return "", err
	}
	answer, err := readAll(ctx, conn)
	return string(answer), err
}

// A client that never says anything holds up nobody.
func TestServeHandshakesInTheConnectionsTask(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p := listenPipes()
		l, err := tlsstream.NewListener(p, serverConfig())
		if err != nil {
			t.Fatal(err)
		}
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			serving := tg.Go(func(ctx context.Context) error { return l.Serve(ctx, nil, echo) })
			stalled, err := p.Connect(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range []string{"one", "two"} {
				if answer, err := ask(ctx, p, text); answer != text || err != nil {
					t.Errorf("the answer is %q, %v", answer, err)
				}
			}
			closeAll(t, ctx, stalled)
			serving.Cancel("done")
		})
		closeAll(t, ctx, l, l)
		_, err = p.Accept(ctx)
		wantErr(t, err, anyio.ErrClosed)
	})
}

func TestStalledHandshakeTimesOut(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, timeout := range []time.Duration{0, 30 * time.Second, 2 * time.Minute} {
			p := listenPipes()
			begin := anyio.Now(ctx)
			var after time.Duration
			var told anyio.Event
			opts := []tlsstream.Option{tlsstream.OnHandshakeError(func(ctx context.Context, err error, transport stream.ByteStream) {
				after = anyio.Now(ctx).Sub(begin)
				wantErr(t, err, anyio.ErrTimeout)
				wantEnd(t, ctx, transport, anyio.ErrClosed)
				told.Set()
			})}
			if timeout != 30*time.Second {
				opts = append(opts, tlsstream.HandshakeTimeout(timeout))
			}
			l, err := tlsstream.NewListener(p, serverConfig(), opts...)
			if err != nil {
				t.Fatal(err)
			}
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				serving := tg.Go(func(ctx context.Context) error { return l.Serve(ctx, nil, echo) })
				stalled, err := p.Connect(ctx)
				if err != nil {
					t.Fatal(err)
				}
				send(t, ctx, stalled, "\x16\x03\x01\x01\x00\x01\x00\x00\xfc") // and no more
				wantEnd(t, ctx, stalled, io.EOF)
				if err := told.Wait(ctx); err != nil {
					t.Error(err)
				}
				if after != timeout {
					t.Errorf("the client was dropped after %v, want %v", after, timeout)
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
	var log lockedBuffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		log.take()
		p := listenPipes()
		l, err := tlsstream.NewListener(p, serverConfig())
		if err != nil {
			t.Fatal(err)
		}
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			serving := tg.Go(func(ctx context.Context) error {
				return l.Serve(ctx, nil, func(ctx context.Context, conn *tlsstream.Stream) error {
					if err := echo(ctx, conn); err != nil {
						t.Errorf("the handler: %v", err)
					}
					return nil
				})
			})
			gone, err := p.Connect(ctx)
			if err != nil {
				t.Fatal(err)
			}
			closeAll(t, ctx, gone)
			idle(t, ctx)
			if text := log.take(); strings.Count(text, "TLS handshake failed") != 1 || !strings.Contains(text, "unexpected EOF") {
				t.Errorf("the log is %q", text)
			}
			garbage, err := p.Connect(ctx)
			if err != nil {
				t.Fatal(err)
			}
			send(t, ctx, garbage, "GET / HTTP/1.1\r\n\r\n")
			if rest, err := readAll(ctx, garbage); err != nil {
				t.Errorf("the client gets %q and %v", rest, err)
			}
			idle(t, ctx)
			if log.take(); l.HandshakeFailures() != 2 { // it may come too soon to be logged
				t.Errorf("%d handshakes have failed, want 2", l.HandshakeFailures())
			}
			closeAll(t, ctx, garbage)
			if answer, err := ask(ctx, p, "alive"); answer != "alive" || err != nil {
				t.Errorf("the answer is %q, %v", answer, err)
			}
			stalled, err := p.Connect(ctx)
			if err != nil {
				t.Fatal(err)
			}
			idle(t, ctx)
			serving.Cancel("done")
			_ = serving.Wait(ctx)
			if text := log.take(); text != "" {
				t.Errorf("a cancellation is logged: %q", text)
			}
			wantEnd(t, ctx, stalled, io.EOF)
			closeAll(t, ctx, stalled)
		})
		closeAll(t, ctx, l)
	})
}

func TestFailedHandshakesDoNotFillTheLog(t *testing.T) {
	var log lockedBuffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		log.take()
		p := listenPipes()
		l, err := tlsstream.NewListener(p, serverConfig())
		if err != nil {
			t.Fatal(err)
		}
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			serving := tg.Go(func(ctx context.Context) error { return l.Serve(ctx, nil, echo) })
			fail := func(times int) string {
				for range times {
					gone, err := p.Connect(ctx)
					if err != nil {
						t.Fatal(err)
					}
					closeAll(t, ctx, gone)
				}
				idle(t, ctx)
				return log.take()
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
		inner, err := socket.ListenTCP(ctx, socket.LocalHost("127.0.0.1"))
		if err != nil {
			t.Fatal(err)
		}
		failed := anyio.NewFuture[error]("")
		l, err := tlsstream.NewListener(inner, serverConfig(), tlsstream.HandshakeTimeout(time.Millisecond),
			tlsstream.OnHandshakeError(func(_ context.Context, err error, _ stream.ByteStream) { _ = failed.Set(err) }))
		if err != nil {
			t.Fatal(err)
		}
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
			wantErr(t, got, anyio.ErrTimeout)
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

// A lockedBuffer takes what is logged by any task.
type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) take() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.b.Reset()
	return b.b.String()
}

func TestAcceptPassesOverFailedHandshakes(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p := listenPipes()
		failed := 0
		l, err := tlsstream.NewListener(p, serverConfig(), tlsstream.HandshakeTimeout(anyio.Forever), tlsstream.StandardCompatible(false),
			tlsstream.OnHandshakeError(func(context.Context, error, stream.ByteStream) { failed++ }))
		if err != nil {
			t.Fatal(err)
		}
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				gone, err := p.Connect(ctx)
				if err != nil {
					return err
				}
				closeAll(t, ctx, gone)
				conn, err := tlsstream.NewConnectable(p, nil, tlsstream.Hostname("server.test")).Connect(ctx)
				var ce *anyio.ConnectionError // the system does not know the authority
				if conn != nil || !errors.As(err, &ce) || ce.Target != "server.test" || !errors.Is(err, anyio.ErrConnectionFailed) {
					t.Errorf("connecting: %v", err)
				}
				answer, err := ask(ctx, p, "hello")
				wantErr(t, err, io.ErrUnexpectedEOF) // the server leaves the alert away
				if answer != "hello" {
					t.Errorf("the answer is %q", answer)
				}
				return nil
			})
			conn, err := l.Accept(ctx)
			if err != nil || failed < 1 {
				t.Fatalf("Accept: %v, %d failed", err, failed)
			}
			if extra(t, conn, tlsstream.AttrStandardCompatible) {
				t.Error("the option got lost")
			}
			if err := echo(ctx, conn); errors.Is(err, anyio.ErrBroken) { // TLS 1.3: the client that did not like us
				conn, err = l.Accept(ctx)
				if err == nil {
					err = echo(ctx, conn)
				}
				if err != nil {
					t.Error(err)
				}
			} else if err != nil {
				t.Error(err)
			}
		})
		if extra(t, l, nameAttr) != "pipes" || extra(t, l, tlsstream.AttrStandardCompatible) {
			t.Error("the attributes of the listener are wrong")
		}
		closeAll(t, ctx, l)
	})
}

func TestListenerAndConnectableNeedWhatTheyNeed(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p := listenPipes()
		var misuse *anyio.MisuseError
		if _, err := tlsstream.NewListener(p, nil); !errors.As(err, &misuse) {
			t.Errorf("a listener without config: %v", err)
		}
		if _, err := tlsstream.NewConnectable(p, &tls.Config{}).Connect(ctx); !errors.As(err, &misuse) {
			t.Errorf("a client without a name: %v", err)
		}
		conn, err := p.Accept(ctx)
		if err != nil {
			t.Fatal(err)
		}
		wantEnd(t, ctx, conn, io.EOF) // closed
		closeAll(t, ctx, conn, p)
		_, err = tlsstream.NewConnectable(p, clientConfig()).Connect(ctx)
		wantErr(t, err, anyio.ErrClosed)
	})
}

// TestListenerLimitsHandshakes has a client that says nothing hold the only place: the
// next one is served when the first one's time is over.
func TestListenerLimitsHandshakes(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p := listenPipes()
		l, err := tlsstream.NewListener(p, serverConfig(), tlsstream.MaxHandshakes(1), tlsstream.HandshakeTimeout(time.Minute),
			tlsstream.OnHandshakeError(func(context.Context, error, stream.ByteStream) {}))
		wantErr(t, err, nil)
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
			silent, err := p.Connect(ctx)
			wantErr(t, err, nil)
			idle(t, ctx)
			begin := anyio.Now(ctx)
			if answer, err := ask(ctx, p, "hello"); answer != "hello" || err != nil {
				t.Errorf("%q, %v", answer, err)
			}
			if took := anyio.Now(ctx).Sub(begin); took != time.Minute {
				t.Errorf("the second client was served after %v, want the minute that the first one has", took)
			}
			wantErr(t, silent.Close(ctx), nil)
			wantErr(t, l.Close(ctx), nil)
		})
	}, anyiotest.Only("sim"))
	if _, err := tlsstream.NewListener(listenPipes(), serverConfig(), tlsstream.MaxHandshakes(-1)); err == nil {
		t.Error("a negative MaxHandshakes is accepted")
	}
}
