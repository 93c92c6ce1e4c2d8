package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/remote"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/process"
)

// Kinds of outcomes that nobody sends.
const (
	kindNobody = 'n' // nobody has room
	kindBroken = '!' // nothing is known of what became of it
)

// Call calls a function on a worker of the cluster that has room, and returns what it
// returns: an error of the function, or its panic, is a *process.RemoteError. The function
// is called at most once; if its worker is lost before it has answered, the error is a
// *process.BrokenWorkerError, and whether it has run is unknown.
//
// If all workers are busy Call waits, unless it is told NoWait; if there is none that knows
// the function, it waits for Config.Lost, as they may be starting, and returns a
// *NoWorkerError that says what the workers there know.
//
// Call is as if the function ran here. The time left until the deadline of ctx travels with
// the call. If a scope around Call is asked to end by itself, by Stop, then so is the
// function.
//
// Cancellation: the function is canceled, and waited for. What it returns nevertheless, is
// returned.
func Call[In, Out any](ctx context.Context, c *Conn, fn *process.Function[In, Out], in In, opts ...CallOption) (Out, error) {
	var out Out
	o := optionsOf(opts)
	if err := checkCall("Call", c, fn, o.codec); err != nil {
		return out, err
	}
	argument, err := o.codec.Marshal(&in)
	if err != nil {
		return out, fmt.Errorf("cluster: argument of %q: %w", fn.Name(), err)
	}
	result, err := c.call(ctx, signatureFor[In, Out](fn.Name()), argument, o)
	if err != nil {
		return out, err
	}
	if err := o.codec.Unmarshal(result, &out); err != nil {
		var zero Out
		return zero, broken(fn.Name(), fmt.Errorf("its result cannot be read: %w", err))
	}
	return out, nil
}

func broken(function string, cause error) error {
	return &process.BrokenWorkerError{Function: function, Cause: cause}
}

// call is Call of what is encoded.
func (c *Conn) call(ctx context.Context, s signature, argument []byte, o callOptions) (result []byte, err error) {
	if err := lowlevel.Enter(ctx); err != nil {
		return nil, err
	}
	c.count(callsBegun, 1)
	defer func() { c.countEnd(err) }()
	p := patience{c.bus.now(), c.bus.reconnects()}
	place := c.room.place(ctx, s, o.labels, p.since)
	for {
		if o.noWait || c.room.mayTry(place) {
			out, err := c.attempt(ctx, s, argument, o, place)
			if err != nil {
				c.room.taken(place, true)
				return nil, err
			}
			if out.kind != kindNobody {
				c.room.taken(place, true)
				return out.result(ctx, s.name)
			}
			if err := c.noRoom(ctx, s, o, &p); err != nil {
				c.room.leave(place)
				return nil, err
			}
		}
		if err := c.room.wait(ctx, place); err != nil {
			return nil, err
		}
	}
}

// mostTries is how many workers a call tries that turn out to have no room.
const mostTries = 100

// attempt sends a call to one worker after the other until one has room, and returns what
// became of it.
func (c *Conn) attempt(ctx context.Context, s signature, argument []byte, o callOptions, p *place) (out outcome, err error) {
	subject := c.cfg.Prefix + ".f." + s.token
	var workers []string
	if len(o.labels) > 0 {
		if workers, err = c.directory.choice(ctx, s, o.labels); err != nil {
			return outcome{}, err
		}
	}
	for i := range mostTries {
		if len(o.labels) > 0 {
			if i == len(workers) {
				break
			}
			subject = c.cfg.Prefix + ".w." + workers[i]
		}
		out, err = c.try(ctx, subject, s, argument, o, p)
		switch {
		case err != nil:
			return out, err
		case out.kind == kindBusy: // it takes no more of them until it has room
		case out.kind == kindNobody && len(o.labels) > 0:
			c.directory.stale()
		default:
			return out, nil
		}
	}
	return outcome{kind: kindNobody}, nil
}

// try sends a call to a worker, and returns what became of it.
func (c *Conn) try(ctx context.Context, subject string, s signature, argument []byte, o callOptions, p *place) (outcome, error) {
	q := request{function: s.name, types: s.hash, remaining: -1, codec: o.codec.Name(), carried: remote.Carried(ctx), argument: argument}
	deadline, ok := anyio.EffectiveDeadline(ctx)
	if ok {
		q.remaining = max(deadline.Sub(anyio.Now(ctx)), 0)
	}
	data := q.encode()
	if most := c.bus.maxPayload(); len(data) > most {
		return outcome{}, fmt.Errorf("cluster: argument of %q: %d bytes; the server takes messages of %d", s.name, len(data), most)
	}
	cl, err := c.begin(p, deadline)
	if err != nil {
		return outcome{}, lowlevel.CanceledOr(ctx, err)
	}
	defer c.end(cl)
	if err := c.bus.publish(subject, c.replyTo(cl.n), data); err != nil {
		return outcome{}, lowlevel.CanceledOr(ctx, fmt.Errorf("cluster: calling %q: %w", s.name, err))
	}
	out, err := c.await(ctx, cl)
	if out.err == errUntaken {
		out.err = cmp.Or(c.refused(subject), out.err)
	}
	out.deadline = deadline
	return out, err
}

