package tlsstream

import (
	"crypto"
	_ "crypto/sha256" // for crypto.SHA256
	_ "crypto/sha512" // for crypto.SHA384 and crypto.SHA512
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// note keeps the certificate that crypto/tls is going to choose from the config, which is
// the stream's own if it has a function for that.
func (s *Stream) note(cfg *tls.Config, hello *tls.ClientHelloInfo) {
	if choose := cfg.GetCertificate; choose != nil && (len(cfg.Certificates) == 0 || hello.ServerName != "") {
		cfg.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			cert, err := choose(hello)
			if cert != nil && err == nil {
				s.own = cert
			}
			return cert, err
		}
	}
	if len(cfg.Certificates) == 0 {
		return
	}
	s.own = &cfg.Certificates[0]
	if len(cfg.Certificates) == 1 {
		return
	}
	for i := range cfg.Certificates {
		if cert := &cfg.Certificates[i]; hello.SupportsCertificate(cert) == nil {
			s.own = cert
			return
		}
	}
}

var errNoServerCertificate = errors.New("tlsstream: the server has shown no certificate")

// serverEndPoint is a hash of the server's certificate, as RFC 5929 says.
func (s *Stream) serverEndPoint() ([]byte, error) {
	var cert *x509.Certificate
	switch {
	case !s.server && len(s.state.PeerCertificates) > 0:
		cert = s.state.PeerCertificates[0]
	case s.server && s.own != nil && s.own.Leaf != nil:
		cert = s.own.Leaf
	case s.server && s.own != nil && len(s.own.Certificate) > 0:
		var err error
		if cert, err = x509.ParseCertificate(s.own.Certificate[0]); err != nil {
			return nil, err
		}
	default:
		return nil, errNoServerCertificate
	}
	hash, ok := endPointHashes[cert.SignatureAlgorithm]
	if !ok {
		return nil, fmt.Errorf("tlsstream: a certificate signed by %v has no binding to a server's end point: %w", cert.SignatureAlgorithm, errors.ErrUnsupported)
	}
	h := hash.New()
	h.Write(cert.Raw)
	return h.Sum(nil), nil
}

// endPointHashes are those of the signatures, SHA-256 in the place of what is weaker.
var endPointHashes = map[x509.SignatureAlgorithm]crypto.Hash{
	x509.MD5WithRSA:       crypto.SHA256,
	x509.SHA1WithRSA:      crypto.SHA256,
	x509.DSAWithSHA1:      crypto.SHA256,
	x509.ECDSAWithSHA1:    crypto.SHA256,
	x509.SHA256WithRSA:    crypto.SHA256,
	x509.DSAWithSHA256:    crypto.SHA256,
	x509.ECDSAWithSHA256:  crypto.SHA256,
	x509.SHA256WithRSAPSS: crypto.SHA256,
	x509.SHA384WithRSA:    crypto.SHA384,
	x509.ECDSAWithSHA384:  crypto.SHA384,
	x509.SHA384WithRSAPSS: crypto.SHA384,
	x509.SHA512WithRSA:    crypto.SHA512,
	x509.ECDSAWithSHA512:  crypto.SHA512,
	x509.SHA512WithRSAPSS: crypto.SHA512,
}
