package asyncio_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
	"weak"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/tlsstream"
)

// plainTo connects p to a server, without TLS.
func plainTo(t *testing.T, ctx context.Context, s *asyncio.Server, p asyncio.BaseProtocol) asyncio.Transport {
	t.Helper()
	tr, _, err := loopOf(t, ctx).CreateConnection(ctx, func() asyncio.BaseProtocol { return p },
		asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s)})
	testkit.Must(t, err)
	return tr
}

// The protocol keeps its connection, of which it was told before, whatever its kind; a
// later one gets what comes then.
func TestStartTLSAndSetProtocol(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		server, client := configs()
		upgrade := asyncio.TLSOptions{Server: true}
		s := clearServer(t, ctx, func(ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) error {
			if err := w.StartTLS(ctx, server, upgrade); err != nil {
				return err
			}
			return echoLines(ctx, r, w)
		})
		p := newLogger(t, ctx)
		tr, err := loopOf(t, ctx).StartTLS(ctx, plainTo(t, ctx, s, p), client, asyncio.TLSOptions{})
		testkit.Must(t, err)
		if tr.Protocol() != asyncio.BaseProtocol(p) || !tr.IsReading() {
			t.Errorf("the protocol is %v, reading %v", tr.Protocol(), tr.IsReading())
		}
		_, _ = tr.Write([]byte("one\n"))
		until(t, ctx, func() bool { return p.got.String() == "one\n" })
		b := &splitter{lost: asyncio.NewFuture[error](ctx)}
		tr.SetProtocol(b)
		_, _ = tr.Write([]byte("1234567abcdef\n"))
		until(t, ctx, func() bool { return len(b.all) == 14 })
		p.wantLog("made data")
		tr.Close()
		lost, err := b.lost.Await(ctx)
		testkit.WantNil(t, "lost", lost)
		testkit.WantNil(t, "Await", err)
		if _, err := tr.Write([]byte("late")); err == nil {
			t.Error("written to what is lost")
		}

		b = &splitter{lost: asyncio.NewFuture[error](ctx)}
		tr, err = loopOf(t, ctx).StartTLS(ctx, plainTo(t, ctx, s, b), client, asyncio.TLSOptions{})
		testkit.Must(t, err)
		_, _ = tr.Write([]byte("123456\n"))
		until(t, ctx, func() bool { return string(b.all) == "123456\n" })
		tr.Close()
		wantShut(t, ctx, s)
	})
}

// A handshake with somebody who says nothing holds up nobody, and can be canceled; a
// protocol that knew of the connection learns that it is lost.
func TestStartTLSOfASilentPeer(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		silent := func(ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) error {
			defer w.Close()
			_, _ = r.ReadAll(ctx)
			return nil
		}
		_, client := configs()
		l := loopOf(t, ctx)
		for name, end := range map[string]func(task *asyncio.Task[asyncio.Transport], raw asyncio.Transport){
			"cancel": func(task *asyncio.Task[asyncio.Transport], _ asyncio.Transport) { task.Cancel("") },
			"abort":  func(_ *asyncio.Task[asyncio.Transport], raw asyncio.Transport) { raw.Abort() },
			"close":  func(_ *asyncio.Task[asyncio.Transport], raw asyncio.Transport) { raw.Close() },
		} {
			s := clearServer(t, ctx, silent)
			p := newLogger(t, ctx)
			raw := plainTo(t, ctx, s, p)
			task := asyncio.CreateTask(ctx, func(ctx context.Context) (asyncio.Transport, error) {
				return l.StartTLS(ctx, raw, client, asyncio.TLSOptions{})
			})
			h := encryptedServer(t, ctx, echoLines)
			r, w, err := asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(h), TLS: client}, 0)
			testkit.Must(t, err)
			_, _ = w.Write([]byte("meanwhile\n"))
			got, err := r.ReadLine(ctx)
			wantData(t, "meanwhile", got, err, "meanwhile\n")
			w.Close()
			wantShut(t, ctx, h)
			if task.Done() {
				t.Errorf("%s: a handshake with nobody is over", name)
			}
			end(task, raw)
			_, err = task.Await(ctx)
			if name == "cancel" {
				testkit.WantIs(t, name, err, anyio.ErrCanceled)
			} else {
				wantHandshakeError(t, name, err, false, "")
			}
			if _, err := p.lost.Await(ctx); err != nil {
				t.Error(err)
			}
			p.wantLog("made lost")
			wantShut(t, ctx, s)
		}
	})
}

// Who has the writer only is not left waiting when the handshake fails.
func TestWaitClosedAfterStartTLSHasFailed(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		s := clearServer(t, ctx, func(ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) error {
			_, _ = w.Write([]byte("no TLS here, sorry\n"))
			w.Close()
			return nil
		})
		_, client := configs()
		r, w, err := asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s)}, 0)
		testkit.Must(t, err)
		wantHandshakeError(t, "StartTLS", w.StartTLS(ctx, client, asyncio.TLSOptions{}), false, "")
		wantHandshakeError(t, "WaitClosed", w.WaitClosed(ctx), false, "")
		if _, err := r.ReadAll(ctx); err == nil {
			t.Error("there is something to read")
		}
		wantShut(t, ctx, s)
	})
}

