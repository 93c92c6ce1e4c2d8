package cluster

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anyio-go/anyio"
)

// roomRetry is after which time the first of the calls that wait for room tries again, told
// or not.
const roomRetry = 250 * time.Millisecond

// A room is where calls wait until a worker has room. Those of one kind, which ask for the
// same function and labels, wait in the order in which they came; only the first tries.
type room struct {
	c *Conn

	mu     sync.Mutex
	closed bool
	frees  uint64 // how often a worker has said that it has room
	last   uint64 // the number of the newest place
	queues map[string][]*place
	sub    subscription // to what workers say; nil if nobody has waited for long
	tick   func()       // stops the timer of the next try, nil if there is none
}

// A place is that of a call in the queue of its kind. It keeps its number while it tries.
type place struct {
	kind   string
	number uint64 // 0 if it has not waited yet
	seen   uint64 // frees before it has tried
	turn   *anyio.Event
}

func (r *room) place(s signature, labels []string) *place {
	return &place{kind: s.token + "\n" + strings.Join(labels, "\n")}
}

// mayTry is called before each attempt, and reports false if others are in front.
func (r *room) mayTry(p *place) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	p.seen = r.frees
	return p.number != 0 || len(r.queues[p.kind]) == 0
}

// wait returns when it is the call's turn to try.
func (r *room) wait(ctx context.Context, p *place) error {
	r.enter(p)
	err := p.turn.Wait(ctx)
	if !r.leave(p) && err != nil { // another one's turn
		r.wake(p.kind, 1)
	}
	return err
}

func (r *room) enter(p *place) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p.turn = new(anyio.Event)
	if r.closed {
		p.turn.Set()
		return
	}
	if p.number == 0 {
		r.last++
		p.number = r.last
	}
	queue := r.queues[p.kind]
	i, _ := slices.BinarySearchFunc(queue, p.number, func(q *place, n uint64) int { return cmp.Compare(q.number, n) })
	if r.queues == nil {
		r.queues = map[string][]*place{}
	}
	r.queues[p.kind] = slices.Insert(queue, i, p)
	if r.tick == nil {
		r.tick = r.c.bus.after(roomRetry, r.retry)
	}
	missed := r.frees != p.seen
	if r.sub == nil { // who was told of room before that is not known
		r.sub, _ = r.c.bus.subscribe(r.c.cfg.Prefix+".free", "", r.freed)
		missed = r.sub != nil
	}
	if missed {
		r.wakeLocked(p.kind, 1)
	}
}

// leave takes away a call that waits, and reports false if its turn has come.
func (r *room) leave(p *place) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.Index(r.queues[p.kind], p)
	if i >= 0 {
		r.setLocked(p.kind, slices.Delete(r.queues[p.kind], i, i+1))
	}
	return i >= 0
}

func (r *room) setLocked(kind string, queue []*place) {
	if len(queue) == 0 {
		delete(r.queues, kind)
	} else {
		r.queues[kind] = queue
	}
}

// freed hears that a worker has room.
func (r *room) freed(m message) {
	kind, rd := newReader(m.data)
	n := rd.number()
	if kind != 'f' || rd.err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.frees++
	if len(r.queues) == 0 && r.sub != nil {
		r.sub.leave(func() {})
		r.sub = nil
	}
	for kind := range r.queues {
		r.wakeLocked(kind, n)
	}
}

func (r *room) wake(kind string, n uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wakeLocked(kind, n)
}

func (r *room) wakeLocked(kind string, n uint64) {
	queue := r.queues[kind]
	n = min(n, uint64(len(queue)))
	for _, p := range queue[:n] {
		p.turn.Set()
	}
	r.setLocked(kind, slices.Delete(queue, 0, int(n)))
}

// retry lets the first of each kind try.
func (r *room) retry() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tick = nil
	for kind := range r.queues {
		r.wakeLocked(kind, 1)
	}
	if len(r.queues) > 0 {
		r.tick = r.c.bus.after(roomRetry, r.retry)
	}
}

// close lets all try, in vain.
func (r *room) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if r.tick != nil {
		r.tick()
	}
	for kind, queue := range r.queues {
		r.wakeLocked(kind, uint64(len(queue)))
	}
}

// noRoom is told of a call that has found nobody to take it. It returns its error, nil if it
// is to wait; since is when there was last a worker that could take it.
func (c *Conn) noRoom(ctx context.Context, s signature, o callOptions, since time.Time) (time.Time, error) {
	now := c.bus.now()
	if !o.noWait && now.Sub(since) < c.cfg.Lost {
		return since, nil // they may be starting
	}
	all, err := c.directory.recent(ctx, s, o.labels)
	if err != nil {
		return since, err
	}
	e := &NoWorkerError{Function: s.name, Types: s.text, Labels: o.labels}
	for _, w := range all {
		reason := w.unfit(s, o.labels)
		switch {
		case reason != "":
			e.Workers = append(e.Workers, w.Name+" "+reason)
		case o.noWait:
			return since, ErrBusy
		default:
			return now, nil
		}
	}
	return since, e
}
