package tlsstream

import (
	"context"
	"time"

	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

// Options are options for this package's functions; each field says for which. A nil
// *Options means the zero value.
type Options struct {
	// Hostname is the name or the address of the server that the certificate must be
	// valid for; it goes before the ServerName of the config. A name that is not ASCII is
	// encoded as IDNA 2008 says. For clients.
	Hostname string
	// NoCloseNotify leaves the end of the connection unprotected, against the standard: a
	// stream does not send the closing alert when it is closed, and takes the end of the
	// transport for the end of the data, as many programs do whose protocol says itself
	// how long its messages are.
	NoCloseNotify bool
	// HandshakeTimeout is how long a handshake may take: 0 is 30 seconds, anyio.Forever
	// no limit, a negative one no time. For listeners.
	HandshakeTimeout time.Duration
	// MaxHandshakes is how many handshakes may be under way at the same time, 0 for no
	// limit: each costs processor time that a client can ask for at no cost of its own.
	// Further connections wait in Serve, which MaxConnections of a socket.ListenConfig
	// limits; that time does not count for HandshakeTimeout. For listeners.
	MaxHandshakes int
	// OnHandshakeError is called for each connection whose handshake has failed, in place
	// of logging it. The transport is closed already; it can still tell its attributes.
	// Not called if the handshake was canceled. For listeners.
	OnHandshakeError func(ctx context.Context, err error, transport stream.ByteStream)
	// Dialer makes the socket. For Dial.
	Dialer socket.Dialer
}

// orDefault are the options, with their defaults.
func (o *Options) orDefault() Options {
	var all Options
	if o != nil {
		all = *o
	}
	if all.HandshakeTimeout == 0 {
		all.HandshakeTimeout = defaultHandshakeTimeout
	}
	return all
}
