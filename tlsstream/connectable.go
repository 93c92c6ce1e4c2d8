package tlsstream

import (
	"context"
	"crypto/tls"
	"errors"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

// A Connectable makes TLS connections over those of another connectable.
type Connectable struct {
	connect func(ctx context.Context) (stream.ByteStream, error)
	config  *tls.Config
	opts    Options
}

var _ stream.Connectable[*Stream] = (*Connectable)(nil)

// NewConnectable makes a Connectable. Config and options are those of Client.
func NewConnectable[S stream.ByteStream](inner stream.Connectable[S], config *tls.Config, opts *Options) *Connectable {
	return &Connectable{
		connect: func(ctx context.Context) (stream.ByteStream, error) { return inner.Connect(ctx) },
		config:  config,
		opts:    opts.orDefault(),
	}
}

// Connect makes a new connection and does the handshake. If that fails the connection
// is closed forcefully, and the error matches stream.ErrConnect. Cancellation: no
// connection is left behind.
func (c *Connectable) Connect(ctx context.Context) (*Stream, error) {
	conn, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	s, err := Client(ctx, conn, c.config, &c.opts)
	if err == nil {
		return s, nil
	}
	_ = anyio.CloseForcefully(ctx, conn)
	var misuse *anyio.MisuseError
	if errors.Is(err, anyio.ErrCanceled) || errors.As(err, &misuse) {
		return nil, err
	}
	return nil, &stream.ConnectError{Target: c.target(), Cause: err}
}

// target names the server, for people.
func (c *Connectable) target() string {
	if name := c.opts.Hostname; name != "" || c.config == nil {
		return name
	}
	return c.config.ServerName
}
