package asyncio_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/tlsstream"
)

// A function of the configuration that fails or panics fails the handshake, on its side
// with what has happened, and nothing else.
func TestFunctionsOfATLSConfigThatFail(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		good, goodClient := configs()
		for name, c := range map[string]struct {
			f    func() error
			want string
		}{
			"error": {func() error { return testkit.ErrBoom }, testkit.ErrBoom.Error()},
			"panic": {func() error { panic(testkit.ErrBoom) }, testkit.ErrBoom.Error()},
		} {
			server := good.Clone()
			server.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return nil, c.f() }
			var told error
			loopOf(t, ctx).SetExceptionHandler(func(_ *asyncio.Loop, c asyncio.ErrorContext) { told = c.Err })
			s, err := asyncio.StartServer(ctx, echoLines, asyncio.ServerOptions{Hosts: []string{"127.0.0.1"}, TLS: server}, 0)
			testkit.Must(t, err)
			_, _, err = asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s), TLS: goodClient}, 0)
			wantHandshakeError(t, name+" of the server", err, false, "")
			wantShut(t, ctx, s)
			wantHandshakeError(t, name+" is told", told, true, c.want)

			client := goodClient.Clone()
			client.VerifyConnection = func(tls.ConnectionState) error { return c.f() }
			s = encryptedServer(t, ctx, echoLines)
			_, _, err = asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s), TLS: client}, 0)
			wantHandshakeError(t, name+" of the client", err, false, c.want)
			wantShut(t, ctx, s)
		}
	})
}

// One that exits its goroutine fails the handshake, too, and the run goes on. The goroutine
// of Run may be exited when all is done.
func TestFunctionOfATLSConfigThatExits(t *testing.T) {
	for _, b := range []anyio.Backend{anyio.EventLoop(), sim.New(sim.Config{})} {
		var failed error
		over := make(chan struct{})
		go func() {
			defer close(over)
			_ = anyio.Run(context.Background(), func(ctx context.Context) error {
				s := encryptedServer(t, ctx, echoLines)
				defer s.Close()
				_, client := configs()
				client = client.Clone()
				client.VerifyConnection = func(tls.ConnectionState) error { runtime.Goexit(); return nil }
				_, _, failed = asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s), TLS: client}, 0)
				return nil
			}, anyio.On(b))
		}()
		<-over
		wantHandshakeError(t, "goexit", failed, false, "Goexit")
	}
}

// wantShut closes a server and waits for the ends of its connections and of their tasks.
func wantShut(t *testing.T, ctx context.Context, s *asyncio.Server) {
	t.Helper()
	closed := asyncio.CreateTask(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, s.WaitClosed(ctx) })
	testkit.Must(t, asyncio.Sleep(ctx, 0))
	s.Close()
	_, err := closed.Await(ctx)
	testkit.Must(t, err)
	anyioWaits(t, ctx)
}

// wantHandshakeError checks the error of a handshake, and that it tells why.
func wantHandshakeError(t *testing.T, what string, err error, server bool, text string) {
	t.Helper()
	var h *tlsstream.HandshakeError
	if !errors.As(err, &h) || h.Server != server || h.Peer == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("%s: got %v, want a HandshakeError with a peer and %q", what, err, text)
	}
}

// The default handler tells of a few handshakes, one of the user's of all.
func TestHandshakesThatFailDoNotFillTheLog(t *testing.T) {
	const peers = 10
	onLoops(t, func(t *testing.T, ctx context.Context) {
		nonsense := func(s *asyncio.Server) {
			for range peers {
				r, w, err := asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s)}, 0)
				testkit.Must(t, err)
				_, _ = w.Write([]byte("GET / HTTP/1.0\r\n\r\n"))
				_, err = r.ReadAll(ctx) // the alert
				if err != nil && !errors.Is(err, anyio.ErrBroken) {
					t.Error(err)
				}
				w.Close()
			}
		}
		told := testkit.CaptureLog(t)
		s := encryptedServer(t, ctx, echoLines)
		nonsense(s)
		if n := strings.Count(told.Text(), "handshake has failed"); n == 0 || n >= peers {
			t.Errorf("%d of %d are told in the log", n, peers)
		}
		all := 0
		loopOf(t, ctx).SetExceptionHandler(func(_ *asyncio.Loop, c asyncio.ErrorContext) {
			wantHandshakeError(t, "the handler", c.Err, true, "does not speak TLS")
			all++
		})
		nonsense(s)
		if all != peers {
			t.Errorf("the handler was told of %d, want %d", all, peers)
		}
		wantShut(t, ctx, s)
	})
}

