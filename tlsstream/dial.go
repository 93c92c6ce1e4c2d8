package tlsstream

import (
	"context"
	"crypto/tls"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/socket"
)

// Dial connects to a host as socket.DialTCP does, and begins TLS. The certificate
// must be valid for host, unless Hostname or the config's ServerName say otherwise.
// SocketOptions are options for DialTCP, the others are those of Client.
//
// If the handshake fails the connection is closed.
//
// Cancellation: no connection is left behind.
func Dial(ctx context.Context, host string, port int, config *tls.Config, opts ...Option) (*Stream, error) {
	o := optionsOf(opts)
	if o.hostname == "" && (config == nil || config.ServerName == "") {
		name := host
		if name == "" {
			name = "localhost"
		}
		opts = append([]Option{Hostname(name)}, opts...)
	}
	conn, err := socket.DialTCP(ctx, host, port, o.socket...)
	if err != nil {
		return nil, err
	}
	s, err := Client(ctx, conn, config, opts...)
	if err != nil {
		_ = anyio.CloseForcefully(ctx, conn)
		return nil, err
	}
	return s, nil
}

// SocketOptions sets options of the socket that Dial makes.
func SocketOptions(opts ...socket.Option) Option { return func(o *options) { o.socket = opts } }
