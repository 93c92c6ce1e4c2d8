package tlsstream

import (
	"context"
	"net"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/internal/errgraph"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/stream"
)

// A HandshakeError tells why a handshake failed. It matches what its cause matches:
// for example *tls.CertificateVerificationError, x509.HostnameError, ErrBroken.
type HandshakeError struct {
	Server bool     // which side this is
	Peer   net.Addr // the other side, nil if the transport does not know it
	Cause  error
}

func (e *HandshakeError) Error() string {
	side := "client"
	if e.Server {
		side = "server"
	}
	if e.Server && e.Peer != nil { // a client knows whom it has called
		side += " with " + e.Peer.String()
	}
	return errgraph.Text(e, func() string { return "anyio: TLS handshake as " + side + ": " + errgraph.Say(e.Cause) })
}

// Unwrap returns the cause.
func (e *HandshakeError) Unwrap() error { return errgraph.One(e, e.Cause) }

var _ = errgraph.Register(func(e *HandshakeError) []error { return []error{e.Cause} })

// closed is the error of a call on a stream that is closed already.
func closed(ctx context.Context) error {
	return kernel.Locate(ctx).CanceledOr(anyio.ErrClosed)
}

// handshakeError is the error of a handshake over a transport.
func handshakeError(server bool, transport stream.ByteStream, cause error) *HandshakeError {
	peer, _ := attr.GetOr[net.Addr](transport, stream.AttrRemoteAddr, nil)
	return &HandshakeError{Server: server, Peer: peer, Cause: cause}
}
