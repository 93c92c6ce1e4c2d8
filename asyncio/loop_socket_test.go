package asyncio_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

// What asyncio's loops have as methods for names and sockets is package socket's: its
// calls wait in tasks of a loop as they do elsewhere, and obey requests.
func TestLookupsInTasksOfALoop(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		r := socket.Resolver{NumericHost: true}
		lookup := asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) {
			found, err := r.Lookup(ctx, "tcp", "127.0.0.1", "80")
			if err != nil {
				return "", err
			}
			host, service, err := r.LookupAddr(ctx, found[0].Addr)
			return host + " " + service, err
		})
		if name, err := lookup.Await(ctx); name != "127.0.0.1 80" || err != nil {
			t.Errorf("%q %v", name, err)
		}
	})
}

func TestSocketCallsInTasksOfALoop(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	testkit.Must(t, os.WriteFile(path, []byte("of a file"), 0o600))
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
		testkit.Must(t, err)
		defer l.Close(ctx)
		server := asyncio.CreateTask(ctx, func(ctx context.Context) (*socket.Stream, error) { return l.Accept(ctx) })
		client, err := socket.DialTCP(ctx, "127.0.0.1", l.Port())
		testkit.Must(t, err)
		defer client.Close(ctx)
		conn, err := server.Await(ctx)
		testkit.Must(t, err)
		defer conn.Close(ctx)

		asked := goes(t, ctx, func(ctx context.Context) error {
			_, err := conn.Receive(ctx, make([]byte, 10))
			testkit.WantIs(t, "Receive", err, anyio.ErrCanceled)
			return err
		})
		asked.Cancel("")
		ended(t, ctx, asked)
		if !asked.Canceled() {
			t.Error("not canceled")
		}

		testkit.Must(t, client.Send(ctx, []byte("bytes ")))
		file, err := stream.OpenFile(ctx, path)
		testkit.Must(t, err)
		_, err = stream.Copy(ctx, client, file)
		testkit.Must(t, err)
		testkit.Must(t, file.Close(ctx))
		testkit.Must(t, client.SendEOF(ctx))
		got := ""
		for buf := make([]byte, 4); ; {
			n, err := conn.Receive(ctx, buf)
			if err != nil {
				break
			}
			got += string(buf[:n])
		}
		if got != "bytes of a file" {
			t.Errorf("%q", got)
		}
	})
}

func TestRunningLoopIsThatOfTheContext(t *testing.T) {
	if _, err := asyncio.RunningLoop(context.Background()); err != asyncio.ErrNoLoop {
		t.Error(err)
	}
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l, err := asyncio.RunningLoop(ctx)
		testkit.Must(t, err)
		task := asyncio.CreateTask(ctx, func(ctx context.Context) (*asyncio.Loop, error) { return asyncio.RunningLoop(ctx) })
		if other, err := task.Await(ctx); other != l || err != nil || task.Loop() != l {
			t.Errorf("%p is not %p: %v", other, l, err)
		}
	})
}
