package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
)

// How often and how much a client of the echo server sends.
const (
	echoes   = 100
	echoSize = 1000
)

// simulatedLink is between the client and the server of the simulator.
var simulatedLink = sim.Link{Latency: 5 * time.Millisecond, Jitter: time.Millisecond}

// showEcho sends messages to a server and back, on each backend.
func (d *demo) showEcho(ctx context.Context) error {
	d.section("3. An echo over TCP and TLS",
		fmt.Sprintf("One server, two clients at the same time: each sends %d messages of %s bytes and", echoes, grouped(echoSize)),
		"gets them back, one over TCP, one over TLS with a certificate made for the occasion.",
		"In the simulator over its own network, on which a packet takes 5 to 6 ms.")
	for _, b := range d.backends {
		if err := d.showProgram(ctx, "echo", b, echoRound, "TCP", "TLS"); err != nil {
			return err
		}
	}
	return nil
}

// echoRound is the program.
func echoRound(ctx context.Context, t *timeline) error {
	host, onHost := "localhost", func(ctx context.Context, name string, f func(ctx context.Context) error) error { return f(ctx) }
	if simulates(t.backend) {
		n := sim.NetworkOf(ctx)
		if err := errors.Join(n.AddHost("server", sim.HostConfig{}), n.AddHost("client", sim.HostConfig{})); err != nil {
			return err
		}
		n.Link("server", "client", simulatedLink)
		host, onHost = "server", sim.RunOnHost
	}
	cert, err := selfSigned(anyio.Now(ctx), host)
	if err != nil {
		return err
	}
	trust := x509.NewCertPool()
	trust.AddCert(cert.Leaf)

	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		ports, err := anyio.Start(ctx, tg, func(ctx context.Context, started func(echoPorts)) error {
			return onHost(ctx, "server", func(ctx context.Context) error { return serveEchoes(ctx, host, cert, started) })
		}, anyio.Name("server"))
		if err != nil {
			return err
		}
		err = onHost(ctx, "client", func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					return t.echo(ctx, "TCP", host, func(ctx context.Context) (stream.ByteStream, error) {
						return asByteStream(socket.DialTCP(ctx, host, ports.tcp))
					})
				}, anyio.Name("TCP"))
				tg.Go(func(ctx context.Context) error {
					return t.echo(ctx, "TLS", host, func(ctx context.Context) (stream.ByteStream, error) {
						return asByteStream(tlsstream.Dial(ctx, host, ports.tls, &tls.Config{RootCAs: trust}, nil))
					})
				}, anyio.Name("TLS"))
				return nil
			})
		})
		tg.Cancel("the clients are done")
		return err
	})
}

type echoPorts struct{ tcp, tls int }

// serveEchoes is the server.
func serveEchoes(ctx context.Context, host string, cert tls.Certificate, started func(echoPorts)) error {
	plain, err := socket.ListenTCP(ctx, host, 0)
	if err != nil {
		return err
	}
	defer func() { _ = plain.Close(ctx) }()
	inner, err := socket.ListenTCP(ctx, host, 0)
	if err != nil {
		return err
	}
	secure, err := tlsstream.NewListener(inner, &tls.Config{Certificates: []tls.Certificate{cert}}, nil)
	if err != nil {
		return err
	}
	defer func() { _ = secure.Close(ctx) }()
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(func(ctx context.Context) error { return plain.Serve(ctx, tg, sendBack) }, anyio.Name("accept TCP"))
		tg.Go(func(ctx context.Context) error { return secure.Serve(ctx, tg, sendBack) }, anyio.Name("accept TLS"))
		started(echoPorts{plain.Port(), inner.Port()})
		return nil
	})
}

func sendBack[S stream.ByteStream](ctx context.Context, conn S) error {
	defer func() { _ = conn.Close(ctx) }()
	_, err := stream.Copy(ctx, conn, conn)
	return err
}

// echo is a client: it connects, and sends and receives in turn.
func (t *timeline) echo(ctx context.Context, name, host string, dial func(ctx context.Context) (stream.ByteStream, error)) (err error) {
	t.during(ctx, name, "connects to "+host, func() (string, bool) {
		var how string
		how, err = exchange(ctx, dial)
		return outcome(err, fmt.Sprintf("done: %d messages came back %s", echoes, how))
	})
	return err
}

// exchange tells how it has talked to the server.
func exchange(ctx context.Context, dial func(ctx context.Context) (stream.ByteStream, error)) (how string, err error) {
	conn, err := dial(ctx)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	s := stream.NewBuffered(conn)
	got := make([]byte, echoSize)
	for i := range echoes {
		message := bytes.Repeat([]byte{byte(i)}, echoSize)
		if err := s.Send(ctx, message); err != nil {
			return "", err
		}
		if err := s.ReceiveFull(ctx, got); err != nil {
			return "", err
		}
		if !bytes.Equal(got, message) {
			return "", fmt.Errorf("message %d came back changed", i)
		}
	}
	how = "over TCP"
	if c, ok := conn.(*tlsstream.Stream); ok {
		how = "over " + tls.VersionName(c.ConnectionState().Version)
	}
	return how, nil
}
