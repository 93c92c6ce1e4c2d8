package stream

import (
	"context"
	"errors"
	"runtime"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/unclosed"
)

// A PipeListener accepts what is connected to it inside the process, over pipes. It
// is both sides of a service without a network: a Listener for the server, and a
// Connectable for its clients. With NetListener and DialContext it serves
// programs written for package net, such as an http.Server in a test.
type PipeListener struct {
	buffer    int
	connect   *MemorySendStream[ByteStream]
	accept    *MemoryReceiveStream[ByteStream]
	accepting anyio.ResourceGuard
	watch     *unclosed.Watch
}

var (
	_ ByteStreamListener    = (*PipeListener)(nil)
	_ ByteStreamConnectable = (*PipeListener)(nil)
)

// NewPipeListener makes a listener whose connections are made as by Pipe(buffer).
func NewPipeListener(buffer int) *PipeListener {
	if buffer < 0 {
		panic(&anyio.MisuseError{Text: "stream: the buffer of a pipe listener cannot be negative: use 0 for none"})
	}
	l := &PipeListener{buffer: buffer}
	l.accepting.Action = "accepting connections from"
	m := &memory[ByteStream]{openSend: 1, openReceive: 1}
	l.connect, l.accept = &MemorySendStream[ByteStream]{end[ByteStream]{m: m}}, &MemoryReceiveStream[ByteStream]{end[ByteStream]{m: m}}
	if kernel.DebugRuns() {
		l.watch = unclosed.New(l, "stream.PipeListener", kernel.CallerPC(1))
	}
	return l
}

// Connect makes a connection and returns the client's side of it as soon as the
// server has accepted the other one. If the listener was closed, or gets closed, the
// error matches ErrConnect and anyio.ErrClosed. Any number of tasks
// may connect at once; they are served in order.
//
// Cancellation: nobody has accepted the connection.
func (l *PipeListener) Connect(ctx context.Context) (ByteStream, error) {
	a, b := newPipe(l.buffer, kernel.CallerPC(1))
	err := l.connect.Send(ctx, b)
	if err == nil {
		return a, nil
	}
	_ = errors.Join(a.Close(ctx), b.Close(ctx)) // they never fail
	if errors.Is(err, anyio.ErrCanceled) {
		return nil, err
	}
	return nil, &ConnectError{Target: "pipe listener", Cause: anyio.ErrClosed}
}

// Accept implements Listener. Cancellation: no connection is lost.
func (l *PipeListener) Accept(ctx context.Context) (ByteStream, error) {
	if _, err := kernel.Enter(ctx); err != nil {
		return nil, err
	}
	if err := l.accepting.Acquire(); err != nil {
		return nil, err
	}
	defer l.accepting.Release()
	return l.accept.Receive(ctx)
}

// Serve implements Listener. Cancellation: as for the function Serve.
func (l *PipeListener) Serve(ctx context.Context, tg *anyio.TaskGroup, handler func(ctx context.Context, conn ByteStream) error) error {
	return Serve(ctx, l.Accept, tg, handler)
}

// Close implements Listener. It always returns nil. Connections that were accepted go
// on. Cancellation: ignored; it never waits.
func (l *PipeListener) Close(ctx context.Context) error {
	err := errors.Join(l.accept.Close(ctx), l.connect.Close(ctx))
	l.watch.Stop()
	runtime.KeepAlive(l)
	return err
}
