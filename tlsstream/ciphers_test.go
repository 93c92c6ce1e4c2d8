package tlsstream_test

import (
	"context"
	"crypto/tls"
	"slices"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
)

func TestSharedCiphersAreThoseThatTheClientOffers(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		client := of(tls.VersionTLS12, clientConfig())
		client.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384}
		a, b := stream.Pipe(room)
		c, s, cerr, serr := shake(ctx, a, b, side{config: client}, side{config: of(tls.VersionTLS12, serverConfig())})
		if cerr != nil || serr != nil {
			t.Fatalf("handshake: client %v, server %v", cerr, serr)
		}
		// crypto/tls orders the offer as it likes.
		got := extra(t, s, tlsstream.AttrSharedCiphers)
		slices.SortFunc(got, func(a, b tlsstream.Cipher) int { return int(a.ID) - int(b.ID) })
		want := []tlsstream.Cipher{
			{ID: tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, Name: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", Protocol: "TLS 1.2", Bits: 128},
			{ID: tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, Name: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", Protocol: "TLS 1.2", Bits: 256},
			{ID: tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, Name: "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", Protocol: "TLS 1.2", Bits: 256},
		}
		if !slices.Equal(got, want) {
			t.Errorf("%+v, want %+v", got, want)
		}
		closeAll(t, ctx, c, s)
	})
}
