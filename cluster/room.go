package cluster

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/anyio-go/anyio"
)

// roomRetry is after which time a call that waits for room tries again, told or not.
const roomRetry = 250 * time.Millisecond

// A room is where calls wait until a worker has room, the first that came in front.
type room struct {
	c *Conn

	mu         sync.Mutex
	subscribed bool
	frees      uint64 // how often a worker has said that it has room
	waiting    []*anyio.Event
}

// look returns what wait needs to know of the time before an attempt.
func (r *room) look() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.frees
}

// wait returns when another attempt is worth it.
func (r *room) wait(ctx context.Context, seen uint64) error {
	r.mu.Lock()
	if !r.subscribed {
		r.subscribed = true
		if _, err := r.c.bus.subscribe(r.c.cfg.Prefix+".free", "", r.freed); err != nil {
			r.subscribed = false // then by trying again alone
		}
	}
	if r.frees != seen {
		r.mu.Unlock()
		return nil
	}
	turn := new(anyio.Event)
	r.waiting = append(r.waiting, turn)
	r.mu.Unlock()

	_, err := anyio.MoveOnAfter(ctx, roomRetry, turn.Wait)
	if !r.leave(turn) && err != nil { // another one's turn
		r.wake()
	}
	return err
}

// leave takes away one who waits, unless its turn has come.
func (r *room) leave(turn *anyio.Event) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.Index(r.waiting, turn)
	if i >= 0 {
		r.waiting = slices.Delete(r.waiting, i, i+1)
	}
	return i >= 0
}

func (r *room) freed(message) {
	r.mu.Lock()
	r.frees++
	r.mu.Unlock()
	r.wake()
}

func (r *room) wake() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) > 0 {
		r.waiting[0].Set()
		r.waiting = slices.Delete(r.waiting, 0, 1)
	}
}

// noRoom returns the error of a call that nobody has taken, nil if it is to wait.
func (c *Conn) noRoom(ctx context.Context, s signature, o callOptions, begun time.Time, nobody bool) error {
	if !nobody {
		if o.noWait {
			return ErrBusy
		}
		return nil
	}
	all, err := c.directory.recent(ctx)
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
			return nil
		}
	}
	if o.noWait || c.bus.now().Sub(begun) >= c.cfg.Lost {
		return e
	}
	return nil
}
