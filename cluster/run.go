package cluster

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/remote"
	"github.com/anyio-go/anyio/portal"
)

// acceptAfter is how long a call runs before its caller is told where; most are over then.
const acceptAfter = 20 * time.Millisecond

// A running is a call that runs here.
type running struct {
	id       callID
	reply    string
	function string
	began    time.Time
	deadline time.Time // zero if it has none

	mu     sync.Mutex
	scope  *anyio.CancelScope // nil before it has begun
	task   *kernel.Task       // nil before it has begun
	ending byte               // what its caller has asked for
	reason string
	over   bool
}

// An earlyEnd is the end of a call that has not come yet.
type earlyEnd struct {
	how  byte
	came time.Time
}

// end ends the call, or asks it to end by itself.
func (r *running) end(how byte, reason string) {
	r.mu.Lock()
	if r.ending == 0 || r.ending == endStop {
		r.ending, r.reason = how, reason
	}
	r.mu.Unlock()
	r.pass()
}

// pass hands an end on to the function's scope.
func (r *running) pass() {
	r.mu.Lock()
	scope, ending, reason := r.scope, r.ending, r.reason
	r.mu.Unlock()
	switch {
	case scope == nil:
	case ending == endStop:
		scope.Stop(reason, anyio.Forever)
	case ending != 0:
		scope.Cancel(reason)
	}
}

// enter gives the call its scope, which has the context.
func (r *running) enter(ctx context.Context, scope *anyio.CancelScope) {
	task := kernel.Locate(ctx).Task()
	r.mu.Lock()
	r.scope, r.task = scope, task
	r.mu.Unlock()
	r.pass()
}

// leave takes it away, and returns what was asked for.
func (r *running) leave() (ending byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = true
	return r.ending
}

// serve takes a call, which has come by the subscription for the token of a function, or by
// that for this worker.
func (s *worker) serve(m message, token string) {
	id, ok := s.c.callIDOf(m.reply)
	if !ok {
		return // nobody waits for an answer
	}
	q, err := decodeRequest(m.data)
	if err != nil {
		s.c.send(m.reply, "", append(newWriter(kindRefused, 0), err.Error()...))
		return
	}
	s.mu.Lock()
	ended := s.ended
	s.mu.Unlock()
	r := &running{id: id, reply: m.reply, function: q.function, began: s.c.bus.now()}
	if q.remaining >= 0 {
		r.deadline = r.began.Add(q.remaining)
	}
	if ended || !s.acquire(r) {
		s.refuse(m, token)
		return
	}
	s.c.count(callsServed, 1)
	s.minded()
	s.c.enlist(r)
	s.tell(r)
	_, err = portal.Go(s.portal, func(ctx context.Context) (struct{}, error) {
		s.run(ctx, r, q)
		return struct{}{}, nil
	}, s.taskOptions(q.function, q)...)
	if err != nil { // it ends
		s.finish(r, newWriter(kindBusy, 0))
	}
}

// taskOptions are those of the task that does what was requested. What travels with the
// request is among the values of the task already, so that its span is that of its caller's.
func (s *worker) taskOptions(name string, q *request) []anyio.TaskOption {
	opts := []anyio.TaskOption{anyio.Name(name)}
	if len(q.carried) > 0 {
		ctx, err := extracted(s.values, q.carried)
		if q.unread = err; err == nil {
			opts = append(opts, anyio.ValuesOf(ctx))
		}
	}
	return opts
}

// extracted is remote.Extract, whose panic is an error.
func extracted(ctx context.Context, carried map[string]string) (with context.Context, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return remote.Extract(ctx, carried), nil
}

// enlist makes a call known, so that it can be ended.
func (c *Conn) enlist(r *running) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running[r.id] = r
	if e := c.early[r.id]; e != nil {
		delete(c.early, r.id)
		r.ending, r.reason = e.how, endReason
	}
	c.beatLocked()
}

const endReason = "the caller has asked for it"

// endRunning takes a message that ends calls.
func (c *Conn) endRunning(m message) {
	how, rd := newReader(m.data)
	caller, numbers := rd.text(), rd.numbers()
	if rd.err != nil {
		return
	}
	var here []*running
	c.mu.Lock()
	for _, n := range numbers {
		id := callID{caller, n}
		if r := c.running[id]; r != nil {
			here = append(here, r)
		} else if len(c.workers) > 0 {
			c.early[id] = &earlyEnd{how, c.bus.now()}
			c.beatLocked()
		}
	}
	c.mu.Unlock()
	for _, r := range here {
		r.end(how, endReason)
	}
}

// tell will tell the caller where the call runs, if it is not over soon.
func (s *worker) tell(r *running) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.young = append(s.young, r); len(s.young) == 1 {
		s.c.bus.after(acceptAfter, s.accept)
	}
}

