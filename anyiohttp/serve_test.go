package anyiohttp_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiohttp"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/stream"
)

func TestMain(m *testing.M) { os.Exit(anyiotest.Main(m)) }

// A site is a server on a listener in memory, and a client for it.
type site struct {
	t        *testing.T
	listener *stream.PipeListener
	client   *http.Client
	srv      *http.Server
	serving  *anyio.TaskHandle
	group    *anyio.TaskGroup // of serving
	err      error            // what Serve has returned, once serving is over
}

// onSite runs body beside Serve on each real backend, and waits for Serve.
func onSite(t *testing.T, drain time.Duration, handler http.HandlerFunc, body func(ctx context.Context, s *site)) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		s := &site{t: t, listener: stream.NewPipeListener(4096), srv: &http.Server{Handler: handler}}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			transport := &http.Transport{DialContext: stream.DialContext(ctx, func(ctx context.Context, _, _ string) (stream.ByteStream, error) {
				return s.listener.Connect(ctx)
			})}
			defer transport.CloseIdleConnections()
			s.client = &http.Client{Transport: transport}
			s.group = tg
			s.serving = tg.Go(func(ctx context.Context) error {
				s.err = anyiohttp.Serve(ctx, s.srv, s.listener, drain)
				return nil
			})
			body(ctx, s)
			return s.serving.Wait(ctx)
		})
		if err != nil {
			t.Error(err)
		}
	}, anyiotest.Skip("sim", "net/http starts goroutines of its own"))
}

// get is the status and body of an answer, or why there was none.
func (s *site) get(ctx context.Context, path string) string {
	text, err := anyio.RunBlockingValue(ctx, func() (string, error) {
		resp, err := s.client.Get("http://server" + path)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return fmt.Sprint(resp.StatusCode, " ", string(body)), err
	})
	if err != nil {
		return err.Error()
	}
	return text
}

// wantEnd waits for Serve and wants its error to match.
func (s *site) wantEnd(ctx context.Context, want error) {
	s.t.Helper()
	if err := s.serving.Wait(ctx); err != nil {
		s.t.Error(err)
	}
	if !errors.Is(s.err, want) {
		s.t.Errorf("Serve: %v, want %v", s.err, want)
	}
}

func (s *site) equal(what, got, want string) {
	s.t.Helper()
	if got != want {
		s.t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// A request that is being handled is finished, and no other one is begun.
func TestServeDrains(t *testing.T) {
	testDraining(t, func(s *site) { s.serving.Cancel("enough") }, anyio.Canceling, anyio.ErrCanceled)
}

// So it is when Serve is asked to stop, which is no error.
func TestServeDrainsWhenItIsStopped(t *testing.T) {
	testDraining(t, func(s *site) { s.group.Stop("enough", anyio.Forever) }, anyio.Pending, nil)
}

func testDraining(t *testing.T, end func(s *site), status anyio.Status, want error) {
	for _, drain := range []time.Duration{time.Minute, anyio.Forever} {
		var begun, finish *anyio.Event
		onSite(t, drain, func(rw http.ResponseWriter, r *http.Request) {
			begun.Set()
			err := finish.Wait(r.Context())
			fmt.Fprint(rw, "finished ", err)
		}, func(ctx context.Context, s *site) {
			begun, finish = &anyio.Event{}, &anyio.Event{}
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					s.equal("answer", s.get(ctx, "/"), "200 finished <nil>")
					return nil
				})
				if err := begun.Wait(ctx); err != nil {
					return err
				}
				end(s)
				for { // until the listener is closed
					c, err := s.listener.Connect(ctx)
					if err != nil {
						break
					}
					if err := errors.Join(c.Close(ctx), anyio.Sleep(ctx, 0)); err != nil {
						return err
					}
				}
				if is := s.serving.Status(); is != status {
					t.Errorf("Serve is %v before the handler has ended", is)
				}
				finish.Set()
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			s.wantEnd(ctx, want)
		})
	}
}

