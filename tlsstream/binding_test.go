package tlsstream_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/tlsstream"
)

// signedWith makes a certificate for a name, signed by itself with that hash.
func signedWith(t *testing.T, algorithm x509.SignatureAlgorithm, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: longAgo, NotAfter: farOff, SignatureAlgorithm: algorithm, DNSNames: []string{name}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestChannelBindingsAreTheSameOnBothSides(t *testing.T) {
	one, two := signedWith(t, x509.ECDSAWithSHA256, "one.test"), signedWith(t, x509.ECDSAWithSHA384, "two.test")
	sum256, sum384 := sha256.Sum256(one.Certificate[0]), sha512.Sum384(two.Certificate[0])
	choose := func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &two, nil }
	for name, want := range map[string]struct {
		config *tls.Config
		sum    []byte
	}{
		"one certificate":      {&tls.Config{Certificates: []tls.Certificate{one}}, sum256[:]},
		"two, by name":         {&tls.Config{Certificates: []tls.Certificate{one, two}}, sum384[:]},
		"a function":           {&tls.Config{GetCertificate: choose}, sum384[:]},
		"a function, and none": {&tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, nil }, Certificates: []tls.Certificate{one}}, sum256[:]},
		"another config": {&tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return &tls.Config{Certificates: []tls.Certificate{two}}, nil
		}}, sum384[:]},
		"a function of another config": {&tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return &tls.Config{GetCertificate: choose}, nil
		}}, sum384[:]},
	} {
		t.Run(name, func(t *testing.T) {
			eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
				client := &tls.Config{ServerName: "two.test", InsecureSkipVerify: true}
				c, s := pairOf(t, ctx, side{config: of(version, client)}, side{config: of(version, want.config.Clone())})
				for _, key := range []*attr.Key[[]byte]{tlsstream.AttrChannelBindingTLSExporter, tlsstream.AttrChannelBindingTLSServerEndPoint} {
					if a, b := extra(t, c, key), extra(t, s, key); len(a) < 32 || !bytes.Equal(a, b) {
						t.Errorf("%s: %x and %x", key, a, b)
					}
				}
				if got := extra(t, c, tlsstream.AttrChannelBindingTLSServerEndPoint); !bytes.Equal(got, want.sum) {
					t.Errorf("%x, want %x", got, want.sum)
				}
				closeAll(t, ctx, c, s)
			})
		})
	}
}

func TestCertificateSignedWithoutAHashHasNoBinding(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		c, s := pair(t, ctx, version, nil) // their certificate is of Ed25519
		for _, side := range []*tlsstream.Stream{c, s} {
			if _, err := attr.Get(side, tlsstream.AttrChannelBindingTLSServerEndPoint); !errors.Is(err, errors.ErrUnsupported) {
				t.Error(err)
			}
		}
		closeAll(t, ctx, c, s)
	})
}

// The exporter's binding is what another implementation of TLS has.
func TestOpenSSLHasTheSameExporterBinding(t *testing.T) {
	eachOpenSSL(t, func(t *testing.T, ctx context.Context, version uint16) {
		inner, port := listen(t, ctx)
		l, err := tlsstream.NewListener(inner, of(version, serverConfig()), nil)
		if err != nil {
			t.Fatal(err)
		}
		p := startOpenSSL(t, "s_client", "-connect", "127.0.0.1:"+strconv.Itoa(port), opensslVersion(version),
			"-keymatexport", "EXPORTER-Channel-Binding", "-keymatexportlen", "32")
		conn, err := l.Accept(ctx)
		if err != nil {
			t.Fatal(err)
		}
		line, err := p.until(ctx, "Keying material: ")
		if _, hex, _ := strings.Cut(strings.TrimSpace(line), ": "); err != nil || hex != fmt.Sprintf("%X", extra(t, conn, tlsstream.AttrChannelBindingTLSExporter)) {
			t.Errorf("openssl prints %q, %v; the attribute is %X", line, err, extra(t, conn, tlsstream.AttrChannelBindingTLSExporter))
		}
		closeAll(t, ctx, conn, l)
		_ = p.end(ctx)
	})
}
