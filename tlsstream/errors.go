package tlsstream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/errgraph"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A HandshakeError tells why a handshake failed. It matches what its cause matches:
// for example *tls.CertificateVerificationError, x509.HostnameError, ErrBroken.
type HandshakeError struct {
	Server bool // which side this is
	Cause  error
}

func (e *HandshakeError) Error() string {
	side := "client"
	if e.Server {
		side = "server"
	}
	return errgraph.Text(e, func() string { return "anyio: TLS handshake as " + side + ": " + errgraph.Say(e.Cause) })
}

// Unwrap is the cause.
func (e *HandshakeError) Unwrap() error { return errgraph.One(e, e.Cause) }

var _ = errgraph.Register(func(e *HandshakeError) []error { return []error{e.Cause} })

// clearError says what an error of crypto/tls means that came from bytes that are
// no TLS at all.
func clearError(err error) error {
	var h tls.RecordHeaderError
	if !errors.As(err, &h) {
		return err
	}
	h.Conn = nil // ours, and of no use to others
	return fmt.Errorf("the other side does not speak TLS here, it sent %q: %w", h.RecordHeader[:], h)
}

// closed is the error of a call on a stream that is closed already.
func closed(ctx context.Context) error {
	return kernel.Locate(ctx).CanceledOr(anyio.ErrClosed)
}
