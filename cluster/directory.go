package cluster

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
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
)

// A directory knows the workers.
type directory struct {
	c    *Conn
	lock anyio.Lock // one asks at a time

	mu   sync.Mutex
	last uint64
	asks map[uint64]*ask
	list []WorkerInfo
	at   time.Time // when they were asked
}

// An ask gathers answers.
type ask struct {
	list   []WorkerInfo
	nobody *anyio.Event
}

// Workers asks all workers of the cluster who they are, and returns those that have
// answered after 100 ms, by name.
func (c *Conn) Workers(ctx context.Context) ([]WorkerInfo, error) { return c.directory.ask(ctx) }

func (d *directory) ask(ctx context.Context) ([]WorkerInfo, error) {
	a, at := &ask{nobody: new(anyio.Event)}, d.c.bus.now()
	d.mu.Lock()
	if d.asks == nil {
		d.asks = map[uint64]*ask{}
	}
	d.last++
	n := d.last
	d.asks[n] = a
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.asks, n)
	}()
	if err := d.c.bus.publish(d.c.cfg.Prefix+".d", d.c.inbox+"i."+strconv.FormatUint(n, 36), newWriter('d', 0)); err != nil {
		return nil, fmt.Errorf("cluster: asking for workers: %w", err)
	}
	if _, err := anyio.MoveOnAfter(ctx, gatherTime, a.nobody.Wait); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	slices.SortFunc(a.list, func(x, y WorkerInfo) int { return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.ID, y.ID)) })
	d.list, d.at = a.list, at
	return slices.Clone(a.list), nil
}

// told takes the answer of a worker.
func (d *directory) told(rest string, m message) {
	n, err := strconv.ParseUint(rest, 36, 64)
	if err != nil {
		return
	}
	var w WorkerInfo
	known := !m.nobody && json.Unmarshal(m.data, &w) == nil && w.ID != ""
	d.mu.Lock()
	a := d.asks[n]
	if a != nil && known {
		a.list = append(a.list, w)
	}
	d.mu.Unlock()
	if a != nil && m.nobody {
		a.nobody.Set()
	}
}

// recent returns the workers of the last second, or those of now if none of them is fit for
// what the list is wanted for.
func (d *directory) recent(ctx context.Context, s signature, labels []string) (list []WorkerInfo, err error) {
	came := d.c.bus.now()
	err = d.lock.Do(ctx, func(ctx context.Context) error {
		d.mu.Lock()
		list = d.list
		fresh := d.at.After(came)
		if !fresh && came.Sub(d.at) < recentTime {
			fresh = slices.ContainsFunc(list, func(w WorkerInfo) bool { return w.unfit(s, labels) == "" })
		}
		d.mu.Unlock()
		if !fresh {
			list, err = d.ask(ctx)
		}
		return err
	})
	return list, err
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
