package stream_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/stream"
)

// dialing is an http client's dial function for a listener of ours.
func dialing(ctx context.Context, l *stream.PipeListener) func(ctx context.Context, network, address string) (net.Conn, error) {
	return stream.DialContext(ctx, func(ctx context.Context, network, address string) (stream.ByteStream, error) {
		return l.Connect(ctx)
	})
}

func TestHTTPServerRunsOnAListenerOfOurs(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		listener := stream.NewPipeListener(1000)
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			w.Write([]byte(strings.ToUpper(string(body))))
		})}
		served := make(chan error, 1)
		nl := stream.NetListener(ctx, listener)
		go func() { served <- server.Serve(nl) }()
		transport := &http.Transport{DialContext: dialing(ctx, listener)}
		client := http.Client{Transport: transport}
		// net/http waits by its own means, so its calls are blocking ones for a loop.
		_, err := anyio.RunBlockingValue(ctx, func() (struct{}, error) {
			text := strings.Repeat("over a pipe ", 1000)
			for range 3 {
				resp, err := client.Post("http://server/", "text/plain", strings.NewReader(text))
				if err != nil {
					return struct{}{}, err
				}
				got, err := io.ReadAll(resp.Body)
				if err != nil || string(got) != strings.ToUpper(text) {
					t.Errorf("got %d bytes, %v", len(got), err)
				}
				resp.Body.Close()
			}
			transport.CloseIdleConnections()
			err := server.Shutdown(context.Background())
			testkit.WantErr(t, <-served, http.ErrServerClosed)
			return struct{}{}, err
		})
		testkit.WantErr(t, err, nil)
		_, err = listener.Connect(ctx)
		testkit.WantErr(t, err, stream.ErrConnect)
	}, anyiotest.Skip("sim", "net/http starts goroutines, which a simulation cannot wait for"))
}

func TestNetListenerEndsWithItsScopeOrItsListener(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := stream.NewPipeListener(0)
		canceled(t, ctx, func(ctx context.Context) error {
			_, err := stream.NetListener(ctx, l).Accept()
			return err
		})
		nl := stream.NetListener(ctx, l)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for range 2 { // no BusyError: one waits for its turn
				tg.Go(func(ctx context.Context) error {
					_, err := nl.Accept()
					testkit.WantErr(t, err, net.ErrClosed)
					return nil
				})
			}
			testkit.WantErr(t, lowlevel.Checkpoint(ctx), nil)
			testkit.WantErr(t, nl.Close(), nil)
			testkit.WantErr(t, nl.Close(), nil)
		})
		if nl.Addr().Network() != "memory" {
			t.Errorf("address %v", nl.Addr())
		}
	})
}

func TestDialContextObeysBothContexts(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := stream.NewPipeListener(0)
		defer l.Close(ctx)
		canceled(t, ctx, func(inner context.Context) error {
			_, err := dialing(ctx, l)(inner, "tcp", "server:80")
			var op *net.OpError
			if !errors.As(err, &op) || op.Addr.String() != "server:80" || op.Net != "tcp" {
				t.Errorf("%v does not tell where", err)
			}
			return err
		})
		canceled(t, ctx, func(inner context.Context) error {
			_, err := dialing(inner, l)(ctx, "tcp", "server:80")
			return err
		})
		foreign, cancel := context.WithCancelCause(context.Background())
		cancel(io.ErrNoProgress)
		_, err := dialing(ctx, l)(foreign, "tcp", "server:80")
		testkit.WantErr(t, err, anyio.ErrCanceled)
		var why *anyio.CanceledError
		if !errors.As(err, &why) || why.Cause != io.ErrNoProgress {
			t.Errorf("%v does not tell the cause", err)
		}
	}, anyiotest.Skip("sim", "package context tells of a cancellation on a goroutine of its own"))
}

func TestDialedConnectionOutlivesTheDialing(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := stream.NewPipeListener(0)
		defer l.Close(ctx)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				return l.Serve(ctx, nil, func(ctx context.Context, conn stream.ByteStream) error {
					return relay(conn, conn)(ctx)
				})
			})
			var conn net.Conn
			err := anyio.WithCancelScope(ctx, func(inner context.Context, scope *anyio.CancelScope) (err error) {
				conn, err = dialing(ctx, l)(inner, "tcp", "server:80")
				scope.Cancel("dialed")
				return err
			})
			testkit.WantErr(t, err, nil)
			_, err = conn.Write([]byte("still there"))
			testkit.WantErr(t, err, nil)
			buf := make([]byte, 11)
			_, err = io.ReadFull(conn, buf)
			testkit.WantErr(t, err, nil)
			testkit.WantErr(t, conn.Close(), nil)
			tg.Cancel("done")
		})
	})
}
