package tlsstream_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
)

// tellName and tellNameOverTLS are handlers that send the name of their task.
func tellName[S stream.ByteStream](ctx context.Context, conn S) error {
	i, _ := anyio.CurrentTask(ctx)
	return errors.Join(conn.Send(ctx, []byte(i.Name)), conn.Close(ctx))
}

func tellNameOverTLS(ctx context.Context, conn *tlsstream.Stream) error { return tellName(ctx, conn) }

// The tree of tasks names a handler's task after the function that the user wrote, however
// many listeners stand in one another.
func TestTasksOfHandlersAreNamedAfterThem(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		// ask serves a listener and connects to it; l is its innermost one.
		ask := func(what, want string, serve func(context.Context, *anyio.TaskGroup) error, connect func(context.Context) (stream.ByteStream, error)) {
			for _, own := range []bool{false, true} { // a group of Serve's own
				group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
					handlers := tg
					if own {
						handlers = nil
					}
					h := tg.Go(func(ctx context.Context) error { return serve(ctx, handlers) })
					conn, err := connect(ctx)
					if err != nil {
						t.Fatal(err)
					}
					defer closeAll(t, ctx, conn)
					name, err := readAll(ctx, conn)
					if err != nil || !strings.Contains(string(name), want) {
						t.Errorf("%s: the task is called %q, %v, want one with %q", what, name, err, want)
					}
					h.Cancel("seen")
				})
			}
		}
		tcp := func() *socket.TCPListener {
			l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
			if err != nil {
				t.Fatal(err)
			}
			return l
		}
		dial := func(port int) func(context.Context) (stream.ByteStream, error) {
			return func(ctx context.Context) (stream.ByteStream, error) { return socket.DialTCP(ctx, "127.0.0.1", port) }
		}
		dialTLS := func(port int) func(context.Context) (stream.ByteStream, error) {
			return func(ctx context.Context) (stream.ByteStream, error) {
				return tlsstream.Dial(ctx, "127.0.0.1", port, clientConfig(), nil)
			}
		}

		plain := tcp()
		defer closeAll(t, ctx, plain)
		ask("socket", ".tellName[", func(ctx context.Context, tg *anyio.TaskGroup) error {
			return plain.Serve(ctx, tg, tellName[*socket.Stream])
		}, dial(plain.Port()))

		pipes := stream.NewPipeListener(room)
		defer closeAll(t, ctx, pipes)
		ask("pipes", ".tellName[", func(ctx context.Context, tg *anyio.TaskGroup) error {
			return pipes.Serve(ctx, tg, tellName[stream.ByteStream])
		}, pipes.Connect)

		a, b := tcp(), tcp()
		port := b.Port()
		several := stream.NewMultiListener[*tlsstream.Stream](listenTLS(t, a, nil), listenTLS(t, b, nil))
		defer closeAll(t, ctx, several)
		ask("TLS in one of several", ".tellNameOverTLS", func(ctx context.Context, tg *anyio.TaskGroup) error {
			return several.Serve(ctx, tg, tellNameOverTLS)
		}, dialTLS(port))

		c := tcp()
		twice := listenTLS(t, listenTLS(t, c, nil), nil)
		defer closeAll(t, ctx, twice)
		ask("TLS in TLS", ".tellNameOverTLS", func(ctx context.Context, tg *anyio.TaskGroup) error {
			return twice.Serve(ctx, tg, tellNameOverTLS)
		}, func(ctx context.Context) (stream.ByteStream, error) {
			outer, err := dialTLS(c.Port())(ctx)
			if err != nil {
				return nil, err
			}
			return tlsstream.Client(ctx, outer, clientConfig(), nil)
		})
	})
}
