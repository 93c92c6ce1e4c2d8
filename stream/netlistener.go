package stream

import (
	"context"
	"errors"
	"net"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/internal/kernel"
)

// NetListener makes a net.Listener of a listener, so that
//
//	http.Serve(stream.NetListener(ctx, listener), handler)
//
// serves on it. The connections are those that NetConn makes; they and Accept
// belong to ctx, which is to outlive the server. Any goroutine may call the
// methods. The listener belongs to it from then on.
//
// Cancellation: when the scope of ctx is canceled or left, Accept and all calls on
// the connections fail; no connection is lost in between.
func NetListener[S ByteStream](ctx context.Context, l Listener[S]) net.Listener {
	return &netListener[S]{ctx: ctx, l: l, turn: anyio.NewSemaphore(1)}
}

type netListener[S ByteStream] struct {
	ctx  context.Context
	l    Listener[S]
	turn *anyio.Semaphore // held by the call of Accept that goes on
}

func (l *netListener[S]) Accept() (net.Conn, error) {
	err := l.turn.Acquire(l.ctx)
	if err != nil {
		return nil, l.opError("accept", err)
	}
	s, err := l.l.Accept(l.ctx)
	l.turn.Release()
	if err != nil {
		return nil, l.opError("accept", err)
	}
	return NetConn(l.ctx, s), nil
}

// Close closes the listener; those who wait in Accept get an error that matches
// net.ErrClosed.
func (l *netListener[S]) Close() error {
	if err := l.l.Close(l.ctx); err != nil && !errors.Is(err, anyio.ErrCanceled) {
		return l.opError("close", err)
	}
	return nil
}

func (l *netListener[S]) Addr() net.Addr { return addrOf(l.l, AttrLocalAddr) }

// Attributes are those of the listener.
func (l *netListener[S]) Attributes() attr.Set { return attr.Of(l.l) }

func (l *netListener[S]) opError(op string, err error) error {
	addr := l.Addr()
	return &net.OpError{Op: op, Net: addr.Network(), Addr: addr, Err: err}
}

// DialContext makes a function for http.Transport.DialContext and its like of one that
// connects a byte stream:
//
//	transport.DialContext = stream.DialContext(ctx, func(ctx context.Context, network, address string) (stream.ByteStream, error) {
//		return connectable.Connect(ctx)
//	})
//
// The connections, made by NetConn, belong to ctx and not to the context of the
// dialing, which is often that of the first request and only limits the dialing.
//
// Cancellation: either context ends the dialing, and connect decides what is left behind.
func DialContext[S ByteStream](ctx context.Context, connect func(ctx context.Context, network, address string) (S, error)) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(dial context.Context, network, address string) (net.Conn, error) {
		scope := &kernel.Scope{}
		scope.Init(ctx, kernel.NoDeadline, false)
		defer scope.Leave()
		stop := kernel.AfterDone(dial, func() {
			scope.Cancel(kernel.CauseOf(dial))
		})
		defer stop()
		s, err := connect(scope, network, address)
		if err != nil {
			return nil, &net.OpError{Op: "dial", Net: network, Addr: dialAddr{network, address}, Err: err}
		}
		return NetConn(ctx, s), nil
	}
}

// A dialAddr is where somebody wanted to connect to.
type dialAddr struct{ network, address string }

func (a dialAddr) Network() string { return a.network }
func (a dialAddr) String() string  { return a.address }
