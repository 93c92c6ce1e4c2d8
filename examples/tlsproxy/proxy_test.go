package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
)

func TestMain(m *testing.M) { os.Exit(anyiotest.Main(m)) }

const drain = 30 * time.Second

// A world is a proxy on a host of its own, in front of a server on another one.
type world struct {
	net   *sim.Network
	trust *x509.CertPool
	ended time.Time                       // when the proxy has ended
	asked anyio.Event                     // the server has got all that a client sends
	lost  *stream.MemorySendStream[error] // takes the errors with which the server's connections have ended
	ends  *stream.MemoryReceiveStream[error]
	start time.Time // when all was up
	reply func(ctx context.Context, conn *socket.Stream, question string) error
}

// simulate runs clients on a host, with several seeds.
func simulate(t *testing.T, w func() *world, clients func(ctx context.Context, w *world, tg *anyio.TaskGroup) error) {
	t.Helper()
	for seed := uint64(1); seed <= 20; seed++ {
		err := anyio.Run(t.Context(), func(ctx context.Context) error { return w().run(ctx, clients) },
			anyio.On(sim.New(sim.Config{Seed: seed})))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

func (w *world) run(ctx context.Context, clients func(ctx context.Context, w *world, tg *anyio.TaskGroup) error) error {
	w.net = sim.NetworkOf(ctx)
	w.lost, w.ends = stream.Memory[error](10)
	defer func() { _, _ = w.lost.Close(ctx), w.ends.Close(ctx) }()
	for _, name := range []string{"server", "proxy", "client"} {
		if err := w.net.AddHost(name, sim.HostConfig{}); err != nil {
			return err
		}
	}
	cert, err := selfSigned(anyio.Now(ctx), "proxy")
	if err != nil {
		return err
	}
	w.trust = x509.NewCertPool()
	w.trust.AddCert(cert.Leaf)
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		host := func(name string, f func(ctx context.Context) error) *anyio.TaskHandle {
			return tg.Go(func(ctx context.Context) error { return sim.RunOnHost(ctx, name, f) }, anyio.Name(name))
		}
		host("server", w.serve)
		proxied := host("proxy", func(ctx context.Context) error {
			target, err := socket.AsConnectable("server:80")
			if err != nil {
				return err
			}
			l, err := socket.Listen(ctx, "tcp", ":443")
			if err != nil {
				return err
			}
			p := &proxy{target: target, config: &tls.Config{Certificates: []tls.Certificate{cert}}, drain: drain, log: func(string, ...any) {}}
			err = serve(ctx, p, l)
			w.ended = anyio.Now(ctx)
			return err
		})
		if err := anyio.Sleep(ctx, time.Second); err != nil { // all listen
			return err
		}
		w.start = anyio.Now(ctx)
		err := sim.RunOnHost(ctx, "client", func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error { return clients(ctx, w, tg) })
		})
		if err == nil {
			err = proxied.Wait(ctx)
		}
		tg.Cancel("the test is over")
		return err
	})
}

// serve reads each connection to its end and gives what came to reply.
func (w *world) serve(ctx context.Context) error {
	l, err := socket.Listen(ctx, "tcp", ":80")
	if err != nil {
		return err
	}
	defer func() { _ = l.Close(ctx) }()
	return l.Serve(ctx, nil, func(ctx context.Context, conn *socket.Stream) error {
		defer func() { _ = conn.Close(ctx) }()
		question, err := io.ReadAll(stream.Reader(ctx, conn))
		if err != nil {
			return w.lost.Send(ctx, err)
		}
		w.asked.Set()
		err = w.reply(ctx, conn, string(question))
		if errors.Is(err, anyio.ErrCanceled) {
			return err
		}
		return w.lost.Send(ctx, err)
	})
}

// ask sends a question to its end and returns the answer.
func (w *world) ask(ctx context.Context, question string) (answer string, err error) {
	conn, err := tlsstream.Dial(ctx, "proxy", 443, &tls.Config{RootCAs: w.trust}, nil)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	if err := conn.Send(ctx, []byte(question)); err != nil {
		return "", err
	}
	if err := conn.SendEOF(ctx); err != nil {
		return "", err
	}
	all, err := io.ReadAll(stream.Reader(ctx, conn))
	return string(all), err
}

// slowly answers with n lines, one each second.
func slowly(n int) func(ctx context.Context, conn *socket.Stream, question string) error {
	return func(ctx context.Context, conn *socket.Stream, question string) error {
		for range n {
			if err := anyio.Sleep(ctx, time.Second); err != nil {
				return err
			}
			if err := conn.Send(ctx, []byte(question+"\n")); err != nil {
				return err
			}
		}
		return nil
	}
}

