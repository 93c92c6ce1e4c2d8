package tlsstream

import (
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/anyio-go/anyio/internal/errgraph"
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
