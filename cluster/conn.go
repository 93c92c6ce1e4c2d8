package cluster

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A Conn is a member of a cluster. Its methods, and the functions that take one, may be
// used from any task, goroutine and backend at the same time.
type Conn struct {
	cfg   Config
	bus   bus
	id    string
	inbox string // begins the subjects of what comes for this member alone

	room      room
	directory directory
	links     links
	leases    leases
	store     jetStream
	jobs      jobStore
	looks     looks
	counts    counts
	left      atomic.Bool // Close was called

	mu      sync.Mutex
	closed  bool
	last    uint64               // the number of the newest call
	calls   map[uint64]*call     // that others run for this member
	running map[callID]*running  // that this member runs for others
	early   map[callID]*earlyEnd // to be ended before they came
	workers []*worker
	peers   map[string]*peer
	beat    func()    // stops the timer of the next heartbeat, nil if there is none
	beaten  time.Time // when that is due
}

// A callID tells a call from those of other members.
type callID struct {
	caller string
	n      uint64
}

func (id callID) compare(other callID) int {
	return cmp.Or(cmp.Compare(id.caller, other.caller), cmp.Compare(id.n, other.n))
}

// inOrder returns the values of a map in the order of their keys, as what is sent in the
// order of a map could not be repeated in a simulation.
func inOrder[K comparable, V any](m map[K]V, compare func(a, b K) int) []V {
	list := make([]V, 0, len(m))
	for _, k := range slices.SortedFunc(maps.Keys(m), compare) {
		list = append(list, m[k])
	}
	return list
}

func newConn(cfg Config, b bus, id string) *Conn {
	c := &Conn{
		cfg: cfg, bus: b, id: id, inbox: cfg.Prefix + ".c." + id + ".",
		calls: map[uint64]*call{}, running: map[callID]*running{}, early: map[callID]*earlyEnd{},
		peers: map[string]*peer{},
	}
	c.room.c, c.directory.c, c.links.c, c.leases.c, c.jobs.c, c.store.c, c.looks.c = c, c, c, c, c, c, c
	c.links.offers, c.links.byID = map[uint64]endpoint{}, map[linkID]*link{}
	c.leases.make, c.jobs.make = c.leases.makeStore, c.jobs.makeStreams
	c.leases.permits, c.jobs.waits = map[string]*Permit{}, map[uint64]*jobWait{}
	return c
}

type connKey struct{}

// Serving returns the member that runs the function with this context, nil if it was not
// called over a cluster: to open the streams of which the argument has the addresses.
func Serving(ctx context.Context) *Conn {
	c, _ := ctx.Value(connKey{}).(*Conn)
	return c
}

// ID returns what tells this member from others, a few letters.
func (c *Conn) ID() string { return c.id }

// URL returns the address of the server in this process, for others to connect to; it is
// "" if there is none, or if it listens nowhere.
func (c *Conn) URL() string {
	b, ok := c.bus.(*natsBus)
	if !ok || b.server == nil || b.server.Addr() == nil {
		return ""
	}
	return b.server.ClientURL()
}

func (c *Conn) listen(ctx context.Context) error {
	before := c.bus.refusal()
	own, err := c.bus.subscribe(c.inbox+">", "", c.receive)
	if err != nil {
		return err
	}
	own.broken(c.shut)
	for _, to := range []string{".l", ".l." + c.id} {
		if _, err := c.bus.subscribe(c.cfg.Prefix+to, "", c.looks.asked); err != nil {
			return err
		}
	}
	return c.subscribed(ctx, before)
}

// subscribed returns when the server has seen all subscriptions, and its refusal of one, if
// it is another one than before.
func (c *Conn) subscribed(ctx context.Context, before error) error {
	if err := c.bus.flush(ctx); err != nil {
		return err
	}
	if err := c.bus.refusal(); err != nil && err != before {
		return fmt.Errorf("cluster: what members have to use: %w", err)
	}
	return nil
}

// refused is the server's refusal of a subject, if that is what it has said last.
func (c *Conn) refused(subject string) error {
	if err := c.bus.refusal(); err != nil && strings.Contains(err.Error(), strconv.Quote(subject)) {
		return err
	}
	return nil
}

// Close leaves the cluster, and ends the server in this process, if there is one. Calls
// that others run for this member are canceled there, after Config.Lost at the latest, and
// fail here with ErrClosed; streams are broken, and locks lost. Closing again does nothing.
// Cancellation: it is closed all the same.
func (c *Conn) Close(ctx context.Context) error {
	c.shut() // the connection may have closed by itself before
	if c.left.Swap(true) {
		return nil
	}
	return c.bus.close(ctx)
}

// shut ends all calls and workers.
func (c *Conn) shut() {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.closed = true
	calls := inOrder(c.calls, cmp.Compare)
	workers := slices.Clone(c.workers)
	if c.beat != nil {
		c.beat()
	}
	clear(c.peers)
	clear(c.early)
	c.mu.Unlock()
	for _, cl := range calls {
		c.sendEnd(cl, endCancel)
		cl.settle(outcome{kind: kindBroken, err: errClosed("the connection")})
	}
	for _, w := range workers {
		w.closed.Set()
	}
	c.room.close()
	c.directory.close()
	c.links.close()
	c.leases.close()
	c.jobs.close()
	c.store.close()
}

// receive takes what comes for this member alone.
func (c *Conn) receive(m message) {
	what, rest, _ := strings.Cut(strings.TrimPrefix(m.subject, c.inbox), ".")
	switch what {
	case "r":
		if n, err := strconv.ParseUint(rest, 36, 64); err == nil {
			c.told(n, m)
		}
	case "x":
		c.endRunning(m)
	case "p":
		c.pinged(m)
	case "q":
		c.ponged(rest, m)
	case "s":
		c.links.receive(m)
	case "n":
		c.links.nobody(rest, m)
	case "i":
		c.directory.told(rest, m)
	case "l":
		c.looks.told(rest, m)
	case "a":
		c.store.told(rest, m)
	}
}

// replyTo is the subject on which a call is answered.
func (c *Conn) replyTo(n uint64) string { return c.inbox + "r." + strconv.FormatUint(n, 36) }

// callIDOf reads it.
func (c *Conn) callIDOf(reply string) (id callID, ok bool) {
	rest, ok := strings.CutPrefix(reply, c.cfg.Prefix+".c.")
	if !ok {
		return id, false
	}
	caller, rest, _ := strings.Cut(rest, ".")
	number, ok := strings.CutPrefix(rest, "r.")
	n, err := strconv.ParseUint(number, 36, 64)
	return callID{caller, n}, ok && err == nil && caller != ""
}

// send publishes what nobody waits for: what is lost so, is noticed by the next heartbeat.
func (c *Conn) send(subject, reply string, data []byte) { _ = c.bus.publish(subject, reply, data) }