// After the draining the requests' scopes are canceled; Serve waits for the handlers
// whatever they do then, also for one that has taken its connection away.
func TestServeCancelsHandlersAfterTheDraining(t *testing.T) {
	for _, drain := range []time.Duration{0, -1, time.Millisecond} {
		for _, hijacks := range []bool{false, true} {
			var begun, ended, leave atomic.Pointer[anyio.Event]
			var cause atomic.Value
			onSite(t, drain, func(rw http.ResponseWriter, r *http.Request) {
				if hijacks {
					c, _, err := rw.(http.Hijacker).Hijack()
					if err != nil {
						t.Error(err)
						return
					}
					defer c.Close()
				}
				begun.Load().Set()
				if err := anyio.SleepForever(r.Context()); !errors.Is(err, anyio.ErrCanceled) {
					t.Error(err)
				}
				cause.Store(context.Cause(r.Context()).Error())
				_ = leave.Load().Wait(context.Background())
				ended.Load().Set()
			}, func(ctx context.Context, s *site) {
				for _, e := range []*atomic.Pointer[anyio.Event]{&begun, &ended, &leave} {
					e.Store(&anyio.Event{})
				}
				err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error { s.get(ctx, "/"); return nil })
					if err := begun.Load().Wait(ctx); err != nil {
						return err
					}
					s.serving.Cancel("enough")
					leave.Load().Set()
					s.wantEnd(ctx, anyio.ErrCanceled)
					if !ended.Load().IsSet() {
						t.Error("Serve did not wait for the handler")
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
				if text, _ := cause.Load().(string); !strings.Contains(text, "anyiohttp.Serve has ended") {
					t.Errorf("cause %q", text)
				}
			})
		}
	}
}

// A client that does not take its answer cannot hold up the end.
func TestServeClosesConnectionsThatNobodyReads(t *testing.T) {
	begun := make(chan struct{}, 10)
	onSite(t, 0, func(rw http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		_, err := rw.Write(make([]byte, 10<<20))
		if err == nil {
			t.Error("who has read it?")
		}
	}, func(ctx context.Context, s *site) {
		c, err := s.listener.Connect(ctx)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close(ctx)
		if err := c.Send(ctx, []byte("GET / HTTP/1.1\r\nHost: server\r\n\r\n")); err != nil {
			t.Error(err)
		}
		if _, err := anyio.RunBlockingValue(ctx, func() (struct{}, error) { return <-begun, nil }); err != nil {
			t.Error(err)
		}
		s.serving.Cancel("enough")
		s.wantEnd(ctx, anyio.ErrCanceled)
	})
}

// A connection that is kept alive, and one that has sent nothing, are no work.
func TestServeEndsAtOnceIfNothingIsToDo(t *testing.T) {
	onSite(t, anyio.Forever, func(rw http.ResponseWriter, r *http.Request) { fmt.Fprint(rw, "hello") }, func(ctx context.Context, s *site) {
		s.equal("answer", s.get(ctx, "/"), "200 hello")
		s.serving.Cancel("enough")
		s.wantEnd(ctx, anyio.ErrCanceled)
	})
}

func TestServeOfWhatIsClosed(t *testing.T) {
	for what, want := range map[string]error{"the listener": anyio.ErrClosed, "the server": http.ErrServerClosed} {
		onSite(t, anyio.Forever, http.NotFound, func(ctx context.Context, s *site) {
			s.equal("answer", s.get(ctx, "/"), "404 404 page not found\n")
			if what == "the listener" {
				_ = s.listener.Close(ctx)
			} else if _, err := anyio.RunBlockingValue(ctx, func() (struct{}, error) { return struct{}{}, s.srv.Close() }); err != nil {
				t.Error(err)
			}
			s.wantEnd(ctx, want)
		})
	}
}

// Handlers use what is in their context: the values of the server's, and the run.
func TestServeGivesHandlersTheirScope(t *testing.T) {
	type key struct{}
	for _, withBase := range []bool{false, true} {
		anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
			backend := ctx
			states := make(chan http.ConnState, 100)
			srv := &http.Server{
				ConnState: func(_ net.Conn, s http.ConnState) { states <- s },
				Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
					err := anyio.WithTaskGroup(r.Context(), func(ctx context.Context, tg *anyio.TaskGroup) error {
						tg.Go(func(ctx context.Context) error { return anyio.Sleep(ctx, time.Millisecond) })
						return nil
					})
					fmt.Fprint(rw, err, r.Context().Value(key{}))
				}),
			}
			want := "200 <nil> <nil>"
			if withBase {
				want = "200 <nil> 7"
				srv.BaseContext = func(net.Listener) context.Context { return context.WithValue(context.Background(), key{}, 7) }
			}
			listener := stream.NewPipeListener(4096)
			s := &site{t: t, listener: listener, client: &http.Client{Transport: &http.Transport{
				DisableKeepAlives: true,
				DialContext: stream.DialContext(backend, func(ctx context.Context, _, _ string) (stream.ByteStream, error) {
					return listener.Connect(ctx)
				}),
			}}}
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error { return anyiohttp.Serve(ctx, srv, listener, time.Minute) })
				s.equal("answer", s.get(ctx, "/"), want)
				tg.Cancel("enough")
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			if first := <-states; first != http.StateNew {
				t.Errorf("the server's own hook saw %v first", first)
			}
		}, anyiotest.Skip("sim", "net/http starts goroutines of its own"))
	}
}

