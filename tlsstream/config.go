package tlsstream

import (
	"context"
	"crypto/tls"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"golang.org/x/net/idna"
)

// clientConfig is the caller's config as it is needed for one stream.
func clientConfig(ctx context.Context, config *tls.Config, o Options) (*tls.Config, error) {
	cfg := config.Clone()
	if cfg == nil {
		cfg = &tls.Config{}
	}
	if cfg.Renegotiation != tls.RenegotiateNever {
		return nil, &anyio.MisuseError{Text: "tlsstream: renegotiation is not supported: leave Config.Renegotiation alone"}
	}
	if o.Hostname != "" {
		name, err := asciiName(o.Hostname)
		if err != nil {
			return nil, err
		}
		cfg.ServerName = name
	}
	if cfg.ServerName == "" && !cfg.InsecureSkipVerify {
		return nil, &anyio.MisuseError{Text: "tlsstream: whose certificate is to be accepted: give the server's name with Options.Hostname or Config.ServerName"}
	}
	useClock(ctx, cfg)
	return cfg, nil
}

// lookup is IDNA 2008 for those who look names up, as liberal as DNS is about ASCII.
var lookup = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false), idna.StrictDomainName(false))

// asciiName is a host name as certificates have it.
func asciiName(name string) (string, error) {
	for i := range len(name) {
		if name[i] < utf8.RuneSelf {
			continue
		}
		ascii, err := lookup.ToASCII(name)
		if err != nil {
			return "", fmt.Errorf("tlsstream: the host name %q is not valid: %w", name, err)
		}
		return ascii, nil
	}
	return name, nil
}

// serverConfig is the caller's config with a look at the client's offer.
func serverConfig(ctx context.Context, config *tls.Config, s *Stream) *tls.Config {
	// Looking for a ticket makes the config make its ticket keys if it has none, or
	// renew them; then the copy has them, too, and tickets are good for all streams.
	_, _ = config.DecryptTicket(nil, tls.ConnectionState{})
	cfg := config.Clone()
	cfg.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		s.hello = slices.Clone(hello.CipherSuites)
		var chosen *tls.Config
		if config.GetConfigForClient != nil {
			var err error
			if chosen, err = config.GetConfigForClient(hello); err != nil {
				return nil, err
			}
		}
		if chosen == nil {
			s.note(cfg, hello)
			return nil, nil
		}
		if chosen.Time == nil || chosen.GetCertificate != nil {
			chosen = chosen.Clone()
			useClock(ctx, chosen)
		}
		s.note(chosen, hello)
		return chosen, nil
	}
	useClock(ctx, cfg)
	return cfg
}

// useClock lets certificates be valid by the run's clock.
func useClock(ctx context.Context, cfg *tls.Config) {
	if cfg.Time == nil {
		cfg.Time = kernel.Locate(ctx).Run().Today
	}
}
