package tlsstream_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
)

// refused does a handshake that fails on the client, and returns both errors; that
// of the server comes from its first Receive if need be.
func refused(t *testing.T, ctx context.Context, client, server side) (cerr, serr error) {
	t.Helper()
	a, b := stream.Pipe(room)
	c, s, cerr, serr := shake(ctx, a, b, client, server)
	if c != nil || cerr == nil {
		t.Fatalf("the client takes it")
	}
	if s != nil {
		_, serr = s.Receive(ctx, make([]byte, 1))
	}
	closeAll(t, ctx, a, b)
	return cerr, serr
}

func TestCertificatesThatAreRefused(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		with := func(cert tls.Certificate) side {
			return side{config: of(version, &tls.Config{Certificates: []tls.Certificate{cert}})}
		}
		client := side{config: of(version, clientConfig())}

		cerr, serr := refused(t, ctx, client, with(rogue().issue("server.test", longAgo, farOff)))
		var unknown x509.UnknownAuthorityError
		if !errors.As(cerr, &unknown) {
			t.Errorf("an unknown authority gives %v", cerr)
		}
		var h *tlsstream.HandshakeError
		if !errors.As(cerr, &h) || h.Server || !strings.HasPrefix(cerr.Error(), "anyio: TLS handshake as client: ") {
			t.Errorf("the error is %v", cerr)
		}
		if serr == nil || !strings.Contains(serr.Error(), "bad certificate") && !strings.Contains(serr.Error(), "unknown certificate authority") {
			t.Errorf("the server is told %v", serr)
		}

		cerr, _ = refused(t, ctx, client, with(trusted().issue("other.test", longAgo, farOff)))
		var host x509.HostnameError
		if !errors.As(cerr, &host) || host.Host != "server.test" {
			t.Errorf("a wrong host gives %v", cerr)
		}

		cerr, _ = refused(t, ctx, client, with(trusted().issue("server.test", longAgo, longAgo.AddDate(0, 6, 0))))
		var invalid x509.CertificateInvalidError
		if !errors.As(cerr, &invalid) || invalid.Reason != x509.Expired {
			t.Errorf("an expired certificate gives %v", cerr)
		}
	})
}

func TestCertificatesExpireByTheVirtualClock(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		now := anyio.Now(ctx)
		server := &tls.Config{Certificates: []tls.Certificate{trusted().issue("server.test", now, now.AddDate(0, 1, 0))}}
		chosen := server.Clone() // also if a callback chooses the config, and for certificates of clients
		server.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return chosen, nil }
		chosen.ClientAuth, chosen.ClientCAs = tls.RequireAndVerifyClientCert, trusted().pool
		client := clientConfig()
		client.Certificates = []tls.Certificate{trusted().issue("client.test", now, now.AddDate(1, 0, 0))}
		c, s := pairOf(t, ctx, side{config: client}, side{config: server})
		closeAll(t, ctx, c, s)
		if err := anyio.Sleep(ctx, 100*24*time.Hour); err != nil {
			t.Error(err)
		}
		err, _ := refused(t, ctx, side{config: client}, side{config: server})
		var invalid x509.CertificateInvalidError
		if !errors.As(err, &invalid) || invalid.Reason != x509.Expired {
			t.Errorf("an expired certificate gives %v", err)
		}
	}, anyiotest.Only("sim"))
}

func TestHostnameOption(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		// What IDNA 2003 would make into "fassfish.test".
		for name, ascii := range map[string]string{"faßfish.test": "xn--fafish-cta.test", "plain.test": "plain.test", "127.0.0.1": "127.0.0.1", "::1": "::1"} {
			cfg := &tls.Config{RootCAs: trusted().pool, ServerName: "ignored.test"}
			var asked string
			server := &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
				asked = hello.ServerName
				cert := trusted().issue(ascii, longAgo, farOff)
				return &cert, nil
			}}
			c, s := pairOf(t, ctx, side{cfg, &tlsstream.Options{Hostname: name}}, side{config: server})
			if strings.Contains(name, "test") && asked != ascii {
				t.Errorf("%s: the server is asked for %q, want %q", name, asked, ascii)
			}
			closeAll(t, ctx, c, s)
		}
		a, b := stream.Pipe(0)
		if _, err := tlsstream.Client(ctx, a, nil, &tlsstream.Options{Hostname: "bad\u2028ß.test"}); err == nil || !strings.Contains(err.Error(), "not valid") {
			t.Errorf("a bad name gives %v", err)
		}
		closeAll(t, ctx, a, b)
	})
}

