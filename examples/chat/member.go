package main

import (
	"context"
	"errors"
	"strings"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

// handle is one connection. What goes wrong in it is no error of the server.
func (r *room) handle(ctx context.Context, conn *socket.Stream) error {
	defer func() { _ = conn.Close(ctx) }()
	complete := false // the client has got every line
	err := anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
		in := stream.NewBufferedReceiver(conn)
		var name string
		err := anyio.FailAfter(ctx, nameLimit, func(ctx context.Context) error {
			line, err := in.ReceiveUntil(ctx, "\n", longest)
			name = strings.TrimSpace(string(line))
			return err
		})
		if err != nil {
			return err
		}
		outbox, toSend := stream.Memory[string](outboxSize)
		defer func() { _ = toSend.Close(ctx) }()
		m := &member{name: name, outbox: outbox, scope: scope}
		r.join(ctx, m)
		why := "left"
		defer func() { r.leave(ctx, m, why) }()
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				err := deliver(ctx, conn, toSend)
				complete = err == nil
				return err
			}, anyio.Name("to "+name))
			return r.listen(ctx, m, in)
		})
		if err != nil {
			why = "lost"
		}
		return err
	})
	if !complete {
		_ = conn.Abort(ctx) // it must not take what it has got for all
	}
	if errors.Is(err, anyio.ErrCanceled) {
		return err
	}
	return nil
}

// listen receives lines until the client ends. An empty line says nothing; clients send
// some to find out whether the connection is alive. When the server ends it goes on, too,
// until the client has seen that: closing a connection on which there is something to
// receive would reset it, and what is on the way to the client would be lost.
func (r *room) listen(ctx context.Context, m *member, in *stream.BufferedReceiver) error {
	for line, err := range in.Lines(ctx, longest) {
		if err != nil {
			return err
		}
		if len(line) > 0 {
			r.say(ctx, m.name+": "+string(line))
			if err := anyio.Sleep(ctx, linePause); err != nil {
				return err
			}
		}
	}
	r.leave(ctx, m, "left") // and what is in the outbox is delivered
	return nil
}

// deliver sends what comes out of an outbox, and then the end.
func deliver(ctx context.Context, conn *socket.Stream, toSend *stream.MemoryReceiveStream[string]) error {
	for line, err := range toSend.All(ctx) {
		if err == nil {
			err = anyio.FailAfter(ctx, lineLimit, func(ctx context.Context) error {
				return conn.Send(ctx, []byte(line+"\n"))
			})
		}
		if err != nil {
			return err
		}
	}
	return conn.SendEOF(ctx)
}
