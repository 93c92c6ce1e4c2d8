package tlsstream_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

// overSockets makes TLS 1.3 streams over connected sockets.
func overSockets(ctx context.Context, x, y stream.ByteStream) (a, b stream.ByteStream, err error) {
	c, s, cerr, serr := shake(ctx, x, y, side{of(tls.VersionTLS13, clientConfig()), nil}, side{of(tls.VersionTLS13, serverConfig()), nil})
	if err := errors.Join(cerr, serr); err != nil {
		return nil, nil, err
	}
	return c, s, nil
}

// overTCP makes a connection of TCP.
func overTCP(ctx context.Context) (x, y *socket.Stream, err error) {
	l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
	if err != nil {
		return nil, nil, err
	}
	defer l.Close(ctx)
	if x, err = socket.DialTCP(ctx, "127.0.0.1", l.Port()); err != nil {
		return nil, nil, err
	}
	if y, err = l.Accept(ctx); err != nil {
		return nil, nil, errors.Join(err, x.Close(ctx))
	}
	return x, y, nil
}

// unixPaths makes paths for UNIX sockets, which are short, until the test's end.
func unixPaths(t *testing.T) (next func() string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	var made atomic.Int32
	return func() string { return filepath.Join(dir, fmt.Sprint(made.Add(1))) }
}

// overUnix makes a connection of UNIX sockets.
func overUnix(ctx context.Context, path string) (x, y *socket.UnixStream, err error) {
	l, err := socket.ListenUnix(ctx, path)
	if err != nil {
		return nil, nil, err
	}
	defer l.Close(ctx)
	if x, err = socket.DialUnix(ctx, path); err != nil {
		return nil, nil, err
	}
	if y, err = l.Accept(ctx); err != nil {
		return nil, nil, errors.Join(err, x.Close(ctx))
	}
	return x, y, nil
}

// On the simulator this is TLS over simulated links.
func TestStreamsOverTCPKeepTheRulesOfByteStreams(t *testing.T) {
	anyiotest.TestByteStream(t, func(ctx context.Context) (a, b stream.ByteStream, err error) {
		x, y, err := overTCP(ctx)
		if err != nil {
			return nil, nil, err
		}
		return overSockets(ctx, x, y)
	}, anyiotest.Seeds(1))
}

func TestStreamsOverUnixSocketsKeepTheRulesOfByteStreams(t *testing.T) {
	if testing.Short() {
		t.Skip("those over TCP are enough; skipped by -short")
	}
	path := unixPaths(t)
	anyiotest.TestByteStream(t, func(ctx context.Context) (a, b stream.ByteStream, err error) {
		x, y, err := overUnix(ctx, path())
		if err != nil {
			return nil, nil, err
		}
		return overSockets(ctx, x, y)
	}, anyiotest.Seeds(1))
}
