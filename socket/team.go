package socket

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/inside"
	"github.com/anyio-go/anyio/internal/kernel"
)

// teamwork is what a listener needs on several event loops.
type teamwork struct {
	reusePort bool
	shares    []*endpoint   // at the addresses of sockets, of other loops; guarded by mu
	homes     []*kernel.Run // of sockets and shares, nil if there are no shares; guarded by mu
	turn      atomic.Uint32 // of the loops, for goroutines that accept
}

// all are the sockets to accept at.
func (l *Listener[S]) all() []*endpoint {
	if !l.team.reusePort {
		return l.sockets
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.team.shares == nil {
		return l.sockets
	}
	return append(l.sockets[:len(l.sockets):len(l.sockets)], l.team.shares...)
}

// spread makes a socket for each loop of the team, if there is one and the listener is to
// have them. If that fails there are none, and all connections are handed over. The caller
// holds accepting.
func (l *Listener[S]) spread(team []*kernel.Run) {
	if !l.team.reusePort || team == nil || len(l.all()) > len(l.sockets) {
		return
	}
	homes := make([]*kernel.Run, len(l.sockets))
	var shares []*endpoint
	for _, r := range team {
		n, ok := r.Network().(kernel.Teammate)
		if !ok {
			return
		}
		for i, e := range l.sockets {
			c, err := n.Share(e.conn.(kernel.StreamListener))
			switch {
			case err != nil:
				closeAll(shares)
				return
			case c == e.conn:
				homes[i] = r
			default:
				shares, homes = append(shares, &endpoint{conn: c, network: e.network}), append(homes, r)
			}
		}
	}
	l.mu.Lock()
	closed := l.closed.Load()
	if !closed {
		l.team.shares, l.team.homes = shares, homes
	}
	l.mu.Unlock()
	if closed {
		closeAll(shares)
	}
}

func closeAll(sockets []*endpoint) {
	for _, e := range sockets {
		e.Close(context.Background())
	}
}

// home is the loop of the team at which the socket is, nil if it is none's.
func (l *Listener[S]) home(e *endpoint, team []*kernel.Run) *kernel.Run {
	i := slices.Index(l.all(), e)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.team.homes == nil || team == nil {
		return nil
	}
	if r := l.team.homes[i]; r != nil && r.Whole() == team[0] {
		return r
	}
	return nil
}

// acceptOn are the options of the task that accepts for a loop.
func acceptOn(home *kernel.Run) []anyio.TaskOption {
	if home == nil {
		return []anyio.TaskOption{anyio.Name("accept")}
	}
	return []anyio.TaskOption{anyio.Name("accept"), anyio.InLoop(home.Index())}
}

var optionOf = inside.OptionOf.(func(*kernel.TaskMeta) anyio.TaskOption)

// begin is told whose tasks the handlers are to be.
func (s *server[S]) begin(ctx context.Context, tg *anyio.TaskGroup) {
	s.tg, s.team = tg, inside.Group(tg).Run().Loops()
	name := inside.HandlerName(ctx, kernel.FuncPC(s.handler))
	for i := range max(1, len(s.team)) {
		meta := &kernel.TaskMeta{Name: name, HasName: true}
		if s.team != nil {
			meta.Where = i + 1
		}
		s.options = append(s.options, optionOf(meta))
	}
}

// place gives a connection to a loop, home if that is not nil, and returns the option of
// the task that is to handle it.
func (s *server[S]) place(c kernel.StreamConn, home *kernel.Run) anyio.TaskOption {
	if s.team == nil {
		return s.options[0]
	}
	if home == nil {
		home = s.team[0].LeastBusy()
		moveTo(home, c)
	}
	return s.options[home.Index()]
}

// bring gives a connection that was accepted to the loop of the task that has accepted it.
// Those of a goroutine that is no task, as package net/http's are, go round.
func (l *Listener[S]) bring(ctx context.Context, c kernel.StreamConn) {
	p := kernel.Locate(ctx)
	team := p.Run().Loops()
	if team == nil {
		return
	}
	home := team[l.team.turn.Add(1)%uint32(len(team))]
	if t := p.RunningTask(); t != nil {
		home = t.Scope.Run()
	}
	moveTo(home, c)
}

// moveTo makes a connection the loop's, if that has sockets of its own.
func moveTo(home *kernel.Run, c kernel.StreamConn) {
	if n, ok := home.Network().(kernel.Teammate); ok {
		n.Take(c)
	}
}
