package tlsstream

import (
	"crypto/tls"
	"crypto/x509"
	"slices"
	"strings"

	"github.com/anyio-go/anyio/attr"
)

// The extra attributes of a Stream, beside those of its transport.
var (
	// AttrALPNProtocol is the protocol that was agreed on, "" if none.
	AttrALPNProtocol = attr.New[string]("tls.alpn_protocol")
	// AttrChannelBindingTLSExporter is the binding of RFC 9266, which TLS 1.3 has always;
	// before that, an error if the two sides do not know of extended master secrets.
	AttrChannelBindingTLSExporter = attr.New[[]byte]("tls.channel_binding_tls_exporter")
	// AttrChannelBindingTLSServerEndPoint is that of RFC 5929 which is a hash of the
	// server's certificate. It is an error that matches errors.ErrUnsupported if the
	// certificate is signed without a hash, as by Ed25519.
	AttrChannelBindingTLSServerEndPoint = attr.New[[]byte]("tls.channel_binding_tls_server_end_point")
	// AttrChannelBindingTLSUnique is the other one of RFC 5929, up to TLS 1.2; nil with
	// TLS 1.3, which has none.
	AttrChannelBindingTLSUnique = attr.New[[]byte]("tls.channel_binding_tls_unique")
	// AttrCipherSuite is what encrypts the stream.
	AttrCipherSuite = attr.New[Cipher]("tls.cipher")
	// AttrPeerCertificate is the other side's, nil if it showed none. Whether it was
	// verified is for the config to say.
	AttrPeerCertificate = attr.New[*x509.Certificate]("tls.peer_certificate")
	// AttrPeerCertificateBinary is the same in DER, nil if there is none.
	AttrPeerCertificateBinary = attr.New[[]byte]("tls.peer_certificate_binary")
	// AttrServerSide is whether this is the server's side.
	AttrServerSide = attr.New[bool]("tls.server_side")
	// AttrSharedCiphers are those that the client offered and this server knows, in the
	// client's order; nil on the client.
	AttrSharedCiphers = attr.New[[]Cipher]("tls.shared_ciphers")
	// AttrState is all that crypto/tls tells.
	AttrState = attr.New[*tls.ConnectionState]("tls.state")
	// AttrStandardCompatible is whether the end of a stream is protected, as the standard
	// demands: true unless Options.NoCloseNotify is set. Listeners have it, too.
	AttrStandardCompatible = attr.New[bool]("tls.standard_compatible")
	// AttrVersion is tls.VersionTLS13 or an older one; tls.VersionName names it.
	AttrVersion = attr.New[uint16]("tls.version")
)

// A Cipher describes a cipher suite.
type Cipher struct {
	ID       uint16
	Name     string // "TLS_AES_128_GCM_SHA256"
	Protocol string // "TLS 1.3": of the stream, or the oldest one that has the suite
	Bits     int    // of the key that encrypts
}

func cipherOf(id, version uint16) Cipher {
	name := tls.CipherSuiteName(id)
	c := Cipher{ID: id, Name: name, Protocol: tls.VersionName(version)}
	for _, k := range []struct {
		part string
		bits int
	}{{"AES_128", 128}, {"AES_256", 256}, {"CHACHA20", 256}, {"3DES", 112}, {"RC4_128", 128}} {
		if strings.Contains(name, k.part) {
			c.Bits = k.bits
		}
	}
	return c
}

// sharedCiphers are those of an offer that crypto/tls knows.
func sharedCiphers(offer []uint16) []Cipher {
	shared := []Cipher{}
	known := slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites())
	for _, id := range offer {
		for _, k := range known {
			if k.ID == id {
				shared = append(shared, cipherOf(id, k.SupportedVersions[0]))
			}
		}
	}
	return shared
}

// Attributes returns those of the transport and those of TLS.
func (s *Stream) Attributes() attr.Set {
	state := s.state
	var cert *x509.Certificate
	var der []byte
	if len(state.PeerCertificates) > 0 {
		cert = state.PeerCertificates[0]
		der = cert.Raw
	}
	return attr.Of(s.wire.transport).With(
		AttrALPNProtocol.Value(state.NegotiatedProtocol),
		AttrChannelBindingTLSExporter.Func(func() ([]byte, error) {
			return state.ExportKeyingMaterial("EXPORTER-Channel-Binding", nil, 32)
		}),
		AttrChannelBindingTLSServerEndPoint.Func(s.serverEndPoint),
		AttrChannelBindingTLSUnique.Value(state.TLSUnique),
		AttrCipherSuite.Value(cipherOf(state.CipherSuite, state.Version)),
		AttrPeerCertificate.Value(cert),
		AttrPeerCertificateBinary.Value(der),
		AttrServerSide.Value(s.server),
		AttrSharedCiphers.Func(func() ([]Cipher, error) {
			if !s.server {
				return nil, nil
			}
			return sharedCiphers(s.hello), nil
		}),
		AttrState.Value(&state),
		AttrStandardCompatible.Value(s.standard),
		AttrVersion.Value(state.Version),
	)
}
