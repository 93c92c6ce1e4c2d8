package asyncio

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/anyio-go/anyio"
)

// A tlsTransport is the transport above TLS.
type tlsTransport tlsLayer

// Write implements Transport.
func (t *tlsTransport) Write(data []byte) (int, error) {
	t.loop.use("Write")
	if err := t.loop.refuseWrite(t, "Write"); err != nil {
		return 0, err
	}
	return t.write(data)
}

func (t *tlsTransport) write(data []byte) (int, error) {
	switch {
	case t.lost, t.err != nil:
		return 0, anyio.ErrClosed
	case t.closing:
		return 0, misuse("Write after Close of a TLS transport")
	case len(data) == 0:
		return 0, nil
	}
	return t.conn.Write(data)
}

// WriteLines implements Transport.
func (t *tlsTransport) WriteLines(pieces [][]byte) error {
	for _, p := range pieces {
		if _, err := t.Write(p); err != nil {
			return err
		}
	}
	return nil
}

// CanWriteEOF returns false: TLS has no half-closed connections that all sides know.
func (t *tlsTransport) CanWriteEOF() bool { return false }

// WriteEOF panics.
func (t *tlsTransport) WriteEOF() {
	panic(misuse("WriteEOF of a TLS transport, which has no half-closed connections: use Close"))
}

// Close tells the other side that this one has ended, writes what is buffered, and closes.
func (t *tlsTransport) Close() {
	t.loop.use("Close")
	if t.closing || t.lost {
		return
	}
	t.closing = true
	_ = t.conn.CloseWrite() // the transport below keeps its own errors
	t.raw.Close()
}

// Abort implements BaseTransport.
func (t *tlsTransport) Abort() {
	t.closing = true
	t.raw.Abort()
}

// IsClosing implements BaseTransport.
func (t *tlsTransport) IsClosing() bool { return t.closing || t.raw.IsClosing() }

// ExtraInfo returns what is known of the connection under "sslcontext", a *tls.Config,
// "ssl_object", a tls.ConnectionState, "peercert", a *x509.Certificate, and "cipher", a
// string, and else what the transport below knows.
func (t *tlsTransport) ExtraInfo(name string) any {
	switch name {
	case "sslcontext":
		return t.config
	case "ssl_object":
		return t.conn.ConnectionState()
	case "cipher":
		return tls.CipherSuiteName(t.conn.ConnectionState().CipherSuite)
	case "peercert":
		if certs := t.conn.ConnectionState().PeerCertificates; len(certs) > 0 {
			return certs[0]
		}
		return nil
	}
	return t.raw.ExtraInfo(name)
}

// SetWriteBufferLimits implements BaseTransport.
func (t *tlsTransport) SetWriteBufferLimits(high, low int) error {
	return t.raw.SetWriteBufferLimits(high, low)
}

// WriteBufferLimits implements BaseTransport.
func (t *tlsTransport) WriteBufferLimits() (low, high int) { return t.raw.WriteBufferLimits() }

// WriteBufferSize implements BaseTransport: that of what is encrypted.
func (t *tlsTransport) WriteBufferSize() int { return t.raw.WriteBufferSize() }

// PauseReading implements Transport.
func (t *tlsTransport) PauseReading() {
	t.loop.use("PauseReading")
	t.paused = true
	t.raw.PauseReading()
}

// ResumeReading implements Transport.
func (t *tlsTransport) ResumeReading() {
	t.loop.use("ResumeReading")
	if t.paused {
		t.paused = false
		t.raw.ResumeReading()
		(*tlsLayer)(t).look() // at what was decrypted too late
	}
}

// IsReading implements Transport.
func (t *tlsTransport) IsReading() bool { return !t.paused && !t.closing && t.raw.IsReading() }

// SetProtocol implements Transport.
func (t *tlsTransport) SetProtocol(p BaseProtocol) {
	t.loop.use("SetProtocol")
	if err := socketWire.checkProtocol(p); err != nil {
		panic(err)
	}
	t.app = p
}

// Protocol implements Transport.
func (t *tlsTransport) Protocol() BaseProtocol {
	if t.lost {
		return nil
	}
	return t.app
}

