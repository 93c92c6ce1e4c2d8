package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

// pieceSize is what is received at once: a datagram may be as long.
const pieceSize = 64 << 10

// talk sends what comes from in and gives what comes back to out, until both
// directions have ended, or for too long nothing came and nothing went.
func (n *netcat) talk(ctx context.Context, in stream.ByteReceiveStream, out stream.ByteSendStream, conn stream.ByteStream) error {
	var silence *anyio.CancelScope
	err := anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
		silence = scope
		moved := func() {
			if n.timeout > 0 {
				scope.SetDeadline(anyio.Now(ctx).Add(n.timeout))
			}
		}
		moved()
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				if err := move(ctx, conn, in, moved); err != nil {
					return err
				}
				return endSending(ctx, conn)
			}, anyio.Name("sending"))
			tg.Go(func(ctx context.Context) error {
				err := move(ctx, out, conn, moved)
				if err == nil && n.terminal {
					tg.Cancel("the other side has ended")
				}
				return err
			}, anyio.Name("receiving"))
			return nil
		})
	})
	if err == nil && silence.CancelCaught() && !n.udp {
		return fmt.Errorf("nothing was sent or received for %v", n.timeout)
	}
	return err
}

// move receives from one stream and sends to another until the first one ends. It
// calls moved before and after each piece was sent.
func move(ctx context.Context, to stream.ByteSendStream, from stream.ByteReceiveStream, moved func()) error {
	buf := make([]byte, pieceSize)
	for {
		k, err := from.Receive(ctx, buf)
		if errors.Is(err, anyio.ErrEndOfStream) {
			return nil
		}
		if err != nil {
			return err
		}
		moved()
		if err := to.Send(ctx, buf[:k]); err != nil {
			return err
		}
		moved()
	}
}

// endSending tells the other side that this was all, if there is a way to.
func endSending(ctx context.Context, conn stream.ByteStream) error {
	if err := conn.SendEOF(ctx); !errors.Is(err, errors.ErrUnsupported) { // TLS 1.2
		return err
	}
	return nil
}
