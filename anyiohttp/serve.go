// Package anyiohttp serves HTTP by package net/http within a scope: what a server has
// begun ends with it.
//
// # Limitations
//
// Package net/http starts goroutines of its own, so a server cannot run in the
// simulator. On an event loop handlers run beside the loop, as do all goroutines that
// are not tasks.
package anyiohttp

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/stream"
)

// parting is how long handlers that were canceled may still send an answer.
const parting = time.Second

// Serve accepts connections on l and serves their requests, until it is asked to stop (see
// [anyio.Stopping]), its scope is canceled, or accepting fails. It does not return before
// all handlers have, also those that have hijacked their connection, and all connections
// are closed.
//
// At the end it drains: it accepts nothing more, closes idle connections, and lets the
// handlers that run finish for as long as drain says, with [anyio.Forever] without
// limit, at zero or less not at all. Then it cancels the contexts of the requests that
// are left, and a second later it closes their connections.
//
// The contexts of requests are scopes of the run, with the values of srv.BaseContext,
// if that is set; the cancellation of Serve reaches them only after the draining.
// If srv.TLSConfig has certificates, the connections are TLS, with HTTP/2. The server
// and the listener belong to Serve; Shutdown and Close of the server end it as well.
//
// To be asked to stop is no error. Else the error is the cancellation, or that of
// accepting: one that matches [anyio.ErrClosed] if the listener was closed,
// http.ErrServerClosed if the server was.
// In the simulator, and without a server, it is an *anyio.MisuseError.
//
// Cancellation: connections that were not accepted are lost with the listener.
func Serve[S stream.ByteStream](ctx context.Context, srv *http.Server, l stream.Listener[S], drain time.Duration) error {
	p, err := kernel.Enter(ctx)
	switch {
	case srv == nil:
		err = errNoServer
	case err == nil:
		err = p.Run().Admit(kernel.HandOver)
	}
	if err != nil {
		_ = anyio.CloseForcefully(ctx, l)
		return err
	}
	// Connections outlive the cancellation, which has to wait for the draining.
	var ended error
	err = anyio.Shielded(ctx, anyio.Forever, func(conns context.Context) error {
		return anyio.WithCancelScope(conns, func(handling context.Context, handlers *anyio.CancelScope) error {
			w := watch(srv, handling)
			var failed error
			var served anyio.Event
			go func() {
				defer served.Set()
				failed = serve(srv, stream.NetListener(conns, l))
			}()
			stopped, canceled := anyio.MoveOnStop(ctx, served.Wait) //anyiovet:ignore outerctx the end of accepting is waited for as its caller
			w.shutDown(conns, &served, handlers, drain)
			if ended = failed; stopped || canceled != nil {
				ended = canceled
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	return ended
}

var errNoServer = &anyio.MisuseError{Text: "anyiohttp: Serve: the server is nil; give it an *http.Server, whose zero value will do"}

// serve serves on a listener until it fails.
func serve(srv *http.Server, l net.Listener) error {
	if c := srv.TLSConfig; c != nil && (len(c.Certificates) > 0 || c.GetCertificate != nil || c.GetConfigForClient != nil) {
		return srv.ServeTLS(l, "", "")
	}
	return srv.Serve(l)
}
