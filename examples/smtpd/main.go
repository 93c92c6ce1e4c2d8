// Smtpd is a small mail server (RFC 5321, with STARTTLS, SIZE, 8BITMIME and PIPELINING)
// written as a protocol of package asyncio: functions that the loop calls, and no task for
// a connection. It prints what it receives:
//
//	smtpd -listen :2525
//	curl smtp://localhost:2525 --mail-from ann@example.org --mail-rcpt ben@example.org -T letter.txt
//
// Without -listen it shows itself in the simulator, where clients send mail over links that
// lose packets. The tests let curl and the client of the standard library use it, and
// faults of the network with many seeds.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/signals"
)

func main() {
	listen := flag.String("listen", "", "`address` to serve at; without it the program shows itself")
	cert := flag.String("cert", "", "`file` with the certificate for STARTTLS")
	key := flag.String("key", "", "`file` with its key")
	flag.Parse()
	run := demonstrate
	if *listen != "" {
		run = func() error { return serveAt(*listen, *cert, *key) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "smtpd:", err)
		os.Exit(1)
	}
}

// serveAt is the program on a real network. It ends with a signal.
func serveAt(address, certFile, keyFile string) error {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	port, err := strconv.Atoi(service)
	if err != nil {
		return fmt.Errorf("the port %q is no number", service)
	}
	s := &server{deliver: func(m message) error {
		_, err := fmt.Printf("from %s to %s:\n%s\n", m.from, m.to, m.data)
		return err
	}}
	if certFile != "" {
		pair, err := tls.LoadX509KeyPair(certFile, keyFile)
		if err != nil {
			return err
		}
		s.tls = &tls.Config{Certificates: []tls.Certificate{pair}}
	}
	return asyncio.Run(context.Background(), func(ctx context.Context) error {
		listener, err := s.start(ctx, asyncio.ServerOptions{Hosts: []string{host}, Port: port})
		if err != nil {
			return err
		}
		err = signals.WithShutdown(ctx, listener.ServeForever)
		if _, ok := errors.AsType[*signals.Error](err); ok {
			return nil
		}
		return err
	})
}

// A server makes the protocols of connections.
type server struct {
	deliver func(m message) error // takes a message, or says why it is to be sent again
	tls     *tls.Config           // nil: there is no STARTTLS
}

// start listens. The sessions live as long as the loop of ctx.
func (s *server) start(ctx context.Context, o asyncio.ServerOptions) (*asyncio.Server, error) {
	l, err := asyncio.RunningLoop(ctx)
	if err != nil {
		return nil, err
	}
	return l.CreateServer(ctx, func() asyncio.BaseProtocol { return &session{server: s, ctx: ctx, loop: l} }, o)
}
