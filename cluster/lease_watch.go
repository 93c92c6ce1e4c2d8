package cluster

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

// A keyWatch tells that what is under a key has changed.
type keyWatch struct {
	w       jetstream.KeyWatcher
	changes *stream.MemoryReceiveStream[struct{}]
}

func (ls *leases) watch(ctx context.Context, key string) (*keyWatch, error) {
	return anyio.RunBlockingValue(ctx, func() (*keyWatch, error) {
		var w jetstream.KeyWatcher
		err := askStore(func(context.Context) (err error) { // it has a limit of its own
			w, err = ls.kv.Watch(context.Background(), key, jetstream.MetaOnly())
			return err
		})
		if err != nil {
			return nil, err
		}
		changed, changes := stream.Memory[struct{}](1)
		go func() { // ends by Stop, and with the connection
			for range w.Updates() {
				_ = changed.TrySend(struct{}{}) // one that is not taken yet tells the same
			}
			_ = changed.Close(context.Background())
		}()
		return &keyWatch{w, changes}, nil
	})
}

// wait returns after a change, or when so much time has passed.
func (w *keyWatch) wait(ctx context.Context, most time.Duration) error {
	_, err := anyio.MoveOnAfter(ctx, most, func(ctx context.Context) error {
		if _, err := w.changes.Receive(ctx); anyio.IsCancellation(err) {
			return err
		}
		return nil // without a connection, who reads what is there hears of that
	})
	return err
}

func (w *keyWatch) stop(ctx context.Context) {
	_ = anyio.Shielded(ctx, storeTimeout, func(ctx context.Context) error {
		return anyio.RunBlocking(ctx, w.w.Stop)
	})
	_ = w.changes.Close(ctx)
}
