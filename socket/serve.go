package socket

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"syscall"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/seldom"
	"github.com/anyio-go/anyio/stream"
)

// Serve accepts connections and calls handler for each in a task of its own, until
// it is asked to stop (see anyio.Stopping), which is no error, it is canceled, or the
// listener is closed, which is ErrClosed. The handler closes the connection. Failures that
// pass, such as running out of descriptors, are logged, one a second at most, and
// accepting goes on after a while.
//
// On several event loops (see anyio.EventLoops) each connection is given to the loop with
// the fewest tasks, where its handler runs. A listener with ReusePort has a socket for each
// loop while it is served, where the system can distribute connections, and until Close:
// then the loops accept at the same time, and each serves what it has accepted.
//
// The tasks belong to tg and may outlive Serve. If tg is nil they belong to a group
// of Serve's own, in which the failure of a handler, or the end of accepting, cancels
// what goes on, and the error is an *anyio.GroupError. So give a group if connections
// are to be served to their end after Close.
//
// Cancellation: no connection is lost; those that were not accepted stay with the
// system.
func (l *Listener[S]) Serve(ctx context.Context, tg *anyio.TaskGroup, handler func(ctx context.Context, conn S) error) error {
	if handler == nil {
		return misuse("Serve: the handler is nil")
	}
	if err := l.accepting.Acquire(); err != nil {
		return l.refused(ctx, err)
	}
	defer l.accepting.Release()
	s := &server[S]{l: l, handler: handler, pc: callSite()}
	if tg != nil {
		s.begin(ctx, tg)
		return s.untilStop(ctx)
	}
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		s.begin(ctx, tg)
		return s.untilStop(ctx)
	})
}

// A server is one call of Serve.
type server[S stream.ByteStream] struct {
	l       *Listener[S]
	tg      *anyio.TaskGroup // of the handlers
	handler func(ctx context.Context, conn S) error
	options []anyio.TaskOption // of the handlers' tasks, for each loop of the team if there is one
	team    []*kernel.Run      // the loops of tg's run; nil if there is but one
	pc      uintptr            // of the call
	failed  seldom.Log         // of accepting
}

// untilStop is run that ends when it is asked to. The handlers go on.
func (s *server[S]) untilStop(ctx context.Context) error {
	_, err := anyio.MoveOnStop(ctx, s.run)
	return err
}

// run accepts at all sockets until one of them fails.
func (s *server[S]) run(ctx context.Context) error {
	for c := s.l.keptOne(); c != nil; c = s.l.keptOne() {
		if err := s.admit(ctx, c, nil); err != nil {
			return err
		}
	}
	s.l.spread(s.team)
	sockets := s.l.all()
	if len(sockets) == 1 {
		return s.serve(ctx, sockets[0], nil)
	}
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for _, e := range sockets {
			home := s.l.home(e, s.team)
			tg.Go(func(ctx context.Context) error { return s.serve(ctx, e, home) }, acceptOn(home)...)
		}
		return nil
	})
	if errors.Is(err, anyio.ErrClosed) {
		return anyio.ErrClosed // once, not for each socket
	}
	return err
}

// serve accepts at one socket, for the loop home, if that is not nil.
func (s *server[S]) serve(ctx context.Context, e *endpoint, home *kernel.Run) error {
	const shortest, longest = 5 * time.Millisecond, time.Second
	pause := shortest
	for {
		c, err := accept(ctx, e)
		switch {
		case err == nil:
			pause = shortest
			if err := s.admit(ctx, c, home); err != nil {
				return err
			}
		case passes(err):
			s.log(ctx, err, pause)
			if err := anyio.Sleep(ctx, pause); err != nil {
				return err
			}
			pause = min(2*pause, longest)
		default:
			return s.l.failed(err)
		}
	}
}

var opServe = kernel.RegisterOp("Listener.Serve")

// admit starts the handler of a connection when there is room for it. If it cannot, the
// connection is kept for who accepts next, or closed with the listener.
func (s *server[S]) admit(ctx context.Context, c kernel.StreamConn, home *kernel.Run) error {
	if ok, err := s.l.room.Take(ctx, opServe); !ok {
		if err == nil {
			err = anyio.ErrClosed
		}
		s.l.keep(c)
		return err
	}
	option := s.place(c, home)
	conn := s.l.wrap(c, s.pc)
	started := false
	defer func() {
		if !started { // the group has ended, and panics
			s.l.room.Give()
			c.Close()
		}
	}()
	serve := func(ctx context.Context) error { return s.handler(ctx, conn) }
	if s.l.room.Limited() { // else the stack of an idle connection would be larger for nothing
		serve = func(ctx context.Context) error {
			defer s.l.room.Give()
			return s.handler(ctx, conn)
		}
	}
	s.tg.Go(serve, option)
	started = true
	return nil
}

// log tells of a failure that passes, and how many before it were not told: peers who use up
// the descriptors must not be able to fill the log.
func (s *server[S]) log(ctx context.Context, err error, pause time.Duration) {
	if others, tell := s.failed.Tell(anyio.Now(ctx)); tell {
		slog.WarnContext(ctx, "anyio: accepting a connection failed, trying again", "error", err, "after", pause, "others", others)
	}
}

// passes reports whether accepting may succeed a while after err.
func passes(err error) bool {
	return slices.ContainsFunc(passing, func(e syscall.Errno) bool { return errors.Is(err, e) })
}

// passing are shortages, and failures of a connection that had not been accepted yet.
var passing = []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED,
	syscall.ECONNRESET, syscall.EINTR, syscall.EPERM, syscall.EPROTO, syscall.ENOPROTOOPT, syscall.ENETDOWN,
	syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.EHOSTUNREACH}