// A handshake that is cut short by the end of the loop has not failed.
func TestHandshakesAtTheEndOfTheLoop(t *testing.T) {
	for _, b := range []anyio.Backend{anyio.EventLoop(), sim.New(sim.Config{})} {
		var told []asyncio.ErrorContext
		err := asyncio.Run(context.Background(), func(ctx context.Context) error {
			l := loopOf(t, ctx)
			l.SetExceptionHandler(func(_ *asyncio.Loop, c asyncio.ErrorContext) { told = append(told, c) })
			server, _ := configs()
			accepted := false
			s, err := l.CreateServer(ctx, func() asyncio.BaseProtocol { accepted = true; return newEcho() },
				asyncio.ServerOptions{Hosts: []string{"127.0.0.1"}, TLS: server})
			testkit.Must(t, err)
			_, err = socket.DialTCP(ctx, "127.0.0.1", portOf(s))
			testkit.Must(t, err)
			until(t, ctx, func() bool { return accepted })
			turns(t, ctx, 3) // the handshake begins
			return nil
		}, anyio.On(b))
		testkit.WantNil(t, "Run", err)
		if len(told) > 0 {
			t.Errorf("told %v", told)
		}
	}
}

// The connections of a server share the keys of its tickets, also if the configuration
// has none.
func TestTLSSessionsAreResumed(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		s := encryptedServer(t, ctx, echoLines)
		_, client := configs()
		client = client.Clone()
		client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		for _, resumed := range []bool{false, true} {
			r, w, err := asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s), TLS: client}, 0)
			testkit.Must(t, err)
			_, _ = w.Write([]byte("line\n"))
			got, err := r.ReadLine(ctx) // and the ticket before it
			wantData(t, "ReadLine", got, err, "line\n")
			if did := w.ExtraInfo("ssl_object").(tls.ConnectionState).DidResume; did != resumed {
				t.Errorf("resumed: %v, want %v", did, resumed)
			}
			w.Close()
			testkit.WantNil(t, "WaitClosed", w.WaitClosed(ctx))
		}
		wantShut(t, ctx, s)
	})
}

func TestTLSConfigsThatAreRefused(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		s := clearServer(t, ctx, echoLines)
		_, client := configs()
		r, w, err := asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s)}, 0)
		testkit.Must(t, err)
		l := loopOf(t, ctx)
		again := client.Clone()
		again.Renegotiation = tls.RenegotiateFreelyAsClient
		_, err = l.StartTLS(ctx, w.Transport(), again, asyncio.TLSOptions{})
		testkit.WantMisuse(t, "renegotiation", err)
		_, err = l.StartTLS(ctx, w.Transport(), &tls.Config{}, asyncio.TLSOptions{})
		testkit.WantMisuse(t, "no name", err)
		_, err = l.StartTLS(ctx, w.Transport(), &tls.Config{}, asyncio.TLSOptions{ServerName: "bad\u2028ß.test"})
		if err == nil || !strings.Contains(err.Error(), "not valid") {
			t.Errorf("a bad name gives %v", err)
		}
		_, _ = w.Write([]byte("still there\n"))
		got, err := r.ReadLine(ctx)
		wantData(t, "after all that", got, err, "still there\n")
		w.Close()
		wantShut(t, ctx, s)
	})
}

