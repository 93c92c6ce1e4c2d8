package stream

import (
	"context"

	"github.com/anyio-go/anyio"
)

// A ByteReceiveStream receives bytes in the order in which they were sent.
type ByteReceiveStream interface {
	anyio.Resource
	// Receive waits for data and reads between 1 and len(buf) bytes into buf. The
	// errors are ErrClosed if this stream was closed, ErrEndOfStream after the last
	// byte, ErrBroken if something outside failed, and a *BusyError if another task
	// receives. An empty buf is a *MisuseError.
	//
	// Cancellation: no byte is lost.
	Receive(ctx context.Context, buf []byte) (int, error)
}

// A ByteSendStream sends bytes.
type ByteSendStream interface {
	anyio.Resource
	// Send sends all of data, waiting while the other side is slow. The errors are
	// ErrClosed if this stream was closed or its end was sent, ErrBroken if the
	// other side was closed or something outside failed, and a *BusyError if
	// another task sends. The stream does not keep data.
	//
	// Cancellation: an unknown part of data may have been sent.
	Send(ctx context.Context, data []byte) error
}

// A ByteStream carries bytes in both directions. Sending and receiving may go on
// at the same time.
type ByteStream interface {
	ByteReceiveStream
	ByteSendStream
	// SendEOF tells the other side that no more data will come; receiving goes on.
	// Further calls do nothing. Cancellation: the end may have been sent; call it
	// again.
	SendEOF(ctx context.Context) error
}

// A Listener accepts connections of type S.
type Listener[S any] interface {
	anyio.Resource
	// Accept waits for a connection, which the caller must close. The errors are
	// ErrClosed if the listener was closed and a *BusyError if another task accepts.
	// Cancellation: no connection is lost.
	Accept(ctx context.Context) (S, error)
	// Serve accepts connections and calls handler for each in a task of its own, until
	// it is asked to stop (see anyio.Stopping), which is no error, it is canceled, or the
	// listener closed (ErrClosed). The handler closes the connection. The tasks belong to
	// tg and may outlive Serve; if tg is nil they belong to a group of Serve's, so that a
	// handler that fails ends Serve.
	// Cancellation: accepting ends, and no connection is lost; tasks of tg are canceled
	// only with tg.
	Serve(ctx context.Context, tg *anyio.TaskGroup, handler func(ctx context.Context, conn S) error) error
}

// A Connectable makes connections of type S, such as to a fixed address.
type Connectable[S any] interface {
	// Connect makes a new connection. The error matches ErrConnect.
	// Cancellation: no connection is left behind.
	Connect(ctx context.Context) (S, error)
}

type (
	// A ByteStreamConnectable makes byte streams.
	ByteStreamConnectable = Connectable[ByteStream]
	// A ByteStreamListener accepts byte streams.
	ByteStreamListener = Listener[ByteStream]
)
