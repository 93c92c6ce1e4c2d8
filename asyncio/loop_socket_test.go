package asyncio_test

import (
	"context"
	"net/netip"
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

// A task that is asked to end while it waits for a socket takes nothing with it: the next
// one gets what comes, and a send tells how far it got.
func TestSocketCallsThatAreAskedToEndLoseNothing(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		asked := func(what string, f func(ctx context.Context) error) {
			t.Helper()
			task := goes(t, ctx, f)
			task.Cancel("")
			ended(t, ctx, task)
			if !task.Canceled() {
				t.Errorf("%s was not canceled: %v", what, task.Err())
			}
		}
		l := must[*socket.Listener[*socket.Stream]](t)(socket.ListenTCP(ctx, "127.0.0.1", 0))
		defer l.Close(ctx)
		asked("Accept", func(ctx context.Context) error { _, err := l.Accept(ctx); return err })
		client := must[*socket.Stream](t)(socket.DialTCP(ctx, "127.0.0.1", l.Port()))
		defer client.Close(ctx)
		conn := must[*socket.Stream](t)(l.Accept(ctx))
		defer conn.Close(ctx)
		buf := make([]byte, 64<<10)
		asked("Receive", func(ctx context.Context) error { _, err := conn.Receive(ctx, buf); return err })
		send(t, ctx, client, "for the next one")
		if n := must[int](t)(conn.Receive(ctx, buf)); string(buf[:n]) != "for the next one" {
			t.Errorf("received %q", buf[:n])
		}
		sent := 0
		asked("Send", func(ctx context.Context) (err error) {
			sent, err = client.SendCounted(ctx, large)
			return err
		})
		got := asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) { return receiveAll(ctx, conn) })
		send(t, ctx, client, "and on")
		testkit.Must(t, client.SendEOF(ctx))
		if text, err := got.Await(ctx); text != string(large[:sent])+"and on" || err != nil {
			t.Errorf("sent %d bytes, received %d, %v", sent, len(text), err)
		}

		u := must[*socket.UDPSocket](t)(socket.ListenUDP(ctx, "127.0.0.1", 0))
		defer u.Close(ctx)
		asked("ReceiveFrom", func(ctx context.Context) error { _, _, err := u.ReceiveFrom(ctx, buf); return err })
		testkit.Must(t, u.SendTo(ctx, []byte("datagram"), netip.MustParseAddrPort(u.LocalAddr().String())))
		n, _, err := u.ReceiveFrom(ctx, buf)
		wantData(t, "ReceiveFrom", buf[:n], err, "datagram")

		for turn := range 4 { // from before it begins to after it has ended
			dial := asyncio.CreateTask(ctx, func(ctx context.Context) (*socket.Stream, error) {
				return socket.DialTCP(ctx, "127.0.0.1", l.Port())
			})
			turns(t, ctx, turn)
			dial.Cancel("")
			s, err := dial.Await(ctx)
			if dial.Canceled() {
				s, err = socket.DialTCP(ctx, "127.0.0.1", l.Port())
			}
			testkit.Must(t, err)
			testkit.Must(t, s.Close(ctx))
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
