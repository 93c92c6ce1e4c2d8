package cluster

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// roomRetry is after which time the first of the calls that wait for room tries again, told
// or not.
const roomRetry = 250 * time.Millisecond

// A room is where calls wait until a worker has room. Those of one kind, which ask for the
// same function and labels, wait in the order in which they came, and only the first tries.
type room struct {
	c *Conn

	mu     sync.Mutex
	closed bool
	frees  uint64 // how often a worker has said that it has room
	last   uint64 // the number of the newest place
	queues map[string]*queue
	sub    subscription // to what workers say; nil if nobody has waited for long
	tick   func()       // stops the timer of the next try, nil if there is none
	woken  []*anyio.Event
}

// A queue is that of one kind of calls.
type queue struct {
	places []*place
	trying int       // those whose turn has come, and which have heard nothing yet
	turn   time.Time // when one's turn came last
}

// A place is that of a call in its queue. It keeps its number while it tries.
type place struct {
	kind     string
	function string
	task     *kernel.Task // that calls; nil if none does
	came     time.Time

	number uint64 // 0 if it has not waited yet
	seen   uint64 // frees before it has tried
	trying bool
	turn   *anyio.Event

	deadline time.Time // while it waits; zero if it has none
}

func (r *room) place(ctx context.Context, s signature, labels []string, came time.Time) *place {
	p := &place{kind: s.token, function: s.name, task: kernel.Locate(ctx).Task(), came: came}
	if len(labels) > 0 {
		p.kind += "\n" + strings.Join(labels, "\n")
	}
	return p
}

// mayTry is called before each attempt, and reports false if others are in front.
func (r *room) mayTry(p *place) bool {
	r.mu.Lock()
	defer r.unlock()
	p.seen = r.frees
	return p.number != 0 || r.queues[p.kind] == nil
}

// taken hears that a worker has taken the call, and whether it is over there. Then it has
// room for the next one; else it may have, which one tries at a time.
func (r *room) taken(p *place, over bool) {
	r.mu.Lock()
	defer r.unlock()
	q := r.queues[p.kind]
	if q == nil {
		return
	}
	next := over && p.trying
	q.heard(p)
	if next || q.trying == 0 {
		r.wakeLocked(q, 1)
	}
	r.tidyLocked(p.kind)
}

// wait returns when it is the call's turn to try.
func (r *room) wait(ctx context.Context, p *place) error {
	deadline, _ := anyio.EffectiveDeadline(ctx)
	r.enter(p, deadline)
	err := p.turn.Wait(ctx)
	if err != nil {
		r.leave(p)
	}
	return err
}

func (r *room) enter(p *place, deadline time.Time) {
	r.mu.Lock()
	defer r.unlock()
	p.turn, p.deadline = new(anyio.Event), deadline
	if r.closed {
		r.woken = append(r.woken, p.turn)
		return
	}
	if p.number == 0 {
		r.last++
		p.number = r.last
		r.c.count(callsWaited, 1)
	}
	q := r.queues[p.kind]
	if q == nil {
		q = &queue{}
		if r.queues == nil {
			r.queues = map[string]*queue{}
		}
		r.queues[p.kind] = q
	}
	q.heard(p)
	i, _ := slices.BinarySearchFunc(q.places, p.number, func(other *place, n uint64) int { return cmp.Compare(other.number, n) })
	q.places = slices.Insert(q.places, i, p)
	if r.tick == nil {
		r.tick = r.c.bus.after(roomRetry, r.retry)
	}
	missed := r.frees != p.seen
	if r.sub == nil { // who was told of room before that is not known
		r.sub, _ = r.c.bus.subscribe(r.c.cfg.Prefix+".free", "", r.freed)
		missed = r.sub != nil
	}
	if missed {
		r.wakeLocked(q, 1)
	}
}