func (s *worker) accept() {
	s.mu.Lock()
	young := s.young
	s.young = nil
	s.mu.Unlock()
	w := newWriter(kindAccepted, 0)
	w.text(s.c.id)
	w.text(s.c.cfg.Name)
	for _, r := range young {
		r.mu.Lock()
		over := r.over
		r.mu.Unlock()
		if !over {
			s.c.send(r.reply, "", w)
		}
	}
}

// run calls the function, as a task of the worker.
func (s *worker) run(ctx context.Context, r *running, q *request) {
	answer := newWriter(kindStopped, 0)
	defer func() { s.finish(r, answer) }()
	if ctx.Err() != nil { // the worker ends, and others may take the call
		answer[1] = kindBusy
		return
	}
	var opts []anyio.ScopeOption
	if q.remaining >= 0 {
		opts = append(opts, anyio.Deadline(anyio.Now(ctx).Add(q.remaining)))
	}
	var scope *anyio.CancelScope
	_ = anyio.WithCancelScope(ctx, func(ctx context.Context, in *anyio.CancelScope) error {
		scope = in
		r.enter(ctx, scope)
		return s.invoke(ctx, q, &answer)
	}, opts...)
	switch ending := r.leave(); {
	case answer[1] != kindStopped:
	case ending == endLost:
		answer[1] = kindGivenUp
	case ending == endCancel || scope.CancelCalled():
		answer[1] = kindCanceled
	}
	if most := s.c.bus.maxPayload(); len(answer) > most {
		err := fmt.Errorf("cluster: result or error of %q: %d bytes; the server takes messages of %d", q.function, len(answer), most)
		answer.set(kindFailure, remote.Failure(err, nil, ""))
	}
}

// invoke calls the function and sets the answer, also if it does not return. What a
// cancellation has ended leaves it as it is, and is returned.
func (s *worker) invoke(ctx context.Context, q *request, answer *writer) error {
	f, known := s.functions[q.function]
	codec := codecOf(q.codec)
	refuse := func(format string, args ...any) {
		answer.set(kindRefused, fmt.Appendf(nil, format, args...))
	}
	switch {
	case !known:
		refuse("worker %s does not know it", s.c.cfg.Name)
		return nil
	case f.sign.hash != q.types:
		refuse("worker %s has it as %s", s.c.cfg.Name, f.sign.text)
		return nil
	case codec == nil:
		refuse("worker %s does not know the codec %q; RegisterCodec makes it known", s.c.cfg.Name, q.codec)
		return nil
	}
	if q.unread != nil {
		refuse("worker %s cannot read what travels with it: %v", s.c.cfg.Name, q.unread)
		return nil
	}
	in := f.Argument()
	if err := read(codec, q.argument, in); err != nil {
		refuse("worker %s cannot read the argument: %v", s.c.cfg.Name, err)
		return nil
	}
	returned := false
	defer func() {
		if returned {
			return
		}
		stack := string(debug.Stack())
		v := recover()
		switch p := v.(type) {
		case nil:
			v = "the function called runtime.Goexit"
		case *anyio.PanicError: // of a group in it
			v, stack = p.Value, string(p.Stack)
		}
		answer.set(kindFailure, remote.Failure(nil, v, stack))
	}()
	out, err := f.Call(ctx, in)
	switch {
	case err == nil:
		data, bad := codec.Marshal(out)
		if bad != nil {
			err := fmt.Errorf("cluster: result of %q: %w", q.function, bad)
			answer.set(kindFailure, remote.Failure(err, nil, ""))
			break
		}
		answer.set(kindValue, data)
	case anyio.IsCancellation(err) && ctx.Err() != nil:
		returned = true
		return err
	default:
		q.again, _ = errors.AsType[*retryError](err)
		if q.again == err {
			err = q.again.error // which the caller may know
		}
		answer.set(kindFailure, remote.Failure(err, nil, ""))
	}
	returned = true
	return nil
}

// finish answers a call. Then there is room, and that is so before the caller knows.
func (s *worker) finish(r *running, answer writer) {
	r.leave()
	s.release(r)
	opened, _ := s.adjust()
	s.c.send(r.reply, "", answer)
	s.c.mu.Lock()
	delete(s.c.running, r.id)
	s.c.mu.Unlock()
	s.freed(opened)
	s.minded()
}

// freed tells callers that there is room, if they may wait for it. The worker may have
// subscribed to calls again.
func (s *worker) freed(opened bool) {
	s.mu.Lock()
	if now := s.c.bus.now(); opened {
		s.refused = now
	} else {
		opened = now.Sub(s.refused) < contended
	}
	wanted := opened && !s.ended
	s.mu.Unlock()
	if wanted {
		s.tellRoom()
	}
}

// minded makes the taker of jobs, if there is one, mind that the room has changed.
func (s *worker) minded() {
	if s.taker != nil {
		s.taker.adjust()
	}
}

// read is codec.Unmarshal, whose panic is an error.
func read(codec Codec, data []byte, v any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return codec.Unmarshal(data, v)
}
