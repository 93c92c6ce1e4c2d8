package tlsstream_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
	"golang.org/x/net/nettest"
)

// The simulator has no part in this test: it uses goroutines and real time.
func TestNetConnOverTLS(t *testing.T) {
	for _, version := range versions {
		for _, on := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
			t.Run(tls.VersionName(version)+"/"+on.Name(), func(t *testing.T) {
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
				ctx := <-contexts
				nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
					a, b := stream.Pipe(room)
					type result struct {
						s   *tlsstream.Stream
						err error
					}
					done := make(chan result, 1)
					go func() {
						s, err := tlsstream.Server(ctx, b, of(version, serverConfig()))
						done <- result{s, err}
					}()
					c, err := tlsstream.Client(ctx, a, of(version, clientConfig()))
					server := <-done
					if err := errors.Join(err, server.err); err != nil {
						return nil, nil, nil, err
					}
					x, y := stream.NetConn(ctx, c), stream.NetConn(ctx, server.s)
					return x, y, func() { _, _ = x.Close(), y.Close() }, nil
				})
			})
		}
	}
}
