package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
)

// open makes the connection, or waits for it.
func (n *netcat) open(ctx context.Context) (conn stream.ByteStream, err error) {
	open := n.dial
	if n.listen {
		open = n.accept
	}
	if n.timeout == 0 {
		return open(ctx)
	}
	err = anyio.FailAfter(ctx, n.timeout, func(ctx context.Context) (err error) {
		conn, err = open(ctx)
		return err
	})
	if errors.Is(err, anyio.ErrTimeout) {
		return nil, fmt.Errorf("no connection within %v", n.timeout)
	}
	return conn, err
}

func (n *netcat) dial(ctx context.Context) (stream.ByteStream, error) {
	config, err := n.config(ctx)
	if err != nil {
		return nil, err
	}
	conn, err := n.connect(ctx)
	if err != nil {
		return nil, err
	}
	n.tell("connected to %s", remote(conn))
	if !n.tls {
		return conn, nil
	}
	name := n.name
	if name == "" {
		name = n.host
	}
	s, err := tlsstream.Client(ctx, conn, config, &tlsstream.Options{Hostname: name})
	if err != nil {
		return nil, errors.Join(err, anyio.CloseForcefully(ctx, conn))
	}
	n.tellCipher(s)
	return s, nil
}

func (n *netcat) connect(ctx context.Context) (stream.ByteStream, error) {
	switch {
	case n.unix:
		return asByteStream(socket.DialUnix(ctx, n.path))
	case n.udp:
		s, err := socket.Dialer{Family: n.family()}.DialUDP(ctx, n.host, n.port)
		if err != nil {
			return nil, err
		}
		return &connectedDatagrams{s}, nil
	}
	return asByteStream(socket.Dialer{Family: n.family()}.DialTCP(ctx, n.host, n.port))
}

func (n *netcat) accept(ctx context.Context) (stream.ByteStream, error) {
	switch {
	case n.unix:
		l, err := socket.ListenUnix(ctx, n.path)
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(n.path, "@") {
			defer func() { _ = os.Remove(n.path) }()
		}
		return acceptOne(ctx, n, l)
	case n.udp:
		return n.acceptDatagram(ctx)
	}
	l, err := socket.ListenConfig{Family: n.family()}.ListenTCP(ctx, n.host, n.port)
	if err != nil {
		return nil, err
	}
	return acceptOne(ctx, n, l)
}

// acceptOne takes the first connection of a listener, with TLS the first one that
// ends its handshake.
func acceptOne[S stream.ByteStream](ctx context.Context, n *netcat, l stream.Listener[S]) (stream.ByteStream, error) {
	defer func() { _ = l.Close(ctx) }()
	config, err := n.config(ctx)
	if err != nil {
		return nil, err
	}
	n.tell("listening on %s", local(l))
	if !n.tls {
		conn, err := asByteStream(l.Accept(ctx))
		if err == nil {
			n.tell("connection from %s", remote(conn))
		}
		return conn, err
	}
	tl, err := tlsstream.NewListener(l, config, &tlsstream.Options{OnHandshakeError: func(_ context.Context, err error, conn stream.ByteStream) {
		n.say("%s: %v", remote(conn), err)
	}})
	if err != nil {
		return nil, err
	}
	s, err := tl.Accept(ctx)
	if err != nil {
		return nil, err
	}
	n.tell("connection from %s", remote(s))
	n.tellCipher(s)
	return s, nil
}

// asByteStream makes the result of a function that returns some stream more general.
func asByteStream[S stream.ByteStream](conn S, err error) (stream.ByteStream, error) {
	if err != nil {
		return nil, err
	}
	return conn, nil
}

func (n *netcat) tellCipher(s *tlsstream.Stream) {
	state := s.ConnectionState()
	n.tell("%s with %s", tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite))
}

// local and remote are the addresses of a socket, for people.
func local(r any) string {
	if a, err := attr.Get(r, stream.AttrLocalAddr); err == nil {
		return a.String()
	}
	return "an unnamed socket"
}

func remote(r any) string {
	if a, err := attr.Get(r, stream.AttrRemoteAddr); err == nil && strings.Trim(a.String(), "@") != "" {
		return a.String()
	}
	return "an unnamed socket"
}

// config is what the flags say of TLS.
func (n *netcat) config(ctx context.Context) (*tls.Config, error) {
	if !n.tls {
		return nil, nil
	}
	c := &tls.Config{InsecureSkipVerify: n.insecure}
	if n.ca != "" {
		pem, err := os.ReadFile(n.ca)
		if err != nil {
			return nil, fmt.Errorf("-ca: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("-ca: no certificate in %s", n.ca)
		}
		c.RootCAs, c.ClientCAs = pool, pool
		if n.listen {
			c.ClientAuth = tls.RequireAndVerifyClientCert
		}
	}
	switch {
	case n.cert != "":
		key := n.key
		if key == "" {
			key = n.cert
		}
		pair, err := tls.LoadX509KeyPair(n.cert, key)
		if err != nil {
			return nil, fmt.Errorf("-cert: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	case n.listen:
		made, err := selfSigned(anyio.Now(ctx), "localhost", n.host)
		if err != nil {
			return nil, err
		}
		c.Certificates = []tls.Certificate{made}
	}
	return c, nil
}
