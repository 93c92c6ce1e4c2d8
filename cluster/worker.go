package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strings"
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
	// Jobs makes the worker do jobs as well, see Submit.
	Jobs bool
}

// Work serves calls, and does jobs if it is to, until it is canceled; the functions run as
// tasks of the run of ctx. If it is asked to end by itself, by Stop, it takes no more calls, and returns nil when
// those that run have ended. The panic of a function is an error of its caller;
// runtime.Goexit in one goes on here, and ends the worker.
// Cancellation: what runs is canceled, and waited for; its callers get a
// *process.BrokenWorkerError, and its jobs go to other workers.
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
		if s.taker == nil {
			return s.work(ctx, started)
		}
		defer s.taker.close()
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(s.taker.mind, anyio.Service(), anyio.Name("cluster: jobs"))
			return s.work(ctx, started)
		})
	}
}

func (s *worker) work(ctx context.Context, started func(WorkerInfo)) error {
	ctx = context.WithValue(ctx, connKey{}, s.c) // for the functions
	return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
		s.portal, s.values = p, ctx
		defer s.end(ctx)
		if err := s.begin(ctx); err != nil {
			return err
		}
		if s.taker != nil {
			defer s.taker.end(ctx)
			if err := s.taker.begin(ctx); err != nil {
				return err
			}
		}
		started(s.info())
		stopped, err := anyio.MoveOnStop(ctx, s.closed.Wait)
		if err == nil && !stopped {
			err = errClosed("the connection")
		}
		return err
	})
}

// A worker is one that works.
type worker struct {
	c         *Conn
	id        string
	labels    []string
	limiter   *anyio.CapacityLimiter
	functions map[string]served
	portal    *portal.Portal
	values    context.Context // that of the portal's group, for its values
	closed    *anyio.Event    // the connection is
	taker     *taker          // of jobs, or nil

	mu      sync.Mutex
	own     []subscription          // to what is for this worker, and for all
	open    map[string]subscription // to calls for any worker, by the token of the function
	ended   bool
	refused time.Time // when a call found no room last
	look    func()    // stops the timer that looks for room, nil if there is none
	told    time.Time // when callers were told of room last
	telling func()    // stops the timer that tells them again, nil if there is none
	young   []*running
}

// served is a function that a worker serves.
type served struct {
	*remote.Function
	sign signature
}

// contended is how long after it has refused a call a worker tells of each room.
const contended = time.Second

// roomPause is how long it then waits at least until it tells of more.
const roomPause = time.Millisecond

