package tlsstream

import (
	"context"
	"crypto/tls"
	"slices"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/tlsconf"
)

// clientConfig is the caller's config as it is needed for one stream.
func clientConfig(ctx context.Context, config *tls.Config, o Options) (*tls.Config, error) {
	return tlsconf.Client(kernel.Locate(ctx).Run(), config, o.Hostname, "Options.Hostname")
}

// serverConfig is the caller's config with a look at the client's offer.
func serverConfig(ctx context.Context, config *tls.Config, s *Stream) *tls.Config {
	return tlsconf.Server(kernel.Locate(ctx).Run(), config, func(cfg *tls.Config, hello *tls.ClientHelloInfo) {
		s.hello = slices.Clone(hello.CipherSuites)
		s.note(cfg, hello)
	})
}