// A client that begins its handshake at once is understood, and what somebody has put
// into the plain stream after the request never counts as encrypted.
func TestStartTLSOfWhatHasComeAlready(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		server, client := configs()
		read := ""
		var failed error
		h := func(ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) error {
			defer w.Close()
			if _, err := r.ReadLine(ctx); err != nil {
				return err
			}
			if failed = w.StartTLS(ctx, server, asyncio.TLSOptions{Server: true}); failed != nil {
				return nil
			}
			line, err := r.ReadLine(ctx)
			read = string(line)
			_, _ = w.Write(line)
			return err
		}
		s := clearServer(t, ctx, h)
		dial := func(text string) (*asyncio.StreamReader, *asyncio.StreamWriter) {
			r, w, err := asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s)}, 0)
			testkit.Must(t, err)
			_, _ = w.Write([]byte(text))
			return r, w
		}
		r, w := dial("STARTTLS\n")
		testkit.Must(t, w.StartTLS(ctx, client, asyncio.TLSOptions{}))
		_, _ = w.Write([]byte("secret\n"))
		got, err := r.ReadLine(ctx)
		wantData(t, "at once", got, err, "secret\n")
		w.Close()

		read = ""
		r, w = dial("STARTTLS\nforged command\n")
		_, err = r.ReadAll(ctx)
		if err != nil && !errors.Is(err, anyio.ErrBroken) {
			t.Error(err)
		}
		w.Close()
		wantHandshakeError(t, "forged", failed, true, "does not speak TLS")
		if read != "" {
			t.Errorf("the server has read %q", read)
		}

		r, w = dial("STARTTLS\n")
		w.WriteEOF()
		_, err = r.ReadAll(ctx)
		if err != nil && !errors.Is(err, anyio.ErrBroken) {
			t.Error(err)
		}
		w.Close()
		testkit.WantIs(t, "the end", failed, io.ErrUnexpectedEOF)
		wantShut(t, ctx, s)
	})
}

// What has come before StartTLS may be more than the reader's limit, at which reading
// pauses. It goes on, and pauses likewise afterwards.
func TestStartTLSOfAReaderThatIsFull(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		server, client := configs()
		h, over := untilOver(ctx, func(ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) error {
			defer w.Close()
			if _, err := r.ReadLine(ctx); err != nil {
				return err
			}
			until(t, ctx, func() bool { return !w.Transport().IsReading() })
			if err := w.StartTLS(ctx, server, asyncio.TLSOptions{Server: true}); err != nil {
				return err
			}
			line, err := r.ReadLine(ctx)
			wantData(t, "encrypted", line, err, "secret\n")
			until(t, ctx, func() bool { return !w.Transport().IsReading() })
			return nil
		})
		s, err := asyncio.StartServer(ctx, h, asyncio.ServerOptions{Hosts: []string{"127.0.0.1"}}, 10)
		testkit.Must(t, err)
		_, w, err := asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s)}, 0)
		testkit.Must(t, err)
		_, _ = w.Write([]byte("STARTTLS\n"))
		testkit.Must(t, w.StartTLS(ctx, client, asyncio.TLSOptions{}))
		_, _ = w.Write([]byte("secret\n"))
		_, _ = w.Write([]byte("more than twice the limit\n"))
		_, err = over.Await(ctx)
		testkit.WantNil(t, "handler", err)
		w.Close()
		wantShut(t, ctx, s)
	})
}

// Whether a task that reads already would get plain or encrypted data, nobody knows.
func TestStartTLSBesideAReader(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		s := clearServer(t, ctx, echoLines)
		_, client := configs()
		r, w, err := asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s)}, 0)
		testkit.Must(t, err)
		line := asyncio.CreateTask(ctx, r.ReadLine)
		testkit.Must(t, asyncio.Sleep(ctx, 0))
		testkit.WantMisuse(t, "beside a reader", w.StartTLS(ctx, client, asyncio.TLSOptions{}))
		_, _ = w.Write([]byte("still there\n"))
		got, err := line.Await(ctx)
		wantData(t, "the reader", got, err, "still there\n")
		w.Close()
		wantShut(t, ctx, s)
	})
}
