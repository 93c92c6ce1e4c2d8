// Package tlsconf is what the two ways to run crypto/tls have in common, that of streams,
// in package tlsstream, and that of callbacks, in package asyncio: configurations made fit
// for one connection, and errors.
package tlsconf

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"unicode/utf8"

	"github.com/anyio-go/anyio/internal/kernel"
	"golang.org/x/net/idna"
)

// Client is a user's configuration, which may be nil, as it is needed for one client: for
// the server's name, if one is given, and by the run's clock. Users give the name by an
// option, if that is not empty.
func Client(r *kernel.Run, config *tls.Config, name, option string) (*tls.Config, error) {
	cfg := config.Clone()
	if cfg == nil {
		cfg = &tls.Config{}
	}
	if cfg.Renegotiation != tls.RenegotiateNever {
		return nil, kernel.Misuse("TLS: renegotiation is not supported: leave Config.Renegotiation alone")
	}
	if name != "" {
		ascii, err := asciiName(name)
		if err != nil {
			return nil, err
		}
		cfg.ServerName = ascii
	}
	if cfg.ServerName == "" && !cfg.InsecureSkipVerify {
		by := "Config.ServerName"
		if option != "" {
			by = option + " or " + by
		}
		return nil, kernel.Misuse("TLS: whose certificate is to be accepted: give the server's name with " + by)
	}
	useClock(r, cfg)
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
			return "", fmt.Errorf("TLS: the host name %q is not valid: %w", name, err)
		}
		return ascii, nil
	}
	return name, nil
}

// Server is a user's configuration as it is needed for one server. look, if not nil, is
// told of the client's offer and of the configuration that is going to be used, which is
// the connection's own if it chooses certificates by a function.
func Server(r *kernel.Run, config *tls.Config, look func(*tls.Config, *tls.ClientHelloInfo)) *tls.Config {
	if look == nil {
		look = func(*tls.Config, *tls.ClientHelloInfo) {}
	}
	// Looking for a ticket makes the config make its ticket keys if it has none, or
	// renew them; then the copy has them, too, and tickets are good for all connections.
	_, _ = config.DecryptTicket(nil, tls.ConnectionState{})
	cfg := config.Clone()
	cfg.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		var chosen *tls.Config
		if config.GetConfigForClient != nil {
			var err error
			if chosen, err = config.GetConfigForClient(hello); err != nil {
				return nil, err
			}
		}
		if chosen == nil {
			look(cfg, hello)
			return nil, nil
		}
		if chosen.Time == nil || chosen.GetCertificate != nil {
			chosen = chosen.Clone()
			useClock(r, chosen)
		}
		look(chosen, hello)
		return chosen, nil
	}
	useClock(r, cfg)
	return cfg
}

// useClock lets certificates be valid by the run's clock.
func useClock(r *kernel.Run, cfg *tls.Config) {
	if cfg.Time == nil {
		cfg.Time = r.Today
	}
}

// starved is the error of a read for which there is no data yet.
type starved struct{}

func (starved) Error() string   { return "no data yet" }
func (starved) Timeout() bool   { return true }
func (starved) Temporary() bool { return true } // crypto/tls looks at this one

// ErrStarved is what the net.Conn of a tls.Conn returns when there is no data yet. After
// the handshake crypto/tls does not keep it, and goes on from there the next time.
var ErrStarved net.Error = starved{}

// Clear says what an error of crypto/tls means that came from bytes that are no TLS at
// all.
func Clear(err error) error {
	var h tls.RecordHeaderError
	if !errors.As(err, &h) {
		return err
	}
	h.Conn = nil // ours, and of no use to others
	return fmt.Errorf("the other side does not speak TLS here, it sent %q: %w", h.RecordHeader[:], h)
}
