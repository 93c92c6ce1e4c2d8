package socket_test

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
)

// A server that is asked to stop accepts nothing more, serves what it has accepted to its
// end, and returns no error.
func TestServeStops(t *testing.T) {
	for name, own := range map[string]bool{"group of the caller": false, "group of its own": true} {
		t.Run(name, func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
				testkit.Must(t, err)
				defer l.Close(ctx)
				var begun anyio.Event
				echo := func(ctx context.Context, conn *socket.Stream) error {
					defer conn.Close(ctx)
					begun.Set()
					buf := make([]byte, 10)
					n, err := conn.Receive(ctx, buf)
					if err != nil {
						return err
					}
					if !anyio.Stopping(ctx) {
						t.Error("the handler does not see that it stops")
					}
					return conn.Send(ctx, buf[:n])
				}
				var client *socket.Stream
				err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					handlers := tg
					if own {
						handlers = nil
					}
					serving := tg.Go(func(ctx context.Context) error { return l.Serve(ctx, handlers, echo) })
					var err error
					if client, err = socket.DialTCP(ctx, "127.0.0.1", l.Port()); err != nil {
						return err
					}
					if err := begun.Wait(ctx); err != nil {
						return err
					}
					tg.Stop("enough", anyio.Forever)
					if !own {
						testkit.WantNil(t, "Serve", serving.Await(ctx))
					}
					if err := client.Send(ctx, []byte("still served")); err != nil {
						return err
					}
					buf := make([]byte, 20)
					n, err := client.Receive(ctx, buf)
					if string(buf[:n]) != "still serv" || err != nil {
						t.Errorf("received %q, %v", buf[:n], err)
					}
					testkit.WantNil(t, "Serve", serving.Await(ctx))
					return nil
				})
				testkit.WantNil(t, "group", err)
				testkit.WantNil(t, "client", client.Close(ctx))
			})
		})
	}
}