// leave takes away a call that is canceled. If its turn has come that is another one's.
func (r *room) leave(p *place) {
	r.mu.Lock()
	defer r.unlock()
	q := r.queues[p.kind]
	if q == nil {
		return
	}
	if i := slices.Index(q.places, p); i >= 0 {
		q.places = slices.Delete(q.places, i, i+1)
	} else if p.trying {
		q.heard(p)
		r.wakeLocked(q, 1)
	}
	r.tidyLocked(p.kind)
}

// wakeLocked lets the first n of a queue try.
func (r *room) wakeLocked(q *queue, n int) {
	n = max(min(n, len(q.places)), 0)
	for _, p := range q.places[:n] {
		p.trying, q.turn = true, r.c.bus.now()
		q.trying++
		r.woken = append(r.woken, p.turn)
	}
	q.places = slices.Delete(q.places, 0, n)
}

// unlock sets the events of those whose turn has come: not before, as that lets others run.
func (r *room) unlock() {
	woken := r.woken
	r.woken = nil
	r.mu.Unlock()
	for _, turn := range woken {
		turn.Set()
	}
}

// heard is told that one knows more, whose turn had come.
func (q *queue) heard(p *place) {
	if p.trying {
		p.trying = false
		q.trying--
	}
}

func (r *room) tidyLocked(kind string) {
	if q := r.queues[kind]; len(q.places) == 0 && q.trying == 0 {
		delete(r.queues, kind)
	}
}

// freed hears for how many calls a worker has room. Those that try already may be them.
func (r *room) freed(m message) {
	kind, rd := newReader(m.data)
	n := int(min(rd.number(), 1<<20))
	if kind != 'f' || rd.err != nil {
		return
	}
	r.mu.Lock()
	defer r.unlock()
	r.frees++
	if len(r.queues) == 0 && r.sub != nil {
		r.sub.leave(func() {})
		r.sub = nil
	}
	for _, q := range inOrder(r.queues, strings.Compare) {
		r.wakeLocked(q, n-q.trying)
	}
}

// retry lets the first of each kind try for which nobody has for long.
func (r *room) retry() {
	r.mu.Lock()
	defer r.unlock()
	r.tick = nil
	now := r.c.bus.now()
	for _, q := range inOrder(r.queues, strings.Compare) {
		if now.Sub(q.turn) >= roomRetry {
			r.wakeLocked(q, 1)
		}
	}
	if len(r.queues) > 0 && !r.closed {
		r.tick = r.c.bus.after(roomRetry, r.retry)
	}
}

// close lets all try, in vain.
func (r *room) close() {
	r.mu.Lock()
	defer r.unlock()
	r.closed = true
	if r.tick != nil {
		r.tick()
	}
	for _, q := range inOrder(r.queues, strings.Compare) {
		r.wakeLocked(q, len(q.places))
	}
}

// A patience is how long a call that finds nobody waits for a worker that could take it.
type patience struct {
	since      time.Time // when there was one last, or when others may have begun to come
	reconnects uint64
}

// noRoom is told of a call that has found nobody to take it. It returns its error, nil if it
// is to wait.
func (c *Conn) noRoom(ctx context.Context, s signature, o callOptions, p *patience) error {
	now := c.bus.now()
	if n := c.bus.reconnects(); n != p.reconnects { // workers come back, too
		*p = patience{now, n}
	}
	if !o.noWait && now.Sub(p.since) < c.cfg.Lost {
		return nil // they may be starting
	}
	all, err := c.directory.recent(ctx, s, o.labels)
	if err != nil {
		return err
	}
	e := &NoWorkerError{Function: s.name, Types: s.text, Labels: o.labels}
	for _, w := range all {
		reason := w.unfit(s, o.labels)
		switch {
		case reason != "":
			e.Workers = append(e.Workers, w.Name+" "+reason)
		case o.noWait:
			return ErrBusy
		default:
			p.since = now
			return nil
		}
	}
	return e
}
