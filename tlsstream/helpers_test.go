package tlsstream_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
)

// room is the buffer of the pipes, larger than what the tests send at once.
const room = 64 << 10

// eachVersion runs f on every backend, with TLS 1.2 and 1.3.
func eachVersion(t *testing.T, f func(t *testing.T, ctx context.Context, version uint16), opts ...anyiotest.Option) {
	for _, v := range versions {
		t.Run(tls.VersionName(v), func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) { f(t, ctx, v) }, opts...)
		})
	}
}

// a side is what one side of a connection is made of.
type side struct {
	config *tls.Config
	opts   *tlsstream.Options
}

// shake does both sides of the handshake over transports a and b.
func shake(ctx context.Context, a, b stream.ByteStream, client, server side) (c, s *tlsstream.Stream, cerr, serr error) {
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(func(ctx context.Context) error {
			s, serr = tlsstream.Server(ctx, b, server.config, server.opts)
			return nil
		})
		c, cerr = tlsstream.Client(ctx, a, client.config, client.opts)
		return nil
	})
	if err != nil {
		panic(err)
	}
	return c, s, cerr, serr
}

// pairOf makes a connection over a pipe.
func pairOf(t testing.TB, ctx context.Context, client, server side) (c, s *tlsstream.Stream) {
	t.Helper()
	a, b := stream.Pipe(room)
	c, s, cerr, serr := shake(ctx, a, b, client, server)
	if cerr != nil || serr != nil {
		t.Fatalf("handshake: client %v, server %v", cerr, serr)
	}
	return c, s
}

// pair is pairOf with one version of TLS and the same options on both sides.
func pair(t testing.TB, ctx context.Context, version uint16, opts *tlsstream.Options) (c, s *tlsstream.Stream) {
	t.Helper()
	return pairOf(t, ctx, side{of(version, clientConfig()), opts}, side{of(version, serverConfig()), opts})
}

func closeAll(t testing.TB, ctx context.Context, all ...anyio.Resource) {
	t.Helper()
	for _, r := range all {
		if err := r.Close(ctx); err != nil {
			t.Errorf("closing %T: %v", r, err)
		}
	}
}

// send sends a text.
func send(t testing.TB, ctx context.Context, s stream.ByteSendStream, text string) {
	t.Helper()
	if err := s.Send(ctx, []byte(text)); err != nil {
		t.Fatalf("Send(%q): %v", text, err)
	}
}

// receive receives exactly this text.
func receive(t testing.TB, ctx context.Context, r stream.ByteReceiveStream, want string) {
	t.Helper()
	buf := make([]byte, len(want))
	if n, err := readFull(ctx, r, buf); err != nil || string(buf[:n]) != want {
		t.Fatalf("received %q and %v, want %q", buf[:n], err, want)
	}
}

// readFull receives until buf is full.
func readFull(ctx context.Context, r stream.ByteReceiveStream, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var m int
		m, err = r.Receive(ctx, buf[n:])
		n += m
	}
	return n, err
}

// readAll receives until the end of the stream, or an error.
func readAll(ctx context.Context, r stream.ByteReceiveStream) (all []byte, err error) {
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Receive(ctx, buf)
		if all = append(all, buf[:n]...); err == io.EOF {
			return all, nil
		} else if err != nil {
			return all, err
		}
	}
}

// wantEnd receives once more and wants that error.
func wantEnd(t testing.TB, ctx context.Context, r stream.ByteReceiveStream, want error) {
	t.Helper()
	n, err := r.Receive(ctx, make([]byte, 10))
	if n != 0 || !errors.Is(err, want) {
		t.Errorf("Receive returns %d and %v, want %v", n, err, want)
	}
}

// group runs body in a task group and reports an error of the group.
func group(t testing.TB, ctx context.Context, body func(ctx context.Context, tg *anyio.TaskGroup)) {
	t.Helper()
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		body(ctx, tg)
		return nil
	})
	if err != nil {
		t.Errorf("task group: %v", err)
	}
}

// idle waits until every other task of the run waits for something.
func idle(t testing.TB, ctx context.Context) {
	t.Helper()
	if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
		t.Error(err)
	}
}
