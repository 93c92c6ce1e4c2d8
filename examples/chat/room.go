package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

const (
	nameLimit    = 30 * time.Second      // to say one's name
	outboxSize   = 64                    // lines that wait for one member
	lineLimit    = 10 * time.Second      // for the network to take a line
	linePause    = 10 * time.Millisecond // after each line of a member, so that nobody floods the room
	goodbyeLimit = 5 * time.Second       // to deliver what is left when the server ends
	longest      = 1000                  // bytes in a line
)

// goodbye is the last line before the server ends.
const goodbye = "* the server is going down"

// A room is a set of members, each of whom gets every line.
//
// Nobody ever waits for a member: a line is put into the member's outbox, from which
// a task of its own sends it. A member whose outbox is full is too slow and must go.
// As lines are put into all outboxes under one lock, all members see the same order.
type room struct {
	said func(ctx context.Context, line string) // is told every line; set before use

	mu      sync.Mutex // guards what follows; nobody waits while holding it
	members []*member
	closed  bool
}

// A member is one connection that has said its name.
type member struct {
	name   string
	outbox *stream.MemorySendStream[string]
	scope  *anyio.CancelScope // of all that is done for the member
}

// say sends a line to everybody.
func (r *room) say(ctx context.Context, line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sayLocked(ctx, line)
}

func (r *room) sayLocked(ctx context.Context, line string) {
	if r.closed {
		return
	}
	r.said(ctx, line)
	var slow []*member
	for _, m := range r.members {
		if m.outbox.TrySend(line) != nil {
			slow = append(slow, m)
		}
	}
	for _, m := range slow {
		r.throwOutLocked(ctx, m, "too slow")
	}
}

// join adds a member, in place of an older connection of the same name: that one may
// be dead without our knowing.
func (r *room) join(ctx context.Context, m *member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := slices.IndexFunc(r.members, func(old *member) bool { return old.name == m.name }); i >= 0 {
		r.throwOutLocked(ctx, r.members[i], "is here again")
	}
	if r.closed {
		_ = m.outbox.TrySend(goodbye) // it is empty
		_ = m.outbox.Close(ctx)
		return
	}
	r.members = append(r.members, m)
	r.sayLocked(ctx, "* "+m.name+" has come")
}

// leave removes a member, unless that has been done. What is in the outbox is still
// sent.
func (r *room) leave(ctx context.Context, m *member, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.leaveLocked(ctx, m, why)
}

func (r *room) leaveLocked(ctx context.Context, m *member, why string) {
	i := slices.Index(r.members, m)
	if i < 0 {
		return
	}
	r.members = slices.Delete(r.members, i, i+1)
	_ = m.outbox.Close(ctx)
	r.sayLocked(ctx, "* "+m.name+" has gone: "+why)
}

// throwOutLocked also drops what is in the outbox.
func (r *room) throwOutLocked(ctx context.Context, m *member, why string) {
	m.scope.Cancel(why)
	r.leaveLocked(ctx, m, why)
}

// close tells everybody that the server ends, and closes the outboxes.
func (r *room) close(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sayLocked(ctx, goodbye)
	r.closed = true
	for _, m := range r.members {
		_ = m.outbox.Close(ctx)
	}
}
