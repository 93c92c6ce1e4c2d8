package tlsstream_test

import (
	"context"
	"crypto/tls"
	"errors"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
)

func TestStreamsKeepTheRulesOfByteStreams(t *testing.T) {
	for _, version := range versions {
		for name, standard := range map[string]bool{"standard": true, "not standard": false} {
			t.Run(tls.VersionName(version)+"/"+name, func(t *testing.T) {
				if testing.Short() && standard != (version == tls.VersionTLS13) {
					t.Skip("encrypting much takes long where no instruction does it; skipped by -short")
				}
				opts := []anyiotest.Option{anyiotest.Seeds(1)}
				if version < tls.VersionTLS13 {
					opts = append(opts, anyiotest.Lacks(anyiotest.HalfClose, "before TLS 1.3 the closing alert ends both directions"))
				}
				anyiotest.TestByteStream(t, func(ctx context.Context) (a, b stream.ByteStream, err error) {
					x, y := stream.Pipe(room)
					o := &tlsstream.Options{NoCloseNotify: !standard}
					c, s, cerr, serr := shake(ctx, x, y, side{of(version, clientConfig()), o}, side{of(version, serverConfig()), o})
					if err := errors.Join(cerr, serr); err != nil {
						return nil, nil, err
					}
					return c, s, nil
				}, opts...)
			})
		}
	}
}
