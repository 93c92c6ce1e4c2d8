package stream

import (
	"context"
	"errors"
	"iter"

	"github.com/anyio-go/anyio"
)

// An UnreliableObjectReceiveStream receives objects without a promise that they
// arrive in order, or at all, as from a UDP socket. Its methods are those of
// ObjectReceiveStream: in Go the promise is in the name and in the documentation
// of what implements it.
type UnreliableObjectReceiveStream[T any] interface {
	// Receive waits for the next object. The errors are ErrClosed if this end was
	// closed, ErrEndOfStream if the other side was, and ErrBroken if something
	// outside failed. Cancellation: no object is lost.
	Receive(ctx context.Context) (T, error)
	anyio.Resource
}

// An UnreliableObjectSendStream sends objects without a promise that they arrive.
type UnreliableObjectSendStream[T any] interface {
	// Send gives an object to the stream, waiting until it is taken. The errors
	// are ErrClosed if this end was closed, and ErrBroken if the other side was or
	// something outside failed. Cancellation: the object is not sent.
	Send(ctx context.Context, item T) error
	anyio.Resource
}

// An UnreliableObjectStream is both: it promises neither order nor delivery.
type UnreliableObjectStream[T any] interface {
	UnreliableObjectReceiveStream[T]
	UnreliableObjectSendStream[T]
}

// An ObjectReceiveStream delivers every object that was sent, in order.
type ObjectReceiveStream[T any] interface {
	UnreliableObjectReceiveStream[T]
}

// An ObjectSendStream delivers every object, in the order of sending.
type ObjectSendStream[T any] interface {
	UnreliableObjectSendStream[T]
}

// An ObjectStream carries objects in both directions.
type ObjectStream[T any] interface {
	ObjectReceiveStream[T]
	ObjectSendStream[T]
	// SendEOF tells the other side that no more objects will be sent; Send then returns
	// ErrClosed, receiving goes on. Further calls do nothing. Cancellation: the end may
	// have been sent; call it again.
	SendEOF(ctx context.Context) error
}

// All receives until the end of the stream, which ends the sequence. Any other error is
// yielded once, with the zero value of T, and ends it, too. The sequence may be ranged
// over again to go on. Cancellation: as for Receive of r; it is yielded once.
func All[T any](ctx context.Context, r UnreliableObjectReceiveStream[T]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for {
			item, err := r.Receive(ctx)
			if err != nil {
				if !errors.Is(err, anyio.ErrEndOfStream) {
					yield(item, err)
				}
				return
			}
			if !yield(item, nil) {
				return
			}
		}
	}
}
