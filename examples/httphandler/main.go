// Httphandler uses a task group inside a net/http handler. The request's context is
// all that is needed: when the client goes away or a part fails, the other parts of
// the page are canceled, and the handler does not return before they have ended.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio"
)

// A service makes pages out of parts that are loaded at the same time.
type service struct {
	working atomic.Int32 // loads that run now
	ended   chan string  // what each handler saw at its end
}

// load stands for a query to a database or another service.
func (s *service) load(ctx context.Context, what string, d time.Duration) (string, error) {
	s.working.Add(1)
	defer s.working.Add(-1)
	if err := anyio.Sleep(ctx, d); err != nil {
		return "", err
	}
	if what == "ordres" {
		return "", errors.New("no such table: " + what)
	}
	return what, nil
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	table, d := "orders", 10*time.Millisecond
	switch r.URL.Path {
	case "/broken":
		table = "ordres"
	case "/slow":
		d = time.Hour
	}
	var user, orders *anyio.ValueHandle[string]
	news := "news left out"
	err := anyio.WithTaskGroup(r.Context(), func(ctx context.Context, tg *anyio.TaskGroup) error {
		user = anyio.GoValue(tg, func(ctx context.Context) (string, error) { return s.load(ctx, "user", d) }, anyio.Name("user"))
		orders = anyio.GoValue(tg, func(ctx context.Context) (string, error) { return s.load(ctx, table, d) }, anyio.Name("orders"))
		// The news are nice to have: they get 20 ms.
		_, err := anyio.MoveOnAfter(ctx, 20*time.Millisecond, func(ctx context.Context) (err error) {
			_, err = s.load(ctx, "news", time.Hour)
			return err
		})
		return err
	})
	end := "answered"
	switch {
	case r.Context().Err() != nil: // nobody is there to read an answer
		end = "client went away"
	case err != nil:
		end = "failed"
		http.Error(w, err.Error(), http.StatusInternalServerError)
	default:
		u, _ := user.Value() // both have ended well, or there would be an error
		o, _ := orders.Value()
		_, _ = fmt.Fprintf(w, "%s, %s, %s", u, o, news)
	}
	s.ended <- fmt.Sprintf("%s, %d loads still running", end, s.working.Load())
}

func get(ctx context.Context, url string) string {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err.Error()
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return "gave up"
		}
		return err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d %q", resp.StatusCode, body)
}

func main() {
	s := &service{ended: make(chan string, 1)}
	server := httptest.NewServer(s)
	defer server.Close()
	for _, path := range []string{"/page", "/broken", "/slow"} {
		patience := 10 * time.Second
		if path == "/slow" {
			patience = 100 * time.Millisecond
		}
		var answer string
		// A scope of ours is a context like any other: net/http obeys it.
		_, err := anyio.MoveOnAfter(context.Background(), patience, func(ctx context.Context) error {
			answer = get(ctx, server.URL+path)
			return nil
		})
		if err != nil {
			fmt.Fprintln(os.Stderr, "httphandler:", err)
			os.Exit(1)
		}
		fmt.Printf("%-8s client: %s\n%-8s server: %s\n", path, answer, "", <-s.ended)
	}
}
