package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

// A receiver is what Receiver is for items of all types. What has come is in a memory
// stream, whose bound is in the credits of the senders.
type receiver struct {
	c      *Conn
	buffer int
	offer  uint64 // its number, if this member has made the stream
	in     *stream.MemorySendStream[arrival]
	out    *stream.MemoryReceiveStream[arrival]

	mu      sync.Mutex
	inflows map[*link]*inflow
	over    bool // it has ended, is broken, or closed
	broken  error
}

// An inflow is what comes from one sender.
type inflow struct {
	l        *link
	got      uint64 // items that have come
	received uint64 // since the sender was told last
}

// An arrival is an item that has come.
type arrival struct {
	from *inflow
	data []byte
}

func newReceiver(c *Conn, buffer int) *receiver {
	r := &receiver{c: c, buffer: buffer, inflows: map[*link]*inflow{}}
	r.in, r.out = stream.Memory[arrival](stream.Unbounded)
	return r
}

func (r *receiver) receive(ctx context.Context) ([]byte, error) {
	a, err := r.out.Receive(ctx)
	if errors.Is(err, anyio.ErrEndOfStream) {
		if broken := r.why(); broken != nil {
			return nil, broken
		}
	}
	if err != nil {
		return nil, err
	}
	r.took(a.from)
	return a.data, nil
}

// took lets the sender send more, as soon as half of the buffer is free.
func (r *receiver) took(f *inflow) {
	r.mu.Lock()
	f.received++
	if r.inflows[f.l] != f || f.received < uint64(max(r.buffer/2, 1)) {
		r.mu.Unlock()
		return
	}
	allowed := f.l.position.Add(f.received)
	f.received = 0
	r.mu.Unlock()
	w := f.l.message(linkGrant, 0)
	w.number(allowed)
	r.c.send(f.l.subject(), "", w) // the heartbeat tells it again
}

func (r *receiver) join(l *link) (granted int, refusal string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return 0, "it is over"
	}
	l.position.Store(uint64(r.buffer))
	r.inflows[l] = &inflow{l: l}
	return r.buffer, ""
}

func (r *receiver) heard(l *link, kind byte, rd *reader) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.inflows[l]
	if f == nil {
		return
	}
	switch kind {
	case linkItem:
		if n := rd.number(); r.complete(f, n) {
			f.got++
			_ = r.in.TrySend(arrival{f, rd.rest})
		}
	case linkEnd:
		if n := rd.number(); r.complete(f, n) {
			r.leave(l)
			if len(r.inflows) == 0 {
				r.end(nil)
			}
		}
	case linkWithdrawn:
		r.leave(l)
	}
}

// complete reports whether all of the sender's first n items have come; else it breaks the
// stream.
func (r *receiver) complete(f *inflow, n uint64) bool {
	if n != f.got {
		r.end(fmt.Errorf("of %d items that were sent %d have come: messages were lost", n, f.got))
	}
	return n == f.got
}

// told takes how many items were sent before the message came that says so.
func (r *receiver) told(l *link, sent uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f := r.inflows[l]; f != nil && sent > f.got {
		r.complete(f, sent)
	}
}

func (r *receiver) leave(l *link) {
	delete(r.inflows, l)
	r.c.links.forget(0, l)
}

// end lets no more items come: the stream has ended, or is broken. It needs mu.
func (r *receiver) end(cause error) {
	if r.over {
		return
	}
	r.over = true
	if cause != nil {
		r.broken = &anyio.BrokenError{Cause: cause}
	}
	_ = r.in.Close(context.Background())
	r.c.links.forget(r.offer, nil)
	for l := range r.inflows {
		w := l.message(linkBroken, 0)
		w.text(cause.Error())
		r.c.send(l.subject(), "", w)
		r.leave(l)
	}
}

// broke ends the stream with an error, and returns it.
func (r *receiver) broke(cause error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end(cause)
	if r.broken == nil { // it was over already
		return &anyio.BrokenError{Cause: cause}
	}
	return r.broken
}

func (r *receiver) breaks(_ *link, cause error) { _ = r.broke(cause) }

func (r *receiver) close(ctx context.Context) {
	_ = r.out.Close(ctx)
	_ = r.broke(errReceiverClosed)
}

func (r *receiver) why() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.broken
}
