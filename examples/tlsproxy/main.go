// Tlsproxy ends TLS in front of a server that speaks plain TCP. On SIGINT or SIGTERM
// it drains: it accepts nobody any more, connections that are open have a time limit
// to finish, and those that are left are cut.
//
//	tlsproxy -listen :8443 -to localhost:8080 -cert cert.pem -key key.pem -drain 30s
//
// Without -to it shows all of that by itself, with a server and clients of its own,
// and sends itself the signal.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/signals"
	"github.com/anyio-go/anyio/socket"
)

func main() {
	listen := flag.String("listen", ":8443", "`address` to accept TLS connections at")
	to := flag.String("to", "", "`address` of the server; without it the program shows itself")
	cert := flag.String("cert", "", "`file` with the certificate (PEM); without it one is made for localhost")
	key := flag.String("key", "", "`file` with its key (PEM)")
	drain := flag.Duration("drain", 30*time.Second, "how long connections may go on after a signal")
	flag.Parse()

	run := demonstrate
	if *to != "" {
		run = func(ctx context.Context) error { return proxyTo(ctx, *listen, *to, *cert, *key, *drain) }
	}
	if err := anyio.Run(context.Background(), run); err != nil {
		fmt.Fprintln(os.Stderr, "tlsproxy:", err)
		if signal, ok := errors.AsType[*signals.Error](err); ok {
			os.Exit(signal.ExitCode())
		}
		os.Exit(1)
	}
}

// proxyTo is the program for a server that there is.
func proxyTo(ctx context.Context, listen, to, certFile, keyFile string, drain time.Duration) error {
	target, err := socket.AsConnectable(to)
	if err != nil {
		return err
	}
	var cert tls.Certificate
	if certFile != "" {
		cert, err = tls.LoadX509KeyPair(certFile, keyFile)
	} else {
		cert, err = selfSigned(anyio.Now(ctx), "localhost")
	}
	if err != nil {
		return err
	}
	l, err := socket.Listen(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	p := &proxy{target: target, config: &tls.Config{Certificates: []tls.Certificate{cert}}, drain: drain, log: printLine}
	p.log("listening on %v", l.Addr())
	return serve(ctx, p, l)
}

func printLine(format string, args ...any) { fmt.Printf("proxy: "+format+"\n", args...) }
