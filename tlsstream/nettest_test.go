package tlsstream_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
	"golang.org/x/net/nettest"
)

// inRun runs f on the test's goroutine while a run goes on on another one, and gives
// it the context of the run's main task.
func inRun(t *testing.T, on anyio.Backend, f func(ctx context.Context)) {
	t.Helper()
	contexts, ended := make(chan context.Context, 1), make(chan error, 1)
	var over anyio.Event
	go func() {
		ended <- anyio.Run(context.Background(), func(ctx context.Context) error {
			contexts <- ctx
			return over.Wait(ctx)
		}, anyio.On(on))
	}()
	defer func() {
		over.Set()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	f(<-contexts)
}

// The simulator has no part in this test: it uses goroutines and real time.
func TestNetConnOverTLS(t *testing.T) {
	path := unixPaths(t)
	for name, transport := range map[string]func(ctx context.Context) (a, b stream.ByteStream, err error){
		"pipe": func(context.Context) (a, b stream.ByteStream, err error) {
			a, b = stream.Pipe(room)
			return a, b, nil
		},
		"tcp":  func(ctx context.Context) (a, b stream.ByteStream, err error) { return overTCP(ctx) },
		"unix": func(ctx context.Context) (a, b stream.ByteStream, err error) { return overUnix(ctx, path()) },
	} {
		for _, version := range versions {
			for _, on := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
				t.Run(name+"/"+tls.VersionName(version)+"/"+on.Name(), func(t *testing.T) {
					if name == "unix" {
						testkit.NeedUnix(t)
					}
					if testing.Short() && (name == "unix" || name == "tcp" && version < tls.VersionTLS13) {
						t.Skip("over TCP by TLS 1.3, and over a pipe, is enough; skipped by -short")
					}
					inRun(t, on, func(ctx context.Context) {
						nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) { return tlsConns(ctx, version, transport) })
					})
				})
			}
		}
	}
}

// tlsConns makes what package nettest wants of a transport.
func tlsConns(ctx context.Context, version uint16, transport func(ctx context.Context) (a, b stream.ByteStream, err error)) (x, y net.Conn, stop func(), err error) {
	a, b, err := transport(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	type result struct {
		s   *tlsstream.Stream
		err error
	}
	done := make(chan result, 1)
	go func() {
		s, err := tlsstream.Server(ctx, b, of(version, serverConfig()), nil)
		done <- result{s, err}
	}()
	c, err := tlsstream.Client(ctx, a, of(version, clientConfig()), nil)
	server := <-done
	if err := errors.Join(err, server.err); err != nil {
		return nil, nil, nil, err
	}
	x, y = stream.NetConn(ctx, c), stream.NetConn(ctx, server.s)
	return x, y, func() { _, _ = x.Close(), y.Close() }, nil
}