// await waits for the end of a call, whatever happens here.
func (c *Conn) await(ctx context.Context, cl *call) (out outcome, err error) {
	stopped, err := anyio.MoveOnStop(ctx, func(ctx context.Context) (err error) {
		out, err = cl.await(ctx)
		return err
	})
	if err == nil && !stopped {
		return out, nil
	}
	if stopped {
		c.sendEnd(cl, endStop)
		if out, err = cl.await(ctx); err == nil {
			return out, nil
		}
	}
	c.sendEnd(cl, endCancel)
	canceled := err
	err = anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) (err error) {
		out, err = cl.await(ctx)
		return err
	})
	switch {
	case err != nil:
		return outcome{}, errors.Join(canceled, err)
	case out.kind == kindValue || out.kind == kindFailure:
		return out, nil
	}
	return outcome{}, canceled
}

// result is what Call returns in the end.
func (out outcome) result(ctx context.Context, function string) ([]byte, error) {
	switch out.kind {
	case kindValue:
		return out.data, nil
	case kindFailure:
		return nil, remote.Error(function, out.data)
	case kindRefused:
		return nil, &RefusedError{function, string(out.data)}
	case kindStopped:
		return nil, broken(function, errStopping)
	case kindCanceled:
		return nil, out.expired(ctx, function)
	case kindGivenUp:
		return nil, broken(function, errGivenUp)
	}
	return nil, broken(function, out.err)
}

// lateTimer is how long after its deadline a context may be canceled: that of package
// context has a timer of its own.
const lateTimer = time.Second

// expired is the error of a call whose deadline has passed at its worker. If that is still
// the deadline here, it does so here any moment.
func (out outcome) expired(ctx context.Context, function string) error {
	if deadline, ok := anyio.EffectiveDeadline(ctx); ok && !deadline.After(out.deadline) {
		if err := anyio.SleepUntil(ctx, deadline.Add(lateTimer)); err != nil {
			return err
		}
	}
	return broken(function, errExpired)
}

// begin makes a call that is waited for.
func (c *Conn) begin(p *place, deadline time.Time) (*call, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, errClosed("the connection")
	}
	c.last++
	cl := &call{n: c.last, c: c, place: p, sent: c.bus.now(), deadline: deadline}
	c.calls[cl.n] = cl
	c.beatLocked()
	return cl, nil
}

func (c *Conn) end(cl *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.calls, cl.n)
}

// told takes a message about a call.
func (c *Conn) told(n uint64, m message) {
	kind, r := newReader(m.data)
	c.mu.Lock()
	cl := c.calls[n]
	ending := byte(endCancel) // what nobody waits for is to end
	worker := ""
	if kind == kindAccepted {
		name := ""
		if worker, name = r.text(), r.text(); r.err != nil {
			worker = ""
		}
		if cl != nil {
			cl.worker, cl.workerName = worker, name
			ending = cl.ending
		}
	}
	c.mu.Unlock()
	switch {
	case worker != "" && ending != 0:
		c.sendEndTo(c.cfg.Prefix+".c."+worker+".x", ending, n)
	case cl == nil:
	case m.nobody():
		cl.settle(outcome{kind: kindNobody})
	case kind == kindAccepted && r.err == nil:
		c.room.taken(cl.place, false)
	case strings.IndexByte(kindsOfAnswers, kind) >= 0:
		cl.settle(outcome{kind: kind, data: r.rest})
	default:
		cl.settle(outcome{kind: kindBroken, err: errGarbage})
	}
}

// sendEnd asks the worker of a call to end it; if that is not known, all workers.
func (c *Conn) sendEnd(cl *call, how byte) {
	c.mu.Lock()
	cl.ending = how
	worker := cl.worker
	c.mu.Unlock()
	if worker == "" {
		c.sendEndTo(c.cfg.Prefix+".x", how, cl.n)
	} else {
		c.sendEndTo(c.cfg.Prefix+".c."+worker+".x", how, cl.n)
	}
}

func (c *Conn) sendEndTo(subject string, how byte, n uint64) {
	w := newWriter(how, 0)
	w.text(c.id)
	w.numbers([]uint64{n})
	c.send(subject, "", w)
}