// Nor is it of matter to the error whether the loss is seen before the handshake's end.
func TestResetDuringStartTLSIsAFailedHandshake(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		paused, abort := asyncio.NewFuture[struct{}](ctx), asyncio.NewFuture[struct{}](ctx)
		s := clearServer(t, ctx, func(ctx context.Context, _ *asyncio.StreamReader, w *asyncio.StreamWriter) error {
			w.Transport().PauseReading() // what is not read makes the end a reset
			paused.SetResult(struct{}{})
			_, err := abort.Await(ctx)
			w.Transport().Abort()
			return err
		})
		_, client := configs()
		_, w, err := asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s)}, 0)
		testkit.Must(t, err)
		_, err = paused.Await(ctx)
		testkit.Must(t, err)
		task := goes(t, ctx, func(ctx context.Context) error { return w.StartTLS(ctx, client, asyncio.TLSOptions{}) })
		abort.SetResult(struct{}{})
		_, err = task.Await(ctx)
		wantHandshakeError(t, "StartTLS", err, false, "")
		wantHandshakeError(t, "WaitClosed", w.WaitClosed(ctx), false, "")
		wantShut(t, ctx, s)
	})
}

func TestStartTLSRefuses(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		_, client := configs()
		l := loopOf(t, ctx)
		s := clearServer(t, ctx, echoLines)
		raw := plainTo(t, ctx, s, newLogger(t, ctx))
		_, err := l.StartTLS(ctx, raw, client, asyncio.TLSOptions{HandshakeTimeout: -1})
		testkit.WantMisuse(t, "a negative timeout", err)
		_, err = l.CreateServer(ctx, nil, asyncio.ServerOptions{TLS: client, HandshakeTimeout: -1})
		testkit.WantMisuse(t, "a server's negative timeout", err)
		_, err = l.CreateUnixServer(ctx, nil, asyncio.UnixServerOptions{Path: "x", TLS: client, HandshakeTimeout: -1})
		testkit.WantMisuse(t, "a UNIX server's negative timeout", err)
		pr, pw, err := os.Pipe()
		testkit.Must(t, err)
		defer pw.Close()
		pipe, _, err := l.ConnectReadPipe(ctx, newLogger(t, ctx).factory, pr)
		testkit.Must(t, err)
		_, err = l.StartTLS(ctx, pipe, client, asyncio.TLSOptions{})
		testkit.WantMisuse(t, "a pipe", err)
		pipe.Close()
		raw.Close()
		wantShut(t, ctx, s)
	}, anyiotest.Only("eventloop"))
}

// A peer that says that it writes no more gets all that was written before.
func TestPeerThatEndsTLSFirstGetsTheRest(t *testing.T) {
	const size = 2 << 20
	onLoops(t, func(t *testing.T, ctx context.Context) {
		s := encryptedServer(t, ctx, func(ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) error {
			_, _ = w.Write(bytes.Repeat([]byte("x"), size)) // more than the system buffers
			_, err := r.Read(ctx, 1)
			testkit.WantIs(t, "the peer's end", err, io.EOF)
			w.Close()
			return w.WaitClosed(ctx)
		})
		_, client := configs()
		raw, err := socket.DialTCP(ctx, "127.0.0.1", portOf(s))
		testkit.Must(t, err)
		c, err := tlsstream.Client(ctx, raw, client, nil)
		testkit.Must(t, err)
		buf := make([]byte, 64<<10)
		n, err := c.Receive(ctx, buf) // all is on its way by then
		testkit.Must(t, err)
		testkit.Must(t, c.SendEOF(ctx))
		for {
			m, err := c.Receive(ctx, buf)
			if n += m; err != nil {
				testkit.WantIs(t, "the server's end", err, anyio.ErrEndOfStream)
				break
			}
		}
		if n != size {
			t.Errorf("got %d bytes, want %d", n, size)
		}
		testkit.Must(t, c.Close(ctx))
		wantShut(t, ctx, s)
	})
}

// A connection that is over, or was never made, leaves nothing in memory, no timer and no
// line in the log.
func TestNothingIsLeftOfATLSConnection(t *testing.T) {
	log := testkit.CaptureLog(t)
	onLoops(t, func(t *testing.T, ctx context.Context) {
		begin := anyio.Now(ctx)
		s := encryptedServer(t, ctx, echoLines)
		_, client := configs()
		kept := func() weak.Pointer[splitter] {
			p := &splitter{lost: asyncio.NewFuture[error](ctx)}
			tr, _, err := loopOf(t, ctx).CreateConnection(ctx, func() asyncio.BaseProtocol { return p },
				asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s), TLS: client})
			testkit.Must(t, err)
			_, _ = tr.Write([]byte("123456\n"))
			until(t, ctx, func() bool { return string(p.all) == "123456\n" })
			tr.Close()
			_, err = p.lost.Await(ctx)
			testkit.Must(t, err)
			return weak.Make(p)
		}()
		wantShut(t, ctx, s)
		for tries := 0; kept.Value() != nil; tries++ {
			if tries == 1000 {
				t.Fatal("the protocol is still there")
			}
			testkit.Must(t, asyncio.Sleep(ctx, 0))
			runtime.GC()
		}
		if testkit.Simulated(ctx) && anyio.Now(ctx).Sub(begin) > time.Second {
			t.Errorf("it took until %v", anyio.Now(ctx).Sub(begin))
		}
	})
	if text := log.Text(); strings.Contains(text, "asyncio") {
		t.Errorf("the log has %q", text)
	}
}
