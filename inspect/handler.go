package inspect

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

//go:embed page.html
var page []byte

// Handler returns what shows the tasks of this process over HTTP, at any path that ends with
// a slash:
//
//	/debug/anyio/             the page, in one file without anything from elsewhere
//	/debug/anyio/tasks.json   a Snapshot, see its MarshalJSON
//	/debug/anyio/tasks.txt    the same as text
//	/debug/anyio/why.txt?run=1&task=5  why that task does not go on, see Why
//
// The page shows all tasks, and those that match its search and filters. Only rows near the
// window are in it at one time, so the browser's own search finds no others. The address
// /debug/anyio/#r1t5 opens it at task 5 of run 1.
//
// A HEAD request is answered without a look, so it does not stop the process; it does not
// tell whether the task of a why.txt is there.
//
// It only reads: there is nothing to be changed or stopped by it. What it shows is not for
// everybody all the same, as it tells of the program's code and of the names of tasks; so
// serve it where net/http/pprof may be served.
func Handler() http.Handler { return handler(Take) }

// A handler is how it looks.
type handler func() *Snapshot

func (look handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "this only shows: use GET", http.StatusMethodNotAllowed)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	head := r.Method == http.MethodHead
	switch r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:] {
	case "":
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		_, _ = w.Write(page)
	case "tasks.json":
		h.Set("Content-Type", "application/json")
		if head {
			return
		}
		var b bytes.Buffer
		if err := json.NewEncoder(&b).Encode(look()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(b.Bytes())
	case "tasks.txt":
		h.Set("Content-Type", "text/plain; charset=utf-8")
		if !head {
			_, _ = look().WriteTo(w)
		}
	case "why.txt":
		look.serveWhy(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (look handler) serveWhy(w http.ResponseWriter, r *http.Request) {
	var ref Ref
	for name, to := range map[string]*uint64{"run": &ref.Run, "task": &ref.Task} {
		text := r.URL.Query().Get(name)
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			http.Error(w, fmt.Sprintf("%s=%q: want a number, as in why.txt?run=1&task=5", name, text), http.StatusBadRequest)
			return
		}
		*to = n
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if r.Method == http.MethodHead {
		return
	}
	text := look().WhyText(ref)
	if text == "" {
		http.Error(w, fmt.Sprintf("there is no task %d in run %d", ref.Task, ref.Run), http.StatusNotFound)
		return
	}
	_, _ = w.Write([]byte(text))
}
