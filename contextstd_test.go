package anyio_test

import (
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
)

// inEnded runs f on every backend in real time, in scopes that were canceled, with what
// package context's own contexts would do.
func inEnded(t *testing.T, f func(t *testing.T, ours, theirs context.Context)) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.SkipSim(t, ctx)
		_ = anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			theirs, cancel := context.WithCancel(context.Background())
			cancel()
			s.Cancel("enough")
			f(t, ctx, theirs)
			return nil
		})
		_ = anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			theirs, cancel := context.WithTimeout(context.Background(), 0)
			defer cancel()
			s.SetDeadline(time.Unix(1, 0))
			f(t, ctx, theirs)
			return nil
		})
	})
}

func TestTimeoutHandlerTellsTheDeadlineOfAScope(t *testing.T) {
	inEnded(t, func(t *testing.T, ours, theirs context.Context) {
		over := make(chan struct{})
		defer close(over)
		h := http.TimeoutHandler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over }), time.Hour, "too late")
		serve := func(ctx context.Context) *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil).WithContext(ctx))
			return w
		}
		got, want := serve(ours), serve(theirs)
		if got.Code != want.Code || got.Body.String() != want.Body.String() {
			t.Errorf("%d %q, want %d %q", got.Code, got.Body, want.Code, want.Body)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type readFunc func([]byte) (int, error)

func (f readFunc) Read(b []byte) (int, error) { return f(b) }

// ReverseProxy compares with == what it reads, here of a transport that returns Err. That
// of package http returns the cause, ours or any.
func TestReverseProxyDoesNotLogACanceledBody(t *testing.T) {
	inEnded(t, func(t *testing.T, ours, theirs context.Context) {
		serve := func(ctx context.Context) string {
			var logged bytes.Buffer
			p := &httputil.ReverseProxy{ErrorLog: log.New(&logged, "", 0), Rewrite: func(*httputil.ProxyRequest) {}}
			p.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
				body := readFunc(func([]byte) (int, error) { return 0, r.Context().Err() })
				return &http.Response{StatusCode: 200, Body: io.NopCloser(body), Request: r}, nil
			})
			p.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "http://example.org/", nil).WithContext(ctx))
			return logged.String()
		}
		if got, want := serve(ours), serve(theirs); got != want {
			t.Errorf("logged %q, want %q", got, want)
		}
	})
}

//anyiovet:ignore loopblock what has ended already is not dialed
func TestDialerTellsTheCancellationOfAScope(t *testing.T) {
	inEnded(t, func(t *testing.T, ours, theirs context.Context) {
		var d net.Dialer
		_, got := d.DialContext(ours, "tcp", "127.0.0.1:1")
		_, want := d.DialContext(theirs, "tcp", "127.0.0.1:1")
		if got.Error() != want.Error() || got.(net.Error).Timeout() != want.(net.Error).Timeout() {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

func TestCommandIsNotStartedInACanceledScope(t *testing.T) {
	inEnded(t, func(t *testing.T, ours, theirs context.Context) {
		run := func(ctx context.Context) error { return exec.CommandContext(ctx, os.Args[0], "-test.run=^$").Run() }
		if got, want := run(ours), run(theirs); got != want {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

// A driver of a database, say, that tells cancellations from failures by ==.
func TestErrCanBeComparedWithoutIs(t *testing.T) {
	kind := func(ctx context.Context) string {
		derived, cancel := context.WithCancel(ctx)
		defer cancel()
		<-derived.Done()
		switch derived.Err() {
		case context.Canceled:
			return "canceled"
		case context.DeadlineExceeded:
			return "late"
		}
		return "failed"
	}
	inEnded(t, func(t *testing.T, ours, theirs context.Context) {
		if got, want := kind(ours), kind(theirs); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}
