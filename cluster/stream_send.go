package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

// A sender is what Sender is for items of all types. Its credits are a memory stream, in
// which those who wait for one wait.
type sender struct {
	c       *Conn
	offer   uint64 // its number, if this member has made the stream
	grants  *stream.MemorySendStream[struct{}]
	credits *stream.MemoryReceiveStream[struct{}]

	mu      sync.Mutex // held while an item is published, so that they go in order
	link    *link      // nil before the other end is opened
	allowed uint64     // how many items there may have been sent so far
	closed  bool
	broken  error
}

func newSender(c *Conn) *sender {
	s := &sender{c: c}
	s.grants, s.credits = stream.Memory[struct{}](stream.Unbounded)
	return s
}

func (s *sender) send(ctx context.Context, data []byte) error {
	if most := s.c.bus.maxPayload() - itemHead; len(data) > most {
		return fmt.Errorf("cluster: sending an item of %d bytes; the server takes %d", len(data), most)
	}
	_, err := s.credits.Receive(ctx)
	if err != nil && !errors.Is(err, anyio.ErrEndOfStream) {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return anyio.ErrClosed
	case s.broken != nil:
		return s.broken
	}
	w := s.link.message(linkItem, len(data))
	w.number(s.link.position.Load())
	if err := s.c.bus.publish(s.link.subject(), "", append(w, data...)); err != nil {
		s.fail(fmt.Errorf("sending: %w", err))
		return s.broken
	}
	s.link.position.Add(1)
	return nil
}

// fail breaks the stream. It needs mu.
func (s *sender) fail(cause error) {
	if s.closed || s.broken != nil {
		return
	}
	s.broken = &anyio.BrokenError{Cause: cause}
	_ = s.grants.Close(context.Background())
	s.c.links.forget(s.offer, s.link)
}

// close tells the receiver how many items there were.
func (s *sender) close(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	if s.link != nil && s.broken == nil {
		w := s.link.message(linkEnd, 0)
		w.number(s.link.position.Load())
		s.c.send(s.link.subject(), "", w)
	}
	_ = s.credits.Close(ctx)
	_ = s.grants.Close(ctx)
	s.c.links.forget(s.offer, s.link)
}

func (s *sender) join(l *link) (granted int, refusal string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.link != nil {
		return 0, "it has a receiver already, or is closed"
	}
	s.link = l
	return 0, ""
}

func (s *sender) told(_ *link, allowed uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if allowed <= s.allowed || s.closed || s.broken != nil {
		return
	}
	if allowed-s.allowed > maxBuffer {
		s.fail(errGarbage)
		return
	}
	for ; s.allowed < allowed; s.allowed++ {
		_ = s.grants.TrySend(struct{}{})
	}
}

func (s *sender) heard(l *link, kind byte, _ *reader) {
	if kind == linkWithdrawn {
		s.breaks(l, errWithdrawn)
	}
}

func (s *sender) breaks(_ *link, cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail(cause)
}

func (s *sender) why() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}
