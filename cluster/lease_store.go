package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/anyio-go/anyio"
)

// storeTimeout is how long an answer of the key-value store is waited for.
const storeTimeout = 5 * time.Second

// leases are what a member keeps in the key-value store of its cluster.
type leases struct {
	c    *Conn
	lock anyio.Lock // one opens at a time

	mu      sync.Mutex
	kv      jetstream.KeyValue // nil before it is open
	closed  bool
	permits map[*Permit]struct{} // that are held
}

// A leaseRecord is what the store has under the name of a lock or semaphore.
type leaseRecord struct {
	Size    int
	Holders []leaseHolder
}

// A leaseHolder holds as long as its Beat changes at least once in its Lease.
type leaseHolder struct {
	ID    string
	Beat  uint64
	Lease time.Duration
}

func (r *leaseRecord) find(id string) *leaseHolder {
	for i := range r.Holders {
		if r.Holders[i].ID == id {
			return &r.Holders[i]
		}
	}
	return nil
}

// bucket is the name of the store, in which dots cannot be.
func (ls *leases) bucket() string {
	return strings.NewReplacer("_", "__", ".", "_-").Replace(ls.c.cfg.Prefix) + "-leases"
}

// open makes the store, unless it is there.
func (ls *leases) open(ctx context.Context) error {
	return ls.lock.Do(ctx, func(ctx context.Context) error {
		ls.mu.Lock()
		kv, closed := ls.kv, ls.closed
		ls.mu.Unlock()
		if closed {
			return errClosed("the connection")
		}
		if kv != nil {
			return nil
		}
		b, err := ls.c.real("locks")
		if err != nil {
			return err
		}
		kv, err = anyio.RunBlockingValue(ctx, func() (jetstream.KeyValue, error) { return ls.make(b) })
		if err != nil {
			return fmt.Errorf("cluster: the key-value store %q; it needs JetStream: %w", ls.bucket(), err)
		}
		ls.mu.Lock()
		ls.kv = kv
		ls.mu.Unlock()
		return nil
	})
}

// make blocks.
func (ls *leases) make(b *natsBus) (jetstream.KeyValue, error) {
	js, err := jetstream.New(b.nc)
	if err != nil {
		return nil, err
	}
	var kv jetstream.KeyValue
	err = askStore(func(ctx context.Context) (err error) {
		kv, err = js.KeyValue(ctx, ls.bucket())
		if errors.Is(err, jetstream.ErrBucketNotFound) {
			kv, err = js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: ls.bucket(), Storage: b.storage()})
		}
		if errors.Is(err, jetstream.ErrBucketExists) { // another member was faster
			kv, err = js.KeyValue(ctx, ls.bucket())
		}
		return err
	})
	return kv, err
}

// askStore gives f the time in which the store is to answer. That it does not is a failure,
// not a cancellation.
func askStore(f func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	err := f(ctx)
	if anyio.IsCancellation(err) {
		return fmt.Errorf("the store does not answer: %v", err)
	}
	return err
}

// change replaces what is under a key by what f makes of it, if f says so and nobody else
// has changed it meanwhile; else it begins again. It returns the revision of what is there
// in the end, and blocks.
func (ls *leases) change(ctx context.Context, key string, f func(r *leaseRecord) (write bool)) (revision uint64, err error) {
	for {
		var r leaseRecord
		e, err := ls.kv.Get(ctx, key)
		switch {
		case err == nil:
			revision = e.Revision()
			if err := json.Unmarshal(e.Value(), &r); err != nil {
				return 0, fmt.Errorf("revision %d of %q is not one of this package: %w", revision, key, err)
			}
		case errors.Is(err, jetstream.ErrKeyNotFound):
			revision = 0
		default:
			return 0, err
		}
		if !f(&r) {
			return revision, nil
		}
		data, err := json.Marshal(r)
		if err != nil {
			return 0, err
		}
		next := uint64(0)
		if revision == 0 {
			next, err = ls.kv.Create(ctx, key, data)
		} else {
			next, err = ls.kv.Update(ctx, key, data, revision)
		}
		if !errors.Is(err, jetstream.ErrKeyExists) && !errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
			return next, err
		}
	}
}

// close gives up what is held: it cannot be renewed any more.
func (ls *leases) close() {
	ls.mu.Lock()
	ls.closed = true
	var held []*Permit
	for p := range ls.permits {
		held = append(held, p)
	}
	ls.mu.Unlock()
	for _, p := range held {
		p.lose("the connection is closed")
	}
}

func (ls *leases) enlist(p *Permit) {
	ls.mu.Lock()
	closed := ls.closed
	ls.permits[p] = struct{}{}
	ls.mu.Unlock()
	if closed {
		p.lose("the connection is closed")
	}
}

func (ls *leases) forget(p *Permit) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	delete(ls.permits, p)
}