func TestMisuseOfConfigs(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := stream.Pipe(0)
		var misuse *anyio.MisuseError
		if _, err := tlsstream.Client(ctx, a, nil, nil); !errors.As(err, &misuse) || !strings.Contains(err.Error(), "Hostname") {
			t.Errorf("a client without a name gets %v", err)
		}
		if _, err := tlsstream.Client(ctx, nil, clientConfig(), nil); !errors.As(err, &misuse) {
			t.Errorf("a client without a transport gets %v", err)
		}
		again := clientConfig()
		again.Renegotiation = tls.RenegotiateFreelyAsClient
		if _, err := tlsstream.Client(ctx, a, again, nil); !errors.As(err, &misuse) {
			t.Errorf("renegotiation gives %v", err)
		}
		if _, err := tlsstream.Server(ctx, b, nil, nil); !errors.As(err, &misuse) {
			t.Errorf("a server without a config gets %v", err)
		}
		closeAll(t, ctx, a, b)
	})
}

func TestGarbageInPlaceOfAHandshake(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := stream.Pipe(room)
		send(t, ctx, a, "GET / HTTP/1.1\r\n\r\n")
		_, err := tlsstream.Server(ctx, b, serverConfig(), nil)
		var header tls.RecordHeaderError
		if !errors.As(err, &header) || header.Conn != nil || !strings.Contains(err.Error(), `does not speak TLS here, it sent "GET /"`) {
			t.Errorf("the server says %v", err)
		}
		closeAll(t, ctx, a, b)

		a, b = stream.Pipe(room)
		send(t, ctx, b, "220 mail.test ESMTP\r\n")
		_, err = tlsstream.Client(ctx, a, clientConfig(), nil)
		if !errors.As(err, &header) || !strings.Contains(err.Error(), `it sent "220 m"`) {
			t.Errorf("the client says %v", err)
		}
		closeAll(t, ctx, a, b)
	})
}

func TestTransportThatEndsInTheHandshake(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := stream.Pipe(room)
		closeAll(t, ctx, a)
		_, err := tlsstream.Server(ctx, b, serverConfig(), nil)
		var h *tlsstream.HandshakeError
		if !errors.As(err, &h) || !h.Server || !errors.Is(err, anyio.ErrBroken) || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("the server says %v", err)
		}
		closeAll(t, ctx, b)
	})
}

// A handshake may be canceled anywhere; the transports stay the caller's.
func TestHandshakeCanBeCanceledEverywhere(t *testing.T) {
	for _, v := range versions {
		t.Run(tls.VersionName(v), func(t *testing.T) {
			anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
				a, b := stream.Pipe(100) // many steps
				var c, s *tlsstream.Stream
				var cerr, serr error
				return anyiotest.Scenario{
					Body: func(ctx context.Context) error {
						c, s, cerr, serr = nil, nil, nil, nil
						return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
							tg.Go(func(ctx context.Context) error {
								s, serr = tlsstream.Server(ctx, b, of(v, serverConfig()), nil)
								return serr
							})
							c, cerr = tlsstream.Client(ctx, a, of(v, clientConfig()), nil)
							return cerr
						})
					},
					Check: func(ctx context.Context, err error) error {
						if (c == nil) == (cerr == nil) || (s == nil) == (serr == nil) {
							return errors.New("a stream with an error, or neither")
						}
						for _, e := range []error{cerr, serr, err} {
							if e != nil && !errors.Is(e, anyio.ErrCanceled) {
								return e
							}
						}
						if err := errors.Join(a.SendEOF(ctx), b.SendEOF(ctx)); err != nil { // not closed
							return err
						}
						for _, x := range []stream.ByteStream{a, b} {
							if _, err := readAll(ctx, x); err != nil && !errors.Is(err, anyio.ErrBroken) {
								return err
							}
						}
						return errors.Join(a.Close(ctx), b.Close(ctx))
					},
				}
			}, anyiotest.Seeds(1))
		})
	}
}

