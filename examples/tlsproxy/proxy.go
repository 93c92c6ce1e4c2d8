package main

import (
	"context"
	"crypto/tls"
	"errors"
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/signals"
	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
)

// connectLimit is how long connecting to the server may take.
const connectLimit = 5 * time.Second

// A proxy passes what comes in TLS connections on to a server, in plain text.
type proxy struct {
	target stream.ByteStreamConnectable
	config *tls.Config
	drain  time.Duration // how long connections may go on after a signal
	log    func(format string, args ...any)

	open      atomic.Int32       // connections
	draining  anyio.Event        // set when the port is closed
	accepting *anyio.CancelScope // set before serve accepts; canceling it is as good as a signal
}

// serve accepts connections until a signal comes, and then drains. The error is that
// of accepting, nil after a signal.
//
// Accepting takes place in the scope that the signal cancels, the connections belong
// to a group outside of it: so the signal does not touch them.
func serve[S stream.ByteStream](ctx context.Context, p *proxy, inner stream.Listener[S]) error {
	l, err := tlsstream.NewListener(inner, p.config, &tlsstream.Options{HandshakeTimeout: 10 * time.Second, OnHandshakeError: func(_ context.Context, err error, _ stream.ByteStream) { p.log("%v", err) }})
	if err != nil {
		return err
	}
	var conns *anyio.TaskGroup
	err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		conns = tg
		err := signals.WithShutdown(ctx, func(ctx context.Context) error {
			return anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
				p.accepting = scope
				return l.Serve(ctx, conns, p.handle)
			})
		})
		err = errors.Join(err, l.Close(ctx)) // from now on connections are refused
		if signal, ok := errors.AsType[*signals.Error](err); ok {
			p.log("%v", signal.Signal)
		} else if err != nil {
			return err
		}
		p.draining.Set()
		p.log("accepting no more; %d open connections have %v to finish", p.open.Load(), p.drain)
		conns.SetDeadline(anyio.Now(ctx).Add(p.drain))
		return nil
	})
	if err == nil && conns.CancelCaught() {
		p.log("the time is over, the rest was cut")
	} else if err == nil {
		p.log("every connection has finished")
	}
	return err
}

// handle is one connection. What goes wrong in it is no error of the proxy.
func (p *proxy) handle(ctx context.Context, client *tlsstream.Stream) error {
	p.open.Add(1)
	defer p.open.Add(-1)
	defer func() { _ = client.Close(ctx) }()
	err := p.connectAndRelay(ctx, client)
	if err != nil {
		// Without a closing alert: what the client has got is not all.
		abort(ctx, client.Transport())
	}
	if err != nil && !errors.Is(err, anyio.ErrCanceled) {
		p.log("%v", err)
		return nil
	}
	return err
}

func (p *proxy) connectAndRelay(ctx context.Context, client *tlsstream.Stream) error {
	var server stream.ByteStream
	err := anyio.FailAfter(ctx, connectLimit, func(ctx context.Context) (err error) {
		server, err = p.target.Connect(ctx)
		return err
	})
	if err != nil {
		return err
	}
	defer func() { _ = server.Close(ctx) }()
	if err := relay(ctx, client, server); err != nil {
		abort(ctx, server) // what it has got is not all, either
		return err
	}
	return nil
}

// abort breaks a connection so that the other side cannot take it for the end.
func abort(ctx context.Context, s stream.ByteStream) {
	if tcp, ok := s.(interface{ Abort(context.Context) error }); ok {
		_ = tcp.Abort(ctx)
	} else {
		_ = anyio.CloseForcefully(ctx, s)
	}
}

// relay passes data in both directions until both have ended. Each may end on its
// own, but for TLS 1.2, where the end of one is the end of all.
func relay(ctx context.Context, client, server stream.ByteStream) error {
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(func(ctx context.Context) error { return pass(ctx, server, client) }, anyio.Name("from client to server"))
		tg.Go(func(ctx context.Context) error {
			err := pass(ctx, client, server)
			if errors.Is(err, errors.ErrUnsupported) {
				tg.Cancel("TLS 1.2: the server has ended, and so has the connection")
				return nil
			}
			return err
		}, anyio.Name("from server to client"))
		return nil
	})
}

// pass passes data on in one direction, and its end.
func pass(ctx context.Context, to, from stream.ByteStream) error {
	if _, err := stream.Copy(ctx, to, from); err != nil {
		return err
	}
	return to.SendEOF(ctx)
}
