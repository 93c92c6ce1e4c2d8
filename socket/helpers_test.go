package socket_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

// wantBusy wants an *anyio.BusyError about an action.
func wantBusy(t *testing.T, err error, action string) {
	t.Helper()
	var b *anyio.BusyError
	if !errors.As(err, &b) || b.Action != action {
		t.Errorf("error is %v, want a *BusyError about %q", err, action)
	}
}

// wantBroken wants an *anyio.BrokenError with a cause.
func wantBroken(t *testing.T, err error) {
	t.Helper()
	var b *anyio.BrokenError
	if !errors.As(err, &b) || b.Cause == nil {
		t.Errorf("error is %v, want a *BrokenError with a cause", err)
	}
}

// idle waits until every other task of the run waits for something.
func idle(t *testing.T, ctx context.Context) {
	t.Helper()
	if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
		t.Error(err)
	}
}

// group runs body in a task group, which must not fail.
func group(t *testing.T, ctx context.Context, body func(ctx context.Context, tg *anyio.TaskGroup)) {
	t.Helper()
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		body(ctx, tg)
		return nil
	})
	if err != nil {
		t.Errorf("task group: %v", err)
	}
}

// canceled calls f in a scope that was canceled before, and wants it to say so.
func canceled(t *testing.T, ctx context.Context, what string, f func(ctx context.Context) error) {
	t.Helper()
	err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
		s.Cancel("test")
		if err := f(ctx); !errors.Is(err, anyio.ErrCanceled) {
			t.Errorf("%s in a canceled scope: %v", what, err)
		}
		return nil
	})
	testkit.Must(t, err)
}

// closing closes a resource at the end of the test.
func closing[R anyio.Resource](t *testing.T, ctx context.Context, r R) R {
	t.Helper()
	t.Cleanup(func() { _ = r.Close(context.Background()) })
	return r
}

// tcpListener listens on the loopback address of a family.
func tcpListener(t *testing.T, ctx context.Context, host string) *socket.TCPListener {
	t.Helper()
	l, err := socket.ListenTCP(ctx, host, 0)
	testkit.Must(t, err)
	return closing(t, ctx, l)
}

// configured listens on the loopback address with options.
func configured(t *testing.T, ctx context.Context, c socket.ListenConfig) *socket.TCPListener {
	t.Helper()
	l, err := c.ListenTCP(ctx, "127.0.0.1", 0)
	testkit.Must(t, err)
	return closing(t, ctx, l)
}

// tcpPair makes two connected streams.
func tcpPair(t *testing.T, ctx context.Context, host string) (client, server *socket.Stream) {
	t.Helper()
	l := tcpListener(t, ctx, host)
	client, err := socket.DialTCP(ctx, host, l.Port())
	testkit.Must(t, err)
	server, err = l.Accept(ctx)
	testkit.Must(t, err)
	testkit.Must(t, l.Close(ctx))
	return closing(t, ctx, client), closing(t, ctx, server)
}

// unixPath is the path for a UNIX socket, short enough everywhere. Where there are none the
// test is skipped.
func unixPath(t *testing.T) string {
	t.Helper()
	testkit.NeedUnix(t)
	dir, err := os.MkdirTemp("", "s")
	testkit.Must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "sock")
}

// unixPair makes two connected streams.
func unixPair(t *testing.T, ctx context.Context) (client, server *socket.UnixStream) {
	t.Helper()
	path := unixPath(t)
	l, err := socket.ListenUnix(ctx, path)
	testkit.Must(t, err)
	closing(t, ctx, l)
	client, err = socket.DialUnix(ctx, path)
	testkit.Must(t, err)
	server, err = l.Accept(ctx)
	testkit.Must(t, err)
	testkit.Must(t, l.Close(ctx))
	return closing(t, ctx, client), closing(t, ctx, server)
}

// eachPair runs a test with streams of every kind on every backend.
func eachPair(t *testing.T, f func(t *testing.T, ctx context.Context, a, b *socket.Stream), opts ...anyiotest.Option) {
	t.Helper()
	for _, host := range []string{"127.0.0.1", "::1"} {
		t.Run(host, func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				a, b := tcpPair(t, ctx, host)
				f(t, ctx, a, b)
			}, opts...)
		})
	}
	t.Run("unix", func(t *testing.T) {
		anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
			a, b := unixPair(t, ctx)
			f(t, ctx, &a.Stream, &b.Stream)
		}, opts...)
	})
}

// want receives exactly a text.
func want(t *testing.T, ctx context.Context, s stream.ByteReceiveStream, text string) {
	t.Helper()
	buf, n := make([]byte, len(text)), 0
	for n < len(buf) {
		k, err := s.Receive(ctx, buf[n:])
		testkit.Must(t, err)
		n += k
	}
	if string(buf) != text {
		t.Errorf("received %q, want %q", buf, text)
	}
}

func wantEnd(t *testing.T, ctx context.Context, s stream.ByteReceiveStream) {
	t.Helper()
	if n, err := s.Receive(ctx, make([]byte, 10)); n != 0 || err != io.EOF {
		t.Errorf("received %d bytes, %v, want the end of the stream", n, err)
	}
}
