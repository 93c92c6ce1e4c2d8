package tlsstream_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"sync"
	"time"
)

// An authority signs certificates. They are valid from 1999 to 2099, so that the
// clocks of the world and of the simulator, which begins in 2000, agree on them.
type authority struct {
	cert *x509.Certificate
	key  ed25519.PrivateKey
	pool *x509.CertPool
}

var (
	longAgo = time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)
	farOff  = time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)
)

// trusted signs what the tests' clients and servers accept, rogue what they don't.
var (
	trusted = sync.OnceValue(func() *authority { return newAuthority("AnyIO test authority") })
	rogue   = sync.OnceValue(func() *authority { return newAuthority("rogue authority") })
)

func newAuthority(name string) *authority {
	a := &authority{}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: longAgo, NotAfter: farOff,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.cert, a.key = sign(template, nil, nil)
	a.pool = x509.NewCertPool()
	a.pool.AddCert(a.cert)
	return a
}

// sign makes a key and a certificate, signed by itself if there is no parent.
func sign(template, parent *x509.Certificate, by ed25519.PrivateKey) (*x509.Certificate, ed25519.PrivateKey) {
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	if parent == nil {
		parent, by = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, pub, by)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return cert, key
}

// issue makes a certificate for a name or an address.
func (a *authority) issue(name string, from, until time.Time) tls.Certificate {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	cert, key := sign(template, a.cert, a.key)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
}

var serverCertificate = sync.OnceValue(func() tls.Certificate { return trusted().issue("server.test", longAgo, farOff) })

// serverConfig has the certificate of server.test.
func serverConfig() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{serverCertificate()}}
}

// clientConfig trusts the test authority and expects server.test.
func clientConfig() *tls.Config {
	return &tls.Config{RootCAs: trusted().pool, ServerName: "server.test"}
}

// of limits a config to one version of TLS.
func of(version uint16, c *tls.Config) *tls.Config {
	c.MinVersion, c.MaxVersion = version, version
	return c
}

var versions = []uint16{tls.VersionTLS12, tls.VersionTLS13}
