package asyncio_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
)

// clearServer serves by h, without TLS of its own.
func clearServer(t *testing.T, ctx context.Context, h asyncio.StreamHandler) *asyncio.Server {
	t.Helper()
	s, err := asyncio.StartServer(ctx, h, asyncio.ServerOptions{Hosts: []string{"127.0.0.1"}}, 0)
	testkit.Must(t, err)
	return s
}

func TestPeerIsGoneDuringTheHandshake(t *testing.T) {
	for name, leave := range map[string]func(w *asyncio.StreamWriter){
		"close": (*asyncio.StreamWriter).Close,
		"abort": func(w *asyncio.StreamWriter) { w.Transport().Abort() },
		"nonsense": func(w *asyncio.StreamWriter) {
			_, _ = w.Write([]byte("220 not TLS at all\r\n"))
			w.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			onLoops(t, func(t *testing.T, ctx context.Context) {
				h, over := untilOver(ctx, func(ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) error {
					_, err := r.ReadExactly(ctx, 5) // the handshake has begun
					leave(w)
					return err
				})
				s := clearServer(t, ctx, h)
				_, client := configs()
				_, _, err := asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s), TLS: client}, 0)
				if err == nil {
					t.Error("there is a connection")
				}
				_, err = over.Await(ctx)
				testkit.WantNil(t, "handler", err)
				s.Close()
			})
		})
	}
}

func TestCancelOfAHandshakeEndsTheConnection(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		h, over := untilOver(ctx, func(ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) error {
			_, _ = r.ReadAll(ctx) // until the other side is gone
			w.Close()
			return nil
		})
		s := clearServer(t, ctx, h)
		_, client := configs()
		task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			_, _, err := asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s), TLS: client}, 0)
			return 0, err
		})
		if err := asyncio.Sleep(ctx, 5*time.Millisecond); err != nil { // wherever it is by then
			t.Fatal(err)
		}
		task.Cancel("")
		_, err := task.Await(ctx)
		testkit.WantIs(t, "canceled", err, anyio.ErrCanceled)
		s.Close()
		_, err = asyncio.WaitFor(ctx, over, time.Minute)
		testkit.WantNil(t, "handler", err)
	})
}

func TestTLSOverTLS(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		server, client := configs()
		h, over := untilOver(ctx, func(ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) error {
			if err := w.StartTLS(ctx, server, asyncio.TLSOptions{Server: true}); err != nil {
				return err
			}
			return echoLines(ctx, r, w)
		})
		s := encryptedServer(t, ctx, h)
		r, w, err := asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s), TLS: client}, 1<<20)
		testkit.Must(t, err)
		testkit.Must(t, w.StartTLS(ctx, client, asyncio.TLSOptions{}))
		line := append(bytes.Repeat([]byte("y"), 40_000), '\n')
		_, _ = w.Write(line)
		got, err := r.ReadLine(ctx)
		wantData(t, "twice encrypted", got, err, string(line))
		w.Close()
		testkit.WantNil(t, "WaitClosed", w.WaitClosed(ctx))
		s.Close()
		_, err = over.Await(ctx)
		testkit.WantNil(t, "handler", err)
	})
}

func TestManyClientsOverTLS(t *testing.T) {
	const clients, size = 20, 300_000
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var overs []asyncio.Awaitable[struct{}]
		h := func(ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) error {
			defer w.Close()
			for n := 0; n < size; {
				data, err := r.Read(ctx, 10_000)
				if err != nil {
					return err
				}
				n += len(data)
				_, _ = w.Write(data)
				if err := w.Drain(ctx); err != nil {
					return err
				}
			}
			return nil
		}
		s := encryptedServer(t, ctx, h)
		_, client := configs()
		for i := range clients {
			overs = append(overs, asyncio.CreateTask(ctx, func(ctx context.Context) (struct{}, error) {
				r, w, err := asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s), TLS: client}, 0)
				if err != nil {
					return struct{}{}, err
				}
				defer w.Close()
				want := bytes.Repeat([]byte{byte(i), 1, 2, 3, 4, 5}, size/6)
				_, _ = w.Write(want)
				got, err := r.ReadExactly(ctx, size)
				if err == nil && !bytes.Equal(got, want) {
					t.Errorf("client %d got other data", i)
				}
				return struct{}{}, err
			}))
		}
		_, err := asyncio.Gather(ctx, overs...).Await(ctx)
		testkit.WantNil(t, "clients", err)
		s.Close()
		anyioWaits(t, ctx)
	})
}

// A splitter is a BufferedProtocol that takes seven bytes at a time.
type splitter struct {
	buffered
	lost *asyncio.Future[error]
}

func (p *splitter) ConnectionLost(err error) { _ = p.lost.SetResult(err) }

func TestBufferedProtocolOverTLS(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		h, over := untilOver(ctx, func(ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) error {
			defer w.Close()
			_, err := w.Write(bytes.Repeat([]byte("1234567"), 5000))
			return err
		})
		s := encryptedServer(t, ctx, h)
		_, client := configs()
		p := &splitter{lost: asyncio.NewFuture[error](ctx)}
		tr, _, err := loopOf(t, ctx).CreateConnection(ctx, func() asyncio.BaseProtocol { return p },
			asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s), TLS: client})
		testkit.Must(t, err)
		if err, e := p.lost.Await(ctx); err != nil || e != nil {
			t.Errorf("%v %v", err, e)
		}
		if len(p.all) != 35_000 || tr.Protocol() != nil || !tr.IsClosing() {
			t.Errorf("%d bytes, %v %v", len(p.all), tr.Protocol(), tr.IsClosing())
		}
		if _, err := tr.Write([]byte("late")); err == nil {
			t.Error("written to what is lost")
		}
		s.Close()
		_, err = over.Await(ctx)
		testkit.WantNil(t, "handler", err)
	})
}
