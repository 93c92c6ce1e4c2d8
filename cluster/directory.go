package cluster

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/anyio-go/anyio"
)

// A WorkerInfo tells of a worker.
type WorkerInfo struct {
	ID        string
	Name      string // of its member, see Config.Name
	Labels    []string
	Capacity  int
	Running   int
	Functions map[string]string // the types of each
}

// unfit returns why a worker does not serve a call, "" if it does.
func (w *WorkerInfo) unfit(s signature, labels []string) string {
	types, ok := w.Functions[s.name]
	switch {
	case !ok:
		return "does not know it"
	case types != s.text:
		return "has it as " + types
	}
	for _, l := range labels {
		if !slices.Contains(w.Labels, l) {
			return fmt.Sprintf("has no label %q", l)
		}
	}
	return ""
}

const (
	gatherTime = 100 * time.Millisecond // in which workers answer who they are
	recentTime = time.Second            // for which that serves
	staleTime  = 2 * recentTime         // for which it serves while they are asked again
)

// A directory knows the workers.
type directory struct {
	c *Conn

	mu     sync.Mutex
	closed bool
	last   uint64
	asks   map[uint64]*ask
	newest *ask // nil if it is over
	list   []WorkerInfo
	at     time.Time // when they were asked
}

// An ask gathers answers.
type ask struct {
	at   time.Time
	list []WorkerInfo
	err  error
	over *anyio.Event
	stop func() // its timer
}

// Workers asks all workers of the cluster who they are, and returns those that have
// answered after 100 ms, by name.
func (c *Conn) Workers(ctx context.Context) ([]WorkerInfo, error) {
	a, err := c.directory.ask()
	if err != nil {
		return nil, err
	}
	if err := a.over.Wait(ctx); err != nil {
		return nil, err
	}
	return slices.Clone(a.list), a.err
}

// ask begins to ask.
func (d *directory) ask() (*ask, error) {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil, errClosed("the connection")
	}
	d.last++
	n, a := d.last, &ask{at: d.c.bus.now(), over: new(anyio.Event)}
	if d.asks == nil {
		d.asks = map[uint64]*ask{}
	}
	d.asks[n], d.newest = a, a
	a.stop = d.c.bus.after(gatherTime, func() { d.finish(n) })
	d.mu.Unlock()
	if err := d.c.bus.publish(d.c.cfg.Prefix+".d", d.c.inbox+"i."+strconv.FormatUint(n, 36), newWriter('d', 0)); err != nil {
		d.finish(n)
		return nil, fmt.Errorf("cluster: asking for workers: %w", err)
	}
	return a, nil
}

// told takes the answer of a worker.
func (d *directory) told(rest string, m message) {
	n, err := strconv.ParseUint(rest, 36, 64)
	if err != nil {
		return
	}
	if m.nobody() {
		d.finish(n)
		return
	}
	var w WorkerInfo
	if json.Unmarshal(m.data, &w) != nil || w.ID == "" {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if a := d.asks[n]; a != nil {
		a.list = append(a.list, w)
	}
}

// finish ends an ask, unless it is over.
func (d *directory) finish(n uint64) {
	d.mu.Lock()
	a := d.asks[n]
	if a == nil {
		d.mu.Unlock()
		return
	}
	delete(d.asks, n)
	a.stop()
	if d.closed {
		a.list, a.err = nil, errClosed("the connection")
	}
	slices.SortFunc(a.list, func(x, y WorkerInfo) int { return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.ID, y.ID)) })
	if a.at.After(d.at) {
		d.list, d.at = a.list, a.at
	}
	if d.newest == a {
		d.newest = nil
	}
	d.mu.Unlock()
	a.over.Set()
}

// close ends all asks.
func (d *directory) close() {
	d.mu.Lock()
	d.closed = true
	asks := slices.Sorted(maps.Keys(d.asks))
	d.mu.Unlock()
	for _, n := range asks {
		d.finish(n)
	}
}

// recent returns the workers of the last second, or those of now if none of them is fit for
// what the list is wanted for. A list that is a little older serves once more.
func (d *directory) recent(ctx context.Context, s signature, labels []string) ([]WorkerInfo, error) {
	came := d.c.bus.now()
	for {
		d.mu.Lock()
		list, age, a := d.list, came.Sub(d.at), d.newest
		d.mu.Unlock()
		fit := slices.ContainsFunc(list, func(w WorkerInfo) bool { return w.unfit(s, labels) == "" })
		old := age >= recentTime || !fit
		if a == nil && old && age > 0 {
			var err error
			if a, err = d.ask(); err != nil {
				return nil, err
			}
		}
		if age <= 0 || fit && age < staleTime {
			return list, nil
		}
		if err := a.over.Wait(ctx); err != nil {
			return nil, err
		}
	}
}

// choice returns the IDs of the workers with labels, in any order, but first those that have
// room as far as is known.
func (d *directory) choice(ctx context.Context, s signature, labels []string) ([]string, error) {
	all, err := d.recent(ctx, s, labels)
	if err != nil {
		return nil, err
	}
	var ids, full []string
	for _, w := range all {
		switch {
		case w.unfit(s, labels) != "":
		case w.Running < w.Capacity:
			ids = append(ids, w.ID)
		default:
			full = append(full, w.ID)
		}
	}
	for _, list := range [][]string{ids, full} {
		anyio.Rand(ctx).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	return append(ids, full...), nil
}

// stale makes the next look ask again.
func (d *directory) stale() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = time.Time{}
}