// TLSOptions are what StartTLS may be told.
type TLSOptions struct {
	// Server makes this side the server of the handshake.
	Server bool
	// ServerName is whom a client expects, if the configuration does not say.
	ServerName string
	// HandshakeTimeout is how long the handshake may take; 0 is DefaultHandshakeTimeout, and
	// less is a *anyio.MisuseError.
	HandshakeTimeout time.Duration
}

// StartTLS makes an encrypted connection of one that is there, after a handshake, and
// returns its transport, which takes the place of t for the protocol of t. t must not be
// used any more. The error is that of the handshake, a *tlsstream.HandshakeError; then the
// connection is aborted, and the protocol told of its loss.
//
// Cancellation: the connection is aborted.
func (l *Loop) StartTLS(ctx context.Context, t Transport, config *tls.Config, o TLSOptions) (Transport, error) {
	return l.startTLS(ctx, t, config, o, nil, false)
}

// startTLS is StartTLS of a connection of which something was received already.
func (l *Loop) startTLS(ctx context.Context, t Transport, config *tls.Config, o TLSOptions, received []byte, eof bool) (Transport, error) {
	l.use("StartTLS")
	if config == nil {
		return nil, misuse("StartTLS without a configuration")
	}
	if err := checkHandshakeTimeout(config, o.HandshakeTimeout); err != nil {
		return nil, err
	}
	if s, ok := t.(*streamTransport); ok && s.kind != socketWire {
		return nil, misuse("StartTLS of one end of a pipe")
	}
	app := t.Protocol()
	if app == nil || t.IsClosing() {
		return nil, anyio.ErrClosed
	}
	if l.sends[baseOf(t)] != nil {
		return nil, misuse("StartTLS while SendFile sends a file")
	}
	layer, err := l.newTLSLayer(ctx, app, tlsOptions{config, o.Server, o.ServerName, "TLSOptions.ServerName", o.HandshakeTimeout}, false)
	if err != nil {
		return nil, err
	}
	layer.ready = CreateFuture[struct{}](l)
	layer.in, layer.eof = received, eof
	t.SetProtocol(layer)
	t.ResumeReading()
	layer.ConnectionMade(t)
	return layer.result(ctx)
}

// encrypted makes a connection by connect and, if there is a configuration, one over TLS of
// it.
func (l *Loop) encrypted(ctx context.Context, factory func() BaseProtocol, o tlsOptions,
	connect func(factory func() BaseProtocol) (Transport, BaseProtocol, error)) (Transport, BaseProtocol, error) {
	if factory == nil {
		return nil, nil, errNoFactory()
	}
	if err := checkHandshakeTimeout(o.config, o.timeout); err != nil {
		return nil, nil, err
	}
	if o.config == nil {
		return connect(factory)
	}
	layer, err := l.newTLSLayer(ctx, nil, o, true)
	if err != nil {
		return nil, nil, err
	}
	app := factory()
	if err := socketWire.checkProtocol(app); err != nil {
		return nil, nil, err
	}
	layer.app = app
	layer.ready = CreateFuture[struct{}](l)
	if _, _, err := connect(func() BaseProtocol { return layer }); err != nil {
		return nil, nil, err
	}
	t, err := layer.result(ctx)
	return t, app, err
}

// overTLS makes the factory of a server's protocols one of connections over TLS.
func (l *Loop) overTLS(ctx context.Context, factory func() BaseProtocol, config *tls.Config, timeout time.Duration) func() BaseProtocol {
	if config == nil {
		return factory
	}
	o := tlsOptions{config: config, server: true, timeout: timeout}
	return func() BaseProtocol {
		app := factory()
		if err := socketWire.checkProtocol(app); err != nil {
			panic(err)
		}
		layer, err := l.newTLSLayer(ctx, app, o, true)
		if err != nil {
			panic(err)
		}
		return layer
	}
}

// result waits for the handshake.
func (t *tlsLayer) result(ctx context.Context) (Transport, error) {
	if _, err := t.ready.Await(ctx); err != nil {
		t.fail(err)
		return nil, err
	}
	return (*tlsTransport)(t), nil
}
