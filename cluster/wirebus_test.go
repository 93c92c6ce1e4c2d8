package cluster_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

// What is asked of a server before it has begun to speak is asked once, and what is asked
// of one that is lost before it has answered, is asked again of the next one.
func TestPingsAreAnsweredOnce(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close(ctx)
		pings := make([]int, 2) // of each connection
		server := func(ctx context.Context) error {
			for i := range pings {
				conn, err := l.Accept(ctx)
				if err != nil {
					return err
				}
				defer conn.Close(ctx)
				if err := anyio.Sleep(ctx, time.Second); err != nil { // it is slow
					return err
				}
				if err := conn.Send(ctx, []byte("INFO {}\r\n")); err != nil {
					return err
				}
				lines := stream.NewBufferedReceiver(conn)
				for {
					line, err := lines.ReceiveUntil(ctx, "\r\n", 4096)
					if err != nil {
						break
					}
					if !strings.HasPrefix(string(line), "PING") {
						continue
					}
					if pings[i]++; i == 0 && pings[i] == 2 {
						break // and is lost
					}
					if err := conn.Send(ctx, []byte("PONG\r\n")); err != nil {
						return err
					}
				}
				_ = conn.Close(ctx)
			}
			return nil
		}
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(server)
			c, err := cluster.OpenWire(ctx, cluster.Config{URL: fmt.Sprintf("nats://%v", l.Addr())})
			if err != nil {
				return err
			}
			if err := cluster.Flush(ctx, cluster.BusOf(c)); err != nil {
				t.Error(err)
			}
			if pings[0] != 2 || pings[1] != 1 {
				t.Errorf("the servers were asked %v times", pings)
			}
			return c.Close(ctx)
		})
		if err != nil {
			t.Error(err)
		}
		if pings[1] != 2 {
			t.Errorf("the servers were asked %v times", pings)
		}
	}, anyiotest.Only("sim"))
}