func newWorker(c *Conn, w Worker) (*worker, error) {
	if err := c.check("Work"); err != nil {
		return nil, err
	}
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
	s := &worker{
		c: c, labels: slices.Clone(w.Labels), limiter: w.Limiter, functions: map[string]served{},
		closed: new(anyio.Event), open: map[string]subscription{},
	}
	for _, name := range w.Functions {
		f := remote.Lookup(name)
		if f == nil {
			return nil, misuse("Worker.Functions: there is no function %q; process.Register makes one, best for a package variable", name)
		}
		s.functions[name] = served{f, signatureOf(name, f.In, f.Out)}
	}
	if w.Jobs {
		s.taker = newTaker(s)
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
	c.workers = append(c.workers, s)
	c.mu.Unlock()
	all.mu.Lock()
	all.workers = append(all.workers, s)
	all.mu.Unlock()
	before := c.bus.refusal()
	for _, to := range []struct {
		subject string
		f       func(message)
	}{{".x", c.endRunning}, {".d", s.introduce}, {".w." + s.id, func(m message) { s.serve(m, "") }}} {
		own, err := c.bus.subscribe(c.cfg.Prefix+to.subject, "", to.f)
		if err != nil {
			return err
		}
		s.own = append(s.own, own)
	}
	if _, err := s.adjust(); err != nil {
		return err
	}
	if err := c.subscribed(ctx, before); err != nil {
		return err
	}
	s.tellRoom()
	return nil
}

// end takes no more calls. It returns when those that have come are answered: that there is
// no room, so that their callers try others.
func (s *worker) end(ctx context.Context) {
	s.mu.Lock()
	s.ended = true
	leaving := append(s.own, inOrder(s.open, strings.Compare)...)
	clear(s.open)
	for _, stop := range []func(){s.look, s.telling} {
		if stop != nil {
			stop()
		}
	}
	s.mu.Unlock()
	all.mu.Lock()
	all.workers = slices.DeleteFunc(all.workers, func(w *worker) bool { return w == s })
	all.mu.Unlock()
	s.c.mu.Lock()
	s.c.workers = slices.DeleteFunc(s.c.workers, func(w *worker) bool { return w == s })
	s.c.mu.Unlock()

	s.c.leave(ctx, leaving)
}

// leave ends subscriptions, and returns when nothing more comes by them.
func (c *Conn) leave(ctx context.Context, leaving []subscription) {
	var left anyio.Semaphore
	for _, sub := range leaving {
		sub.leave(left.Release)
	}
	_ = anyio.Shielded(ctx, c.cfg.Lost, func(ctx context.Context) error {
		for range leaving {
			if err := left.Acquire(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// adjust subscribes to the calls of functions that are not subscribed to if there is room,
// and reports whether there were any. A worker without room is not subscribed to calls that
// it has refused: so the server gives them to others, and a caller hears that there is none.
func (s *worker) adjust() (opened bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || len(s.open) == len(s.functions) || s.limiter.AvailableTokens() <= 0 {
		return false, nil
	}
	for _, f := range inOrder(s.functions, strings.Compare) {
		token := f.sign.token
		if s.open[token] != nil {
			continue
		}
		sub, err := s.c.bus.subscribe(s.c.cfg.Prefix+".f."+token, "workers", func(m message) { s.serve(m, token) })
		if err != nil {
			return opened, err
		}
		s.open[token], opened = sub, true
	}
	return opened, nil
}

// refuse answers a call that has found no room. There are no more of its kind until there
// is room: the server knows that before the caller, who will try others.
func (s *worker) refuse(m message, token string) {
	s.mu.Lock()
	s.c.count(callsBusy, 1)
	s.refused = s.c.bus.now()
	sub := s.open[token]
	delete(s.open, token)
	if s.look == nil && !s.ended { // others may have the tokens, and tell nobody
		s.look = s.c.bus.after(roomRetry, s.lookForRoom)
	}
	s.mu.Unlock()
	if sub != nil {
		sub.leave(func() {})
	}
	s.c.send(m.reply, "", newWriter(kindBusy, 0))
	s.adjustAndTell() // as there may be room by now
}

func (s *worker) adjustAndTell() {
	if opened, _ := s.adjust(); opened {
		s.tellRoom()
	}
}

func (s *worker) lookForRoom() {
	s.mu.Lock()
	s.look = nil
	if len(s.open) < len(s.functions) && !s.ended {
		s.look = s.c.bus.after(roomRetry, s.lookForRoom)
	}
	s.mu.Unlock()
	s.adjustAndTell()
}

// tellRoom tells all callers how many calls there is room for: at once, or in a moment if
// they were told just now.
func (s *worker) tellRoom() {
	s.mu.Lock()
	now := s.c.bus.now()
	wait := roomPause - now.Sub(s.told)
	switch {
	case s.ended || s.telling != nil:
		s.mu.Unlock()
		return
	case wait > 0:
		s.telling = s.c.bus.after(wait, func() {
			s.mu.Lock()
			s.telling = nil
			s.mu.Unlock()
			s.tellRoom()
		})
		s.mu.Unlock()
		return
	}
	s.told = now
	s.mu.Unlock()
	if n := s.limiter.AvailableTokens(); n > 0 {
		w := newWriter('f', 0)
		w.number(uint64(n))
		s.c.send(s.c.cfg.Prefix+".free", "", w)
	}
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

// introduce tells who asks of the worker.
func (s *worker) introduce(m message) {
	if data, err := json.Marshal(s.info()); err == nil {
		s.c.send(m.reply, "", data)
	}
}
