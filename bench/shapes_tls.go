package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"sync"
	"time"

	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/tlsstream"
)

// --- N4: TLS ---

// serverConfig has a certificate of the moment.
var serverConfig = sync.OnceValues(func() (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, nil
})

func serveTLS(ctx context.Context, ready func(string)) error {
	config, err := serverConfig()
	if err != nil {
		return err
	}
	f := echo(bufferSize)
	return serveTCP(closing(func(ctx context.Context, s *socket.Stream) error {
		t, err := tlsstream.Server(ctx, s, config, nil)
		if err != nil {
			return nil // a client that went away
		}
		defer t.Close(ctx)
		return f(ctx, t)
	}))(ctx, ready)
}

func serveTLSNet(ready func(string)) error {
	config, err := serverConfig()
	if err != nil {
		return err
	}
	f := echoNet(bufferSize)
	return serveNet(func(c net.Conn) { f(tls.Server(c, config)) })(ready)
}
