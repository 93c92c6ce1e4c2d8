package socket_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

func TestTCPStreamIsAByteStream(t *testing.T) {
	anyiotest.TestByteStream(t, func(ctx context.Context) (a, b stream.ByteStream, err error) {
		l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
		if err != nil {
			return nil, nil, err
		}
		defer l.Close(ctx)
		client, err := socket.DialTCP(ctx, "127.0.0.1", l.Port())
		if err != nil {
			return nil, nil, err
		}
		server, err := l.Accept(ctx)
		if err != nil {
			return nil, nil, errors.Join(err, client.Close(ctx))
		}
		return client, server, nil
	})
}

func TestUnixStreamIsAByteStream(t *testing.T) {
	testkit.NeedUnix(t)
	dir, err := os.MkdirTemp("", "s")
	testkit.Must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	var made atomic.Int32
	anyiotest.TestByteStream(t, func(ctx context.Context) (a, b stream.ByteStream, err error) {
		path := filepath.Join(dir, fmt.Sprint(made.Add(1)))
		l, err := socket.ListenUnix(ctx, path)
		if err != nil {
			return nil, nil, err
		}
		defer l.Close(ctx)
		client, err := socket.DialUnix(ctx, path)
		if err != nil {
			return nil, nil, err
		}
		server, err := l.Accept(ctx)
		if err != nil {
			return nil, nil, errors.Join(err, client.Close(ctx))
		}
		return client, server, nil
	})
}
