package socket

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/stream"
)

// A race connects to one of the addresses of a host, as RFC 8305 says. One task, the
// caller's, decides; lookups and attempts are tasks that tell it how they ended.
type race struct {
	host string
	port int
	o    options
	from local

	told     func(raceEvent)
	lookups  []lookupTask
	queue    candidates
	running  int       // attempts
	hold     time.Time // no attempt before, so that IPv6 addresses can still come
	next     time.Time // no attempt before
	attempts []Attempt // that failed
	winner   kernel.StreamConn
}

// A lookupTask looks up the addresses of one family.
type lookupTask struct {
	family AddressFamily
	done   bool
	err    error
}

// A raceEvent is the end of a lookup or of an attempt.
type raceEvent struct {
	lookup int // -1 for an attempt
	ips    []netip.Addr
	ip     netip.Addr
	conn   kernel.StreamConn
	err    error
}

// run runs the race.
func (r *race) run(ctx context.Context) (kernel.StreamConn, error) {
	ips, known, err := literal(r.host, r.o.family)
	if err != nil {
		return nil, err
	}
	if len(ips) == 1 { // the only one: no tasks are needed
		c, err := r.dial(ctx, ips[0])
		if err != nil {
			return nil, err
		}
		return c, nil
	}
	switch {
	case known:
		r.queue.add(ips)
	case r.o.family == Unspecified:
		r.lookups = []lookupTask{{family: IPv6}, {family: IPv4}}
	default:
		r.lookups = []lookupTask{{family: r.o.family}}
	}
	send, recv := stream.Memory[raceEvent](stream.Unbounded)
	r.told = func(e raceEvent) { _ = send.TrySend(e) } // there is always room
	defer func() {
		for {
			late, err := recv.TryReceive()
			if err != nil {
				break
			}
			if late.conn != nil { // it won too late, or its race was canceled
				late.conn.Close()
			}
		}
		send.Close(ctx)
		recv.Close(ctx)
	}()
	if _, err := kernel.Enter(ctx); err != nil {
		return nil, err
	}
	err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		err := r.decide(ctx, tg, recv)
		tg.Cancel("the race is over")
		return err
	})
	switch {
	case r.winner != nil:
		return r.winner, nil
	case err != nil:
		return nil, err
	case len(r.attempts) == 0:
		return nil, r.lookupError()
	}
	return nil, attemptsError(r.host, r.port, r.attempts)
}

// attemptsError is the error when everything has failed, at least once.
func attemptsError(host string, port int, attempts []Attempt) error {
	if len(attempts) == 1 {
		return attempts[0].Err
	}
	return &AttemptsError{Target: hostPort(host, port), Attempts: attempts}
}

// dial makes one attempt.
func (r *race) dial(ctx context.Context, ip netip.Addr) (kernel.StreamConn, error) {
	from, err := r.from.toReach(ip)
	if err != nil {
		return nil, err
	}
	return kernel.NetworkOf(ctx).DialStream(ctx, kernel.SocketOptions{
		Network: "tcp" + familyOfIP(ip).suffix(), Local: from, Remote: ipAddr(ip, r.port),
	})
}

// decide starts lookups and attempts until one has won or all have failed.
func (r *race) decide(ctx context.Context, tg *anyio.TaskGroup, recv *stream.MemoryReceiveStream[raceEvent]) error {
	for i, l := range r.lookups {
		tg.Go(func(ctx context.Context) error {
			ips, err := lookup(ctx, r.host, l.family)
			if errors.Is(err, anyio.ErrCanceled) {
				return err
			}
			r.told(raceEvent{lookup: i, ips: ips, err: err})
			return nil
		}, anyio.Name("look up "+r.host+" in "+l.family.String()))
	}
	for {
		now := anyio.Now(ctx)
		wait, timed := time.Duration(0), false
		if !r.queue.empty() {
			due := r.next
			if r.attemptsBegan() || !r.pending(IPv6) {
				r.hold = time.Time{}
			} else if r.hold.After(due) {
				due = r.hold
			}
			if !due.After(now) {
				r.start(tg, r.queue.take())
				r.next = now.Add(r.o.attemptDelay)
				continue
			}
			wait, timed = due.Sub(now), true
		} else if r.running == 0 && !r.pending(IPv6) && !r.pending(IPv4) {
			return nil
		}
		var event raceEvent
		cases := []anyio.Case{anyio.OnReceive(recv, &event)}
		if timed {
			cases = append(cases, anyio.OnTimer(wait))
		}
		if i, err := anyio.Select(ctx, cases...); err != nil {
			return err
		} else if i == 1 {
			continue
		}
		if r.take(event, anyio.Now(ctx)); r.winner != nil {
			return nil
		}
	}
}

// start starts an attempt.
func (r *race) start(tg *anyio.TaskGroup, ip netip.Addr) {
	r.running++
	tg.Go(func(ctx context.Context) error {
		c, err := r.dial(ctx, ip)
		switch {
		case errors.Is(err, anyio.ErrCanceled):
			return err // the race is over, this is no news
		case err != nil:
			c = nil
		}
		r.told(raceEvent{lookup: -1, ip: ip, conn: c, err: err})
		return nil
	}, anyio.Name("connect to "+hostPort(ip.String(), r.port)))
}

// take draws the conclusions from an event.
func (r *race) take(e raceEvent, now time.Time) {
	if e.lookup < 0 {
		r.running--
		if e.err != nil {
			r.attempts = append(r.attempts, Attempt{netip.AddrPortFrom(e.ip, uint16(r.port)), e.err})
			r.next = now // the next one at once
		}
		r.winner = e.conn
		return
	}
	l := &r.lookups[e.lookup]
	l.done, l.err = true, e.err
	r.queue.add(e.ips)
	if l.family == IPv4 && e.err == nil && r.pending(IPv6) {
		r.hold = now.Add(r.o.resolutionDelay)
	}
}

func (r *race) attemptsBegan() bool { return r.running > 0 || len(r.attempts) > 0 }

// pending reports whether the lookup of a family goes on.
func (r *race) pending(f AddressFamily) bool {
	for _, l := range r.lookups {
		if l.family == f && !l.done {
			return true
		}
	}
	return false
}
