package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/remote"
	"github.com/anyio-go/anyio/portal"
)

// A Worker says how a member works for its cluster.
type Worker struct {
	// Capacity is how many calls run at the same time; the default is the number of
	// processors. Limiter is a limiter to take tokens of in its place, which may be shared
	// with others.
	Capacity int
	Limiter  *anyio.CapacityLimiter
	// Labels are what calls may ask for, such as "gpu" and "zone=a".
	Labels []string
	// Functions are the names of those that are served; the default is all that
	// process.Register has made in this program.
	Functions []string
}

// Work serves calls until it is canceled; the functions run as tasks of the run of ctx.
// If it is asked to end by itself, by Stop, it takes no more calls, and returns nil when
// those that run have ended.
// Cancellation: what runs is canceled, and waited for; its callers get a
// *process.BrokenWorkerError.
func Work(ctx context.Context, c *Conn, w Worker) error {
	return w.Task(c)(ctx, func(WorkerInfo) {})
}

// Task is Work as a task for anyio.Start: it has started when it takes calls.
func (w Worker) Task(c *Conn) func(ctx context.Context, started func(WorkerInfo)) error {
	return func(ctx context.Context, started func(WorkerInfo)) error {
		s, err := newWorker(c, w)
		if err != nil {
			return err
		}
		return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			s.portal = p
			defer s.end()
			if err := s.begin(ctx); err != nil {
				return err
			}
			started(s.info())
			stopped, err := anyio.MoveOnStop(ctx, s.closed.Wait)
			if err == nil && !stopped {
				err = errClosed("the connection")
			}
			return err
		})
	}
}

// A worker is one that works.
type worker struct {
	c         *Conn
	id        string
	labels    []string
	limiter   *anyio.CapacityLimiter
	functions map[string]served
	portal    *portal.Portal
	closed    *anyio.Event // the connection is

	mu       sync.Mutex
	direct   func()   // ends the subscription to calls for this worker
	open     []func() // end those to calls for any; nil while there is no room
	ended    bool
	looks    bool      // it will look whether there is room
	lastFull time.Time // when there was no room last
	young    []*running
}

// served is a function that a worker serves.
type served struct {
	*remote.Function
	sign signature
}

// contended is how long after it was full a worker tells of each room.
const contended = time.Second

func newWorker(c *Conn, w Worker) (*worker, error) {
	if w.Capacity < 0 || w.Capacity > 0 && w.Limiter != nil {
		return nil, misuse("Worker.Capacity %d: want a positive number, or a Limiter in its place", w.Capacity)
	}
	if w.Capacity == 0 {
		w.Capacity = runtime.GOMAXPROCS(0)
	}
	if w.Limiter == nil {
		w.Limiter = anyio.NewCapacityLimiter(w.Capacity)
	}
	if w.Functions == nil {
		w.Functions = remote.Names()
	}
	s := &worker{c: c, labels: slices.Clone(w.Labels), limiter: w.Limiter, functions: map[string]served{}, closed: new(anyio.Event)}
	for _, name := range w.Functions {
		f := remote.Lookup(name)
		if f == nil {
			return nil, misuse("Worker.Functions: there is no function %q; process.Register makes one, best for a package variable", name)
		}
		s.functions[name] = served{f, signatureOf(name, f.In, f.Out)}
	}
	return s, nil
}

// begin subscribes to calls.
func (s *worker) begin(ctx context.Context) error {
	c := s.c
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return errClosed("the connection")
	}
	c.last++
	s.id = fmt.Sprintf("%s.%d", c.id, c.last)
	c.workers[s] = struct{}{}
	first := c.broad == nil
	if first {
		c.broad = []func(){}
	}
	c.mu.Unlock()
	if first {
		for subject, f := range map[string]func(message){c.cfg.Prefix + ".x": c.endRunning, c.cfg.Prefix + ".d": c.introduce} {
			if _, err := c.bus.subscribe(subject, "", f); err != nil {
				return err
			}
		}
	}
	unsubscribe, err := c.bus.subscribe(c.cfg.Prefix+".w."+s.id, "", s.serve)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.direct = unsubscribe
	s.mu.Unlock()
	if err := s.adjust(); err != nil {
		return err
	}
	if err := c.bus.flush(ctx); err != nil {
		return err
	}
	c.send(c.cfg.Prefix+".free", "", newWriter('f', 0))
	return nil
}

// end takes no more calls.
func (s *worker) end() {
	s.mu.Lock()
	s.ended = true
	for _, unsubscribe := range s.open {
		unsubscribe()
	}
	s.open = nil
	if s.direct != nil {
		s.direct()
	}
	s.mu.Unlock()
	s.c.mu.Lock()
	delete(s.c.workers, s)
	s.c.mu.Unlock()
}

// adjust is subscribed to calls for any worker if there is room, and only then: so the
// server gives each call to one that has, and a caller hears that there is none.
func (s *worker) adjust() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	room := s.limiter.AvailableTokens() > 0
	switch {
	case s.ended:
	case !room && s.open != nil:
		for _, unsubscribe := range s.open {
			unsubscribe()
		}
		s.open = nil
	case room && s.open == nil:
		s.open = []func(){}
		for _, f := range s.functions {
			unsubscribe, err := s.c.bus.subscribe(s.c.cfg.Prefix+".f."+f.sign.token(), "workers", s.serve)
			if err != nil {
				return err
			}
			s.open = append(s.open, unsubscribe)
		}
	}
	if !room {
		s.lastFull = s.c.bus.now()
	}
	if !room && !s.looks && !s.ended { // others may have the tokens, and tell nobody
		s.looks = true
		s.c.bus.after(roomRetry, s.look)
	}
	return nil
}

func (s *worker) look() {
	s.mu.Lock()
	s.looks = false
	s.mu.Unlock()
	_ = s.adjust()
}

// info tells of the worker.
func (s *worker) info() WorkerInfo {
	w := WorkerInfo{
		ID: s.id, Name: s.c.cfg.Name, Labels: s.labels, Capacity: s.limiter.TotalTokens(),
		Running: s.limiter.BorrowedTokens(), Functions: map[string]string{},
	}
	for name, f := range s.functions {
		w.Functions[name] = f.sign.text
	}
	return w
}

// introduce tells who asks of the workers of this member.
func (c *Conn) introduce(m message) {
	c.mu.Lock()
	workers := make([]*worker, 0, len(c.workers))
	for s := range c.workers {
		workers = append(workers, s)
	}
	c.mu.Unlock()
	for _, s := range workers {
		if data, err := json.Marshal(s.info()); err == nil {
			c.send(m.reply, "", data)
		}
	}
}
