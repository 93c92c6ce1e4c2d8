package cluster

import (
	"context"
	"sync"
	"time"

	"github.com/anyio-go/anyio"
)

// A keyWatch tells that what is under a key has changed. As the server tells that once, and
// to nobody who is not connected, who waits also looks by itself now and then.
type keyWatch struct {
	store *jetStream
	sub   subscription

	mu   sync.Mutex
	n    uint64
	told *anyio.Future[message] // of the next change
}

func (ls *leases) watch(key string) (*keyWatch, error) {
	w := &keyWatch{store: &ls.c.store}
	err := w.arm()
	if err == nil {
		w.sub, err = ls.c.bus.subscribe(ls.changed(key), "", w.changed)
	}
	if err != nil {
		w.store.forget(w.n)
		return nil, err
	}
	return w, nil
}

// arm begins to wait for a change.
func (w *keyWatch) arm() error {
	n, told, err := w.store.await()
	if err == nil {
		w.mu.Lock()
		w.n, w.told = n, told
		w.mu.Unlock()
	}
	return err
}

func (w *keyWatch) changed(m message) {
	w.mu.Lock()
	told := w.told
	w.mu.Unlock()
	_ = told.Set(m) // one that is not noticed yet tells the same
}

// wait returns after a change since it was called last, or when so much time has passed.
func (w *keyWatch) wait(ctx context.Context, most time.Duration) error {
	late, err := anyio.MoveOnAfter(ctx, most, w.told.Wait)
	if err != nil || late {
		return err
	}
	w.store.forget(w.n)
	return w.arm()
}

func (w *keyWatch) stop() {
	w.sub.drop()
	w.store.forget(w.n)
}
