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

// On the simulator this is TLS over simulated links.
func TestStreamsOverTCPKeepTheRulesOfByteStreams(t *testing.T) {
	anyiotest.TestByteStream(t, func(ctx context.Context) (a, b stream.ByteStream, err error) {
		l, err := socket.ListenTCP(ctx, socket.LocalHost("127.0.0.1"))
		if err != nil {
			return nil, nil, err
		}
		defer l.Close(ctx)
		x, err := socket.DialTCP(ctx, "127.0.0.1", l.Port())
		if err != nil {
			return nil, nil, err
		}
		y, err := l.Accept(ctx)
		if err != nil {
			return nil, nil, errors.Join(err, x.Close(ctx))
		}
		return overSockets(ctx, x, y)
	}, anyiotest.Seeds(1))
}

func TestStreamsOverUnixSocketsKeepTheRulesOfByteStreams(t *testing.T) {
	dir, err := os.MkdirTemp("", "s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	var made atomic.Int32
	anyiotest.TestByteStream(t, func(ctx context.Context) (a, b stream.ByteStream, err error) {
		path := filepath.Join(dir, fmt.Sprint(made.Add(1)))
		l, err := socket.ListenUnix(ctx, path)
		if err != nil {
			return nil, nil, err
		}
		defer l.Close(ctx)
		x, err := socket.DialUnix(ctx, path)
		if err != nil {
			return nil, nil, err
		}
		y, err := l.Accept(ctx)
		if err != nil {
			return nil, nil, errors.Join(err, x.Close(ctx))
		}
		return overSockets(ctx, x, y)
	}, anyiotest.Seeds(1))
}
