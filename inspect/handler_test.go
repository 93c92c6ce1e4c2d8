package inspect_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/inspect"
)

// get asks the handler.
func get(method, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	inspect.Handler().ServeHTTP(w, httptest.NewRequest(method, target, nil))
	return w
}

func TestHandlerShowsTheTasks(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var e anyio.Event
		within(t, ctx, func(*inspect.Snapshot) {
			me, _ := inspect.Of(ctx)
			w := get("GET", "/debug/anyio/tasks.json")
			var s inspect.Snapshot
			if err := json.Unmarshal(w.Body.Bytes(), &s); err != nil || w.Code != http.StatusOK || s.Task(me) == nil || s.Task(me).State != anyio.TaskRunning {
				t.Fatalf("%d, %v, %s", w.Code, err, w.Body)
			}
			if text := get("GET", "/debug/anyio/tasks.txt").Body.String(); !strings.Contains(text, "─ stays #") {
				t.Errorf("got %s", text)
			}
			for i := range s.Runs {
				if s.Runs[i].ID == me.Run {
					s.Runs = s.Runs[i : i+1]
				}
			}
			w = get("GET", fmt.Sprintf("/debug/anyio/why.txt?run=%d&task=%d", me.Run, task(t, &s, "waits").ID))
			if lines := strings.Split(w.Body.String(), "\n"); w.Code != http.StatusOK || len(lines) != 3 ||
				!strings.HasPrefix(lines[0], "waits #") || !strings.HasPrefix(lines[1], "which is stays #") {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		}, map[string]func(context.Context) error{
			"waits": func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					return tg.Go(e.Wait, anyio.Name("stays")).Wait(ctx)
				})
			},
		})
	})
}

func TestHandlerOnlyShows(t *testing.T) {
	for _, c := range []struct {
		method, target string
		code           int
		text           string
	}{
		{"GET", "/debug/anyio/", 200, "<!doctype html>"},
		{"HEAD", "/x/", 200, ""},
		{"POST", "/debug/anyio/tasks.json", 405, "use GET"},
		{"GET", "/debug/anyio/nothing", 404, "not found"},
		{"GET", "/debug/anyio/why.txt", 400, `want a number, as in why.txt?run=1&task=5`},
		{"GET", "/debug/anyio/why.txt?run=-1&task=1", 400, `run="-1": want a number`},
		{"GET", "/debug/anyio/why.txt?run=1&task=999999999", 404, "there is no task 999999999 in run 1"},
	} {
		w := get(c.method, c.target)
		if w.Code != c.code || !strings.Contains(w.Body.String(), c.text) {
			t.Errorf("%s %s: %d %s", c.method, c.target, w.Code, w.Body)
		}
	}
	h := get("GET", "/debug/anyio/").Header()
	if h.Get("Content-Security-Policy") == "" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" {
		t.Errorf("got %v", h)
	}
}