func TestServeSpeaksTLSAndHTTP2(t *testing.T) {
	theirs := httptest.NewTLSServer(nil) // has certificates
	defer theirs.Close()
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		listener := stream.NewPipeListener(4096)
		srv := &http.Server{
			TLSConfig: &tls.Config{Certificates: theirs.TLS.Certificates},
			Handler:   http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { fmt.Fprint(rw, r.Proto) }),
		}
		transport := theirs.Client().Transport.(*http.Transport).Clone()
		transport.ForceAttemptHTTP2 = true
		transport.DialContext = stream.DialContext(ctx, func(ctx context.Context, _, _ string) (stream.ByteStream, error) {
			return listener.Connect(ctx)
		})
		client := &http.Client{Transport: transport}
		var got []byte
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			defer tg.Cancel("enough")
			tg.Go(func(ctx context.Context) error { return anyiohttp.Serve(ctx, srv, listener, time.Minute) })
			var err error
			got, err = anyio.RunBlockingValue(ctx, func() ([]byte, error) {
				resp, err := client.Get("https://example.com/")
				if err != nil {
					return nil, err
				}
				defer resp.Body.Close()
				return io.ReadAll(resp.Body)
			})
			return err
		})
		if string(got) != "HTTP/2.0" || err != nil {
			t.Errorf("answer %q, %v", got, err)
		}
	}, anyiotest.Skip("sim", "net/http starts goroutines of its own"))
}

// A connection that is accepted while the server ends has been closed when Serve returns,
// and the server's own hook has returned, too.
func TestServeWaitsForTheLastConnection(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var closed atomic.Bool
		var accepted anyio.Event
		ending := make(chan struct{})
		srv := &http.Server{
			ConnState: func(_ net.Conn, s http.ConnState) {
				for range 1000 {
					runtime.Gosched()
				}
				closed.Store(s == http.StateClosed)
			},
			// The connection has been accepted, and nobody has counted it yet.
			ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
				accepted.Set()
				<-ending
				for range 1000 {
					runtime.Gosched()
				}
				return ctx
			},
		}
		srv.RegisterOnShutdown(func() { close(ending) })
		l := stream.NewPipeListener(4096)
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				err := anyiohttp.Serve(ctx, srv, l, 0)
				if !closed.Load() {
					t.Error("Serve has returned before its last connection was closed")
				}
				return err
			})
			client, err := l.Connect(ctx)
			if err != nil {
				return err
			}
			err = accepted.Wait(ctx)
			tg.Cancel("enough")
			return errors.Join(err, client.Close(ctx))
		})
		if err != nil {
			t.Error(err)
		}
	}, anyiotest.Skip("sim", "net/http starts goroutines of its own"))
}

// What does not serve closes the listener all the same.
func TestServeThatDoesNotBeginClosesTheListener(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := stream.NewPipeListener(4096)
		var err error
		_ = anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			s.Cancel("before")
			err = anyiohttp.Serve(ctx, &http.Server{}, l, time.Minute)
			return err
		})
		if !errors.Is(err, anyio.ErrCanceled) {
			t.Errorf("Serve: %v", err)
		}
		if c, err := l.Connect(ctx); err == nil {
			t.Error("the listener is open")
			_ = c.Close(ctx)
		}
	})
}

func TestServeIsRefusedInASimulation(t *testing.T) {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyiohttp.Serve(ctx, &http.Server{}, stream.NewPipeListener(1), 0)
	}, anyio.On(sim.New(sim.Config{})))
	if _, ok := errors.AsType[*anyio.MisuseError](err); !ok {
		t.Errorf("%v", err)
	}
}

func TestServeWithoutAServerIsRefused(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := stream.NewPipeListener(1)
		testkit.WantMisuse(t, "Serve without a server", anyiohttp.Serve(ctx, nil, l, 0))
		if c, err := l.Connect(ctx); err == nil {
			t.Error("the listener is open")
			_ = c.Close(ctx)
		}
	})
}
