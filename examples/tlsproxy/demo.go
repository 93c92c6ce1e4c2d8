package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
)

// demonstrate shows the proxy at work and at its end.
func demonstrate(ctx context.Context) error {
	cert, err := selfSigned(anyio.Now(ctx), "localhost", "127.0.0.1")
	if err != nil {
		return err
	}
	trust := x509.NewCertPool()
	trust.AddCert(cert.Leaf)
	server, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
	if err != nil {
		return err
	}
	defer func() { _ = server.Close(ctx) }()
	l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
	if err != nil {
		return err
	}
	target, err := socket.NewTCPConnectable("127.0.0.1", server.Port())
	if err != nil {
		return err
	}
	p := &proxy{target: target, config: &tls.Config{Certificates: []tls.Certificate{cert}}, drain: 300 * time.Millisecond, log: printLine}
	dial := func(ctx context.Context) (*tlsstream.Stream, error) {
		return tlsstream.Dial(ctx, "127.0.0.1", l.Port(), &tls.Config{RootCAs: trust}, nil)
	}
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(func(ctx context.Context) error { return server.Serve(ctx, tg, shout) }, anyio.Name("server"))
		drained := tg.Go(func(ctx context.Context) error { return serve(ctx, p, l) }, anyio.Name("proxy"))
		if err := clients(ctx, p, dial); err != nil {
			return err
		}
		err := drained.Wait(ctx)
		tg.Cancel("the proxy has ended")
		return err
	})
}

// clients are three that come in time and one that comes too late.
func clients(ctx context.Context, p *proxy, dial func(ctx context.Context) (*tlsstream.Stream, error)) error {
	first, err := dial(ctx)
	if err != nil {
		return err
	}
	if err := ask(ctx, "first ", first, "hello"); err != nil {
		return err
	}
	if err := hangUp(ctx, "first ", first); err != nil {
		return err
	}
	second, err := dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = second.Close(ctx) }()
	third, err := dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = third.Close(ctx) }()
	if err := errors.Join(ask(ctx, "second", second, "one moment"), ask(ctx, "third ", third, "i have all day")); err != nil {
		return err
	}

	fmt.Println("sending the signal")
	if err := signalMyself(p); err != nil {
		return err
	}
	if err := p.draining.Wait(ctx); err != nil {
		return err
	}
	_, err = dial(ctx)
	fmt.Println("late  : refused:", errors.Is(err, syscall.ECONNREFUSED) || runtime.GOOS == "windows" && err != nil)
	if err := ask(ctx, "second", second, "now i am done"); err != nil {
		return err
	}
	if err := hangUp(ctx, "second", second); err != nil {
		return err
	}
	_, err = third.Receive(ctx, make([]byte, 1))
	fmt.Println("third : cut, and knows that this was not all:", errors.Is(err, anyio.ErrBroken))
	return nil
}

// ask says something and prints the answer.
func ask(ctx context.Context, who string, conn stream.ByteStream, text string) error {
	if err := conn.Send(ctx, []byte(text)); err != nil {
		return err
	}
	answer := make([]byte, len(text))
	if err := stream.NewBuffered(conn).ReceiveFull(ctx, answer); err != nil {
		return err
	}
	fmt.Printf("%s: %s\n", who, answer)
	return nil
}

// hangUp ends a client's direction and waits for the end of the other one.
func hangUp(ctx context.Context, who string, conn *tlsstream.Stream) error {
	err := conn.SendEOF(ctx)
	if err == nil {
		_, err = conn.Receive(ctx, make([]byte, 1))
	}
	fmt.Printf("%s: finished in good order: %t\n", who, errors.Is(err, anyio.ErrEndOfStream))
	return conn.Close(ctx)
}

// shout is the server: it answers in capital letters.
func shout(ctx context.Context, conn *socket.Stream) error {
	defer func() { _ = conn.Close(ctx) }()
	buf := make([]byte, 1000)
	for {
		n, err := conn.Receive(ctx, buf)
		if errors.Is(err, anyio.ErrEndOfStream) || errors.Is(err, anyio.ErrBroken) {
			return nil
		}
		if err == nil {
			err = conn.Send(ctx, bytes.ToUpper(buf[:n]))
		}
		if err != nil {
			return err
		}
	}
}

// signalMyself sends SIGTERM to this process where that is possible.
func signalMyself(p *proxy) error {
	if runtime.GOOS == "windows" {
		p.accepting.Cancel("as if by a signal")
		return nil
	}
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		return err
	}
	return self.Signal(syscall.SIGTERM)
}
