package tlsstream_test

import (
	"context"
	"crypto/tls"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

// After its handshake a client may have nothing to receive for long. So the tickets of
// TLS 1.3 go out with the first data, and the server's handshake does not wait for room.
func TestHandshakeOfAServerWaitsForNobodyToTakeItsTickets(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		a, b := stream.Pipe(0)
		client := of(version, clientConfig())
		client.ClientSessionCache = tls.NewLRUClientSessionCache(1) // others get no tickets
		server := of(version, serverConfig())
		server.ClientAuth = tls.RequestClientCert // else they go out before the handshake is over
		c, s, cerr, serr := shake(ctx, a, b, side{config: client}, side{config: server})
		if cerr != nil || serr != nil {
			t.Fatalf("handshake: client %v, server %v", cerr, serr)
		}
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error { return s.Send(ctx, []byte("data")) })
			receive(t, ctx, c, "data")
		})
		closeAll(t, ctx, a, b)
	})
}