// signalWhenAsked sends the signal when the server knows the question.
func (w *world) signalWhenAsked(ctx context.Context) error {
	if err := w.asked.Wait(ctx); err != nil {
		return err
	}
	return sim.Raise(ctx, syscall.SIGTERM)
}

func TestOpenConnectionsFinish(t *testing.T) {
	simulate(t, func() *world { return &world{reply: slowly(20)} }, func(ctx context.Context, w *world, tg *anyio.TaskGroup) error {
		tg.Go(w.signalWhenAsked)
		answer, err := w.ask(ctx, "how long?")
		if err != nil || answer != strings.Repeat("how long?\n", 20) {
			return fmt.Errorf("%w, answer %q", err, answer)
		}
		if err, _ := w.ends.Receive(ctx); err != nil {
			return fmt.Errorf("the server's end: %w", err)
		}
		// Nobody waits for the limit.
		if err := anyio.Sleep(ctx, time.Second); err != nil {
			return err
		}
		if took := w.ended.Sub(w.start); took < 20*time.Second || took > 21*time.Second {
			return fmt.Errorf("the proxy has ended after %v", took)
		}
		return nil
	})
}

func TestNobodyIsAcceptedAfterTheSignal(t *testing.T) {
	simulate(t, func() *world { return &world{reply: slowly(5)} }, func(ctx context.Context, w *world, tg *anyio.TaskGroup) error {
		tg.Go(func(ctx context.Context) error {
			_, err := w.ask(ctx, "in time")
			return err
		})
		if err := w.signalWhenAsked(ctx); err != nil {
			return err
		}
		if err := anyio.Sleep(ctx, time.Second); err != nil {
			return err
		}
		if _, err := w.ask(ctx, "too late"); !errors.Is(err, syscall.ECONNREFUSED) {
			return fmt.Errorf("a late client got %w", err)
		}
		return nil
	})
}

// What is cut looks cut, to both sides: nobody takes a part for the whole.
func TestTheRestIsCutAfterTheLimit(t *testing.T) {
	simulate(t, func() *world { return &world{reply: slowly(1000)} }, func(ctx context.Context, w *world, tg *anyio.TaskGroup) error {
		tg.Go(w.signalWhenAsked)
		answer, err := w.ask(ctx, "how long?")
		if n := strings.Count(answer, "\n"); !errors.Is(err, anyio.ErrBroken) || n < 28 || n > 30 {
			return fmt.Errorf("the client got %d lines and %w", n, err)
		}
		if took := anyio.Now(ctx).Sub(w.start); took < drain || took > drain+time.Second {
			return fmt.Errorf("cut after %v", took)
		}
		if err := anyio.Sleep(ctx, 5*time.Second); err != nil { // the server finds out when it sends
			return err
		}
		if err, _ := w.ends.Receive(ctx); !errors.Is(err, anyio.ErrBroken) {
			return fmt.Errorf("the server ended with %w", err)
		}
		return nil
	})
}

func TestTheServerIsDown(t *testing.T) {
	simulate(t, func() *world { return &world{} }, func(ctx context.Context, w *world, tg *anyio.TaskGroup) error {
		w.net.Kill("server", "test")
		if _, err := w.ask(ctx, "hello?"); !errors.Is(err, anyio.ErrBroken) {
			return fmt.Errorf("a client got %w", err)
		}
		return sim.Raise(ctx, syscall.SIGINT)
	})
}

func TestAClientThatBreaksOffDoesNotLookFinished(t *testing.T) {
	simulate(t, func() *world { return &world{reply: slowly(1)} }, func(ctx context.Context, w *world, tg *anyio.TaskGroup) error {
		conn, err := tlsstream.Dial(ctx, "proxy", 443, &tls.Config{RootCAs: w.trust}, nil)
		if err != nil {
			return err
		}
		if err := conn.Send(ctx, []byte("delete everything in /home/nob")); err != nil {
			return err
		}
		if err := anyio.Sleep(ctx, time.Second); err != nil {
			return err
		}
		_ = anyio.CloseForcefully(ctx, conn.Transport()) // an end, but not one of TLS
		_ = conn.Close(ctx)
		if err := anyio.Sleep(ctx, time.Second); err != nil {
			return err
		}
		if err, _ := w.ends.Receive(ctx); !errors.Is(err, anyio.ErrBroken) {
			return fmt.Errorf("the server got %w", err)
		}
		return sim.Raise(ctx, syscall.SIGINT)
	})
}
