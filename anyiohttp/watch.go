package anyiohttp

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/anyio-go/anyio"
)

// A watcher counts what a server has to do: connections, and handlers, which may
// outlive theirs if they have hijacked it.
type watcher struct {
	srv  *http.Server
	mu   sync.Mutex // guards what follows
	busy int
	idle *anyio.Event // set when busy is 0; nil if nobody waits
}

// watch makes a server's requests count, and gives them the scope to run in.
func watch(srv *http.Server, handling context.Context) *watcher {
	w := &watcher{srv: srv}
	state := srv.ConnState
	srv.ConnState = func(c net.Conn, s http.ConnState) {
		switch s {
		case http.StateNew:
			w.add(1)
		case http.StateHijacked, http.StateClosed:
			defer w.add(-1) // the server's own hook is a part of what has to end
		}
		if state != nil {
			state(c, s)
		}
	}
	handler := srv.Handler
	if handler == nil {
		handler = http.DefaultServeMux
	}
	srv.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.add(1)
		defer w.add(-1)
		handler.ServeHTTP(rw, r)
	})
	base := srv.BaseContext
	srv.BaseContext = func(l net.Listener) context.Context {
		if base == nil {
			return handling
		}
		ctx, cancel := context.WithCancelCause(base(l))
		context.AfterFunc(handling, func() { cancel(context.Cause(handling)) })
		return ctx
	}
	return w
}

func (w *watcher) add(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy += n; w.busy == 0 && w.idle != nil {
		w.idle.Set()
		w.idle = nil
	}
}

// wait waits until there is nothing to do.
func (w *watcher) wait(ctx context.Context) error {
	w.mu.Lock()
	if w.busy == 0 {
		w.mu.Unlock()
		return nil
	}
	if w.idle == nil {
		w.idle = &anyio.Event{}
	}
	idle := w.idle
	w.mu.Unlock()
	return idle.Wait(ctx)
}

// shutDown stops accepting and returns when accepting has ended and there is nothing to
// do any more. The connections belong to the scope of ctx.
func (w *watcher) shutDown(ctx context.Context, served *anyio.Event, handlers *anyio.CancelScope, drain time.Duration) {
	closing, stop := context.WithCancel(context.Background())
	var closed anyio.Event
	go func() {
		defer closed.Set()
		// It closes the listener, and idle connections as long as there are some. What
		// it returns says nothing new.
		_ = w.srv.Shutdown(closing)
	}()
	_ = served.Wait(ctx) // else another connection may come
	late, _ := anyio.MoveOnAfter(ctx, drain, w.wait)
	if late {
		handlers.Cancel("anyiohttp.Serve has ended, and so has the draining")
		if late, _ = anyio.MoveOnAfter(ctx, parting, w.wait); late {
			_ = w.srv.Close()
		}
	}
	_ = w.wait(ctx)
	stop()
	_ = closed.Wait(ctx)
}
