package tlsstream

import (
	"context"
	"crypto/tls"

	"github.com/anyio-go/anyio"
)

// Dial connects to a host as socket.DialTCP does, with the Dialer of the options, and
// begins TLS as Client does. The certificate must be valid for host, unless the options
// or the config name another.
//
// If the handshake fails the connection is closed.
//
// Cancellation: no connection is left behind.
func Dial(ctx context.Context, host string, port int, config *tls.Config, opts *Options) (*Stream, error) {
	o := opts.orDefault()
	if o.Hostname == "" && (config == nil || config.ServerName == "") {
		if o.Hostname = host; host == "" {
			o.Hostname = "localhost"
		}
	}
	conn, err := o.Dialer.DialTCP(ctx, host, port)
	if err != nil {
		return nil, err
	}
	s, err := Client(ctx, conn, config, &o)
	if err != nil {
		_ = anyio.CloseForcefully(ctx, conn)
		return nil, err
	}
	return s, nil
}
