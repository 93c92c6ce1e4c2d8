package tlsstream_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/internal/testkit"
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
	if err := p.send.Send(ctx, b); err != nil {
		_, _ = a.Close(ctx), b.Close(ctx)
		return nil, err
	}
	return a, nil
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

func (p *pipes) Attributes() attr.Set { return attr.NewSet(nameAttr.Value("pipes")) }

// connect is Connect, which must not fail.
func (p *pipes) connect(t *testing.T, ctx context.Context) stream.ByteStream {
	t.Helper()
	conn, err := p.Connect(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// listenTLS is NewListener, which must not fail, with the config of the tests.
func listenTLS[S stream.ByteStream](t *testing.T, inner stream.Listener[S], opts *tlsstream.Options) *tlsstream.Listener {
	t.Helper()
	l, err := tlsstream.NewListener(inner, serverConfig(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

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
	conn, err := tlsstream.NewConnectable(p, clientConfig(), nil).Connect(ctx)
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
		l := listenTLS(t, p, nil)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			serving := tg.Go(func(ctx context.Context) error { return l.Serve(ctx, nil, echo) })
			stalled := p.connect(t, ctx)
			for _, text := range []string{"one", "two"} {
				if answer, err := ask(ctx, p, text); answer != text || err != nil {
					t.Errorf("the answer is %q, %v", answer, err)
				}
			}
			closeAll(t, ctx, stalled)
			serving.Cancel("done")
		})
		closeAll(t, ctx, l, l)
		_, err := p.Accept(ctx)
		testkit.WantErr(t, err, anyio.ErrClosed)
	})
}

func TestAcceptPassesOverFailedHandshakes(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p := listenPipes()
		failed := 0
		l := listenTLS(t, p, &tlsstream.Options{
			HandshakeTimeout: anyio.Forever, NoCloseNotify: true,
			OnHandshakeError: func(context.Context, error, stream.ByteStream) { failed++ },
		})
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				gone, err := p.Connect(ctx)
				if err != nil {
					return err
				}
				closeAll(t, ctx, gone)
				conn, err := tlsstream.NewConnectable(p, nil, &tlsstream.Options{Hostname: "server.test"}).Connect(ctx)
				var ce *stream.ConnectError // the system does not know the authority
				if conn != nil || !errors.As(err, &ce) || ce.Target != "server.test" || !errors.Is(err, stream.ErrConnect) {
					t.Errorf("connecting: %v", err)
				}
				answer, err := ask(ctx, p, "hello")
				testkit.WantErr(t, err, io.ErrUnexpectedEOF) // the server leaves the alert away
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
		if _, err := tlsstream.NewListener(p, nil, nil); !errors.As(err, &misuse) {
			t.Errorf("a listener without config: %v", err)
		}
		if _, err := tlsstream.NewConnectable(p, &tls.Config{}, nil).Connect(ctx); !errors.As(err, &misuse) {
			t.Errorf("a client without a name: %v", err)
		}
		conn, err := p.Accept(ctx)
		if err != nil {
			t.Fatal(err)
		}
		wantEnd(t, ctx, conn, io.EOF) // closed
		closeAll(t, ctx, conn, p)
		_, err = tlsstream.NewConnectable(p, clientConfig(), nil).Connect(ctx)
		testkit.WantErr(t, err, anyio.ErrClosed)
	})
}
