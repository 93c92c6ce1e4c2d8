package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster/internal/natsproto"
	"github.com/anyio-go/anyio/lowlevel"
)

// storeTimeout is how long an answer of the key-value store is waited for.
const storeTimeout = 5 * time.Second

// leases are what a member keeps in the key-value store of its cluster.
type leases struct {
	c *Conn
	opening

	mu      sync.Mutex
	closed  bool
	permits map[string]*Permit // that are held
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

// stream is that which is the bucket: the tools of NATS know it as one.
func (ls *leases) stream() string { return "KV_" + ls.bucket() }

func (ls *leases) subject(key string) string { return "$KV." + ls.bucket() + "." + key }

// changed is where the server tells of a new value of a key, when that is stored.
func (ls *leases) changed(key string) string { return ls.c.cfg.Prefix + ".k." + key }

// makeStore makes the store, unless it is there.
func (ls *leases) makeStore(ctx context.Context) error {
	_, err := ls.c.store.makeStream(ctx, natsproto.StreamConfig{
		Name: ls.stream(), Description: "locks, semaphores and events", Subjects: []string{ls.subject(">")},
		Retention: "limits", Discard: "new", MaxPer: 1, AllowRollup: true, DenyDelete: true,
		RePublish: &natsproto.RePublish{Source: ls.subject(">"), Destination: ls.changed(">"), HeadersOnly: true},
	})
	if err == nil || anyio.IsCancellation(err) {
		return err
	}
	return fmt.Errorf("cluster: the key-value store %q; it needs JetStream: %w", ls.bucket(), err)
}

// ask gives f the time in which the store is to answer. That it does not is a failure, not
// a cancellation. What has begun is not canceled, as nobody would know what has come of it.
func (ls *leases) ask(ctx context.Context, f func(ctx context.Context) error) error {
	if err := lowlevel.Enter(ctx); err != nil {
		return err
	}
	return anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
		late, err := anyio.MoveOnAfter(ctx, storeTimeout, func(ctx context.Context) error {
			return ls.c.store.again(ctx, ls.reopen, f)
		})
		if late && err == nil {
			err = fmt.Errorf("the store: %w in %v", errNoAnswer, storeTimeout)
		}
		return err
	})
}

// get returns what is under a key, and its revision; 0 if there is nothing.
func (ls *leases) get(ctx context.Context, key string) (data []byte, revision uint64, err error) {
	return ls.c.store.get(ctx, ls.stream(), ls.subject(key))
}

// put replaces a revision of what is under a key, 0 if that is nothing. If there is another
// one it fails with errTaken.
func (ls *leases) put(ctx context.Context, key string, data []byte, revision uint64) (uint64, error) {
	h := headers{natsproto.ExpectedLastSubjectSequence, strconv.FormatUint(revision, 10)}
	r, err := ls.c.store.do(ctx, ls.subject(key), h, data)
	return r.Sequence, err
}

// change replaces what is under a key by what f makes of it, if f says so and nobody else
// has changed it meanwhile; else it begins again. It returns the revision of what is there
// in the end.
func (ls *leases) change(ctx context.Context, key string, f func(r *leaseRecord) (write bool)) (revision uint64, err error) {
	for {
		var r leaseRecord
		data, revision, err := ls.get(ctx, key)
		if err != nil {
			return 0, err
		}
		if revision != 0 {
			if err := json.Unmarshal(data, &r); err != nil {
				return 0, fmt.Errorf("revision %d of %q is not one of this package: %w", revision, key, err)
			}
		}
		if !f(&r) {
			return revision, nil
		}
		if data, err = json.Marshal(r); err != nil {
			return 0, err
		}
		if revision, err = ls.put(ctx, key, data, revision); !errors.Is(err, errTaken) {
			return revision, err
		}
	}
}

// close gives up what is held: it cannot be renewed any more.
func (ls *leases) close() {
	ls.mu.Lock()
	ls.closed = true
	held := inOrder(ls.permits, strings.Compare)
	ls.mu.Unlock()
	for _, p := range held {
		p.lose("the connection is closed")
	}
}

func (ls *leases) enlist(p *Permit) {
	ls.mu.Lock()
	closed := ls.closed
	ls.permits[p.id] = p
	ls.mu.Unlock()
	if closed {
		p.lose("the connection is closed")
	}
}

func (ls *leases) forget(p *Permit) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	delete(ls.permits, p.id)
}
