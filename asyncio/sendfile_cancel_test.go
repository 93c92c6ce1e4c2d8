package asyncio_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/socket"
)

// What SendFile says it has sent is received, wherever it is canceled, and what is written
// then comes next.
func TestSendFileCanBeCanceledEverywhere(t *testing.T) {
	data := large[:600_000]
	report := anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
		var l *asyncio.Loop
		var s *asyncio.Server
		var peer *socket.Stream
		var got bytes.Buffer
		var n int64
		p := &echo{}
		receive := func(ctx context.Context, want int) error {
			buf := make([]byte, 32<<10)
			for got.Len() < want {
				n, err := peer.Receive(ctx, buf)
				if err != nil {
					return err
				}
				got.Write(buf[:n])
			}
			return nil
		}
		return anyiotest.Scenario{
			SetUp: func(ctx context.Context) (err error) {
				if l, err = asyncio.RunningLoop(ctx); err != nil {
					return err
				}
				s, err = l.CreateServer(ctx, func() asyncio.BaseProtocol { return p }, asyncio.ServerOptions{Hosts: []string{"127.0.0.1"}})
				if err != nil {
					return err
				}
				peer, err = socket.DialTCP(ctx, "127.0.0.1", portOf(s))
				for err == nil && p.tr == nil {
					err = asyncio.Sleep(ctx, 0)
				}
				return err
			},
			Body: func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) (err error) {
						n, err = l.SendFile(ctx, p.tr, bytes.NewReader(data), 0, 0)
						return err
					})
					return receive(ctx, len(data))
				})
			},
			Check: func(ctx context.Context, err error) error {
				_, err1 := p.tr.Write([]byte("then"))
				p.tr.Close()
				s.Close()
				rest, err2 := receiveAll(ctx, peer)
				got.WriteString(rest)
				if want := string(data[:n]) + "then"; got.String() != want {
					err = errors.Join(err, fmt.Errorf("sent %d bytes, received %d", n, got.Len()))
				}
				return errors.Join(err, err1, err2, peer.Close(ctx))
			},
		}
	}, anyiotest.Seeds(1, 2))
	if report.Points < 20 {
		t.Errorf("canceled at %d points only", report.Points)
	}
}
