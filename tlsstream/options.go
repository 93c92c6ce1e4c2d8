package tlsstream

import (
	"context"
	"time"

	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

// An Option is an option of this package's functions; each says where it counts.
type Option func(*options)

type options struct {
	hostname    string
	nonStandard bool
	timeout     time.Duration
	handshakes  int
	socket      []socket.Option
	onError     func(ctx context.Context, err error, transport stream.ByteStream)
}

func optionsOf(opts []Option) options {
	o := options{timeout: defaultHandshakeTimeout}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// Hostname sets the name or the address of the server that the certificate must be
// valid for; it goes before the ServerName of the config. A name that is not ASCII is
// encoded as IDNA 2008 says. For clients.
func Hostname(name string) Option { return func(o *options) { o.hostname = name } }

// StandardCompatible sets whether the end of the connection is protected, as the
// standard demands; that is the default. Without it a stream does not send the closing
// alert when it is closed and takes the end of the transport for the end of the data,
// as many programs do whose protocol says itself how long its messages are.
func StandardCompatible(yes bool) Option { return func(o *options) { o.nonStandard = !yes } }

// HandshakeTimeout sets how long a handshake may take; 30 seconds if it is not given,
// no limit is anyio.Forever; zero or less is no time. For listeners.
func HandshakeTimeout(d time.Duration) Option { return func(o *options) { o.timeout = d } }

// MaxHandshakes sets how many handshakes of a listener may be under way at the same
// time, as each costs processor time that a client can ask for at no cost of its own.
// Further connections wait in Serve, which [socket.MaxConnections] limits; that time
// does not count for HandshakeTimeout. Zero, the default, is no limit. For listeners.
func MaxHandshakes(n int) Option { return func(o *options) { o.handshakes = n } }

// OnHandshakeError makes a listener call f for each connection whose handshake has
// failed, in place of logging it. The transport is closed already; it can still tell
// its attributes. Not called if the handshake was canceled. For listeners.
func OnHandshakeError(f func(ctx context.Context, err error, transport stream.ByteStream)) Option {
	return func(o *options) { o.onError = f }
}
