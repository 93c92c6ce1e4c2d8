package tlsstream_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
)

// Wherever a server and its client are canceled, in the handshake, between messages
// or while closing, no socket is left.
func TestServingCanBeCanceledEverywhere(t *testing.T) {
	for name, serve := range map[string]func(ctx context.Context, l *tlsstream.Listener, echo func(context.Context, *tlsstream.Stream) error) error{
		"Serve": func(ctx context.Context, l *tlsstream.Listener, echo func(context.Context, *tlsstream.Stream) error) error {
			return l.Serve(ctx, nil, echo)
		},
		"Accept": func(ctx context.Context, l *tlsstream.Listener, echo func(context.Context, *tlsstream.Stream) error) error {
			s, err := l.Accept(ctx)
			if err != nil {
				return err
			}
			return echo(ctx, s)
		},
	} {
		t.Run(name, func(t *testing.T) {
			anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
				var l *tlsstream.Listener
				return anyiotest.Scenario{
					SetUp: func(ctx context.Context) error {
						inner, err := socket.ListenTCP(ctx, "", 443)
						if err != nil {
							return err
						}
						l, err = tlsstream.NewListener[*socket.Stream](inner, serverConfig(), nil)
						return err
					},
					Body: func(ctx context.Context) error {
						return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
							tg.Go(func(ctx context.Context) error { return serve(ctx, l, echoOnce) })
							c, err := tlsstream.Dial(ctx, "localhost", 443, clientConfig(), &tlsstream.Options{Hostname: "server.test"})
							if err != nil {
								return err
							}
							defer func() { _ = c.Close(ctx) }()
							r := stream.NewBuffered(c)
							if err := r.Send(ctx, []byte("hello\n")); err != nil {
								return err
							}
							if line, err := r.ReceiveUntil(ctx, "\n", 100); err != nil || string(line) != "hello" {
								return fmt.Errorf("received %q: %w", line, err)
							}
							tg.Cancel("answered")
							return nil
						})
					},
					Check: func(ctx context.Context, err error) error {
						err = errors.Join(err, l.Close(ctx), anyio.Sleep(ctx, time.Hour))
						if n := sim.NetworkOf(ctx).Stats().Sockets; n != 0 {
							err = errors.Join(err, fmt.Errorf("%d sockets are left", n))
						}
						return err
					},
				}
			})
		})
	}
}

// echoOnce answers the first message.
func echoOnce(ctx context.Context, s *tlsstream.Stream) error {
	defer func() { _ = s.Close(ctx) }()
	buf := make([]byte, 100)
	n, err := s.Receive(ctx, buf)
	if err != nil {
		return err
	}
	return s.Send(ctx, buf[:n])
}