func TestALPN(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		client, server := of(version, clientConfig()), of(version, serverConfig())
		client.NextProtos, server.NextProtos = []string{"dummy1", "dummy2"}, []string{"dummy2", "dummy3"}
		c, s := pairOf(t, ctx, side{config: client}, side{config: server})
		for _, x := range []*tlsstream.Stream{c, s} {
			if p, err := attr.Get(x, tlsstream.AttrALPNProtocol); err != nil || p != "dummy2" {
				t.Errorf("agreed on %q, %v", p, err)
			}
		}
		closeAll(t, ctx, c, s)
		client.NextProtos = []string{"dummy4"}
		err, _ := refused(t, ctx, side{config: client}, side{config: server})
		if !strings.Contains(err.Error(), "no application protocol") {
			t.Errorf("nothing in common gives %v", err)
		}
	})
}

func TestClientCertificates(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		server := of(version, serverConfig())
		server.ClientAuth, server.ClientCAs = tls.RequireAndVerifyClientCert, trusted().pool
		client := of(version, clientConfig())
		client.Certificates = []tls.Certificate{trusted().issue("client.test", longAgo, farOff)}
		c, s := pairOf(t, ctx, side{config: client}, side{config: server})
		cert, err := attr.Get(s, tlsstream.AttrPeerCertificate)
		if err != nil || cert.Subject.CommonName != "client.test" {
			t.Errorf("the server sees %v, %v", cert, err)
		}
		closeAll(t, ctx, c, s)

		a, b := stream.Pipe(room)
		client.Certificates = nil
		c, s, cerr, serr := shake(ctx, a, b, side{config: client}, side{config: server})
		if s != nil || serr == nil || !strings.Contains(serr.Error(), "client didn't provide a certificate") {
			t.Errorf("the server says %v", serr)
		}
		if c != nil { // TLS 1.3: the client learns it later
			_, cerr = c.Receive(ctx, make([]byte, 1))
			testkit.WantErr(t, cerr, anyio.ErrBroken)
		}
		if cerr == nil || !strings.Contains(cerr.Error(), "remote error: tls: ") {
			t.Errorf("the client says %v", cerr)
		}
		closeAll(t, ctx, a, b)
	})
}

// Ticket keys belong to the config, though each stream uses a copy.
func TestSessionsAreResumed(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		client, server := of(version, clientConfig()), of(version, serverConfig())
		client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		for i := range 3 {
			c, s := pairOf(t, ctx, side{config: client}, side{config: server})
			send(t, ctx, s, "x") // with the tickets
			receive(t, ctx, c, "x")
			if c.ConnectionState().DidResume != (i > 0) {
				t.Errorf("connection %d: resumed: %v", i, !(i > 0))
			}
			closeAll(t, ctx, c, s)
		}
	})
}

func TestOverObjectStreams(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := objectPipe()
		c, s, cerr, serr := shake(ctx, tlsstream.OverObjects(a), tlsstream.OverObjects(b), side{config: clientConfig()}, side{config: serverConfig()})
		if cerr != nil || serr != nil {
			t.Fatal(cerr, serr)
		}
		send(t, ctx, c, strings.Repeat("hello", 10000))
		receive(t, ctx, s, strings.Repeat("hello", 10000))
		closeAll(t, ctx, s)
		wantEnd(t, ctx, c, io.EOF)
		closeAll(t, ctx, c)
	})
}

// An objectEnd is one end of two memory streams.
type objectEnd struct {
	*stream.MemorySendStream[[]byte]
	recv *stream.MemoryReceiveStream[[]byte]
}

func objectPipe() (a, b objectEnd) {
	s1, r1 := stream.Memory[[]byte](1000)
	s2, r2 := stream.Memory[[]byte](1000)
	return objectEnd{s1, r2}, objectEnd{s2, r1}
}

func (e objectEnd) Receive(ctx context.Context) ([]byte, error) { return e.recv.Receive(ctx) }
func (e objectEnd) SendEOF(ctx context.Context) error           { return e.MemorySendStream.Close(ctx) }
func (e objectEnd) Close(ctx context.Context) error {
	return errors.Join(e.MemorySendStream.Close(ctx), e.recv.Close(ctx))
}

func TestTLSInTLS(t *testing.T) {
	eachVersion(t, func(t *testing.T, ctx context.Context, version uint16) {
		c, s := pair(t, ctx, version, nil)
		cc, ss, cerr, serr := shake(ctx, c, s, side{config: clientConfig()}, side{config: serverConfig()})
		if cerr != nil || serr != nil {
			t.Fatal(cerr, serr)
		}
		send(t, ctx, cc, "doubly secret")
		receive(t, ctx, ss, "doubly secret")
		closeAll(t, ctx, ss)
		wantEnd(t, ctx, cc, io.EOF)
		closeAll(t, ctx, cc)
	})
}
