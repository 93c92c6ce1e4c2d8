package socket

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/slots"
	"github.com/anyio-go/anyio/internal/unclosed"
	"github.com/anyio-go/anyio/stream"
)

// A Listener accepts streams of type S on one socket or, if a host name stands for
// several addresses, on several ones with the same port. Its methods may be called
// from any task and goroutine; one Accept or Serve may go on at a time. Close it.
type Listener[S stream.ByteStream] struct {
	sockets   []*endpoint // at least one
	wrap      func(c kernel.StreamConn, pc uintptr) S
	accepting anyio.ResourceGuard
	room      slots.Slots // for connections that Serve has handled
	team      teamwork
	closed    atomic.Bool
	owner     unlinker        // of the file of a UNIX socket, nil if it stays
	watch     *unclosed.Watch // nil outside debug runs

	mu       sync.Mutex          // guards what follows
	accepted []kernel.StreamConn // connections that nobody has taken yet: two sockets had one at the same time, or Serve had no room
}

type (
	// A TCPListener is made by ListenTCP.
	TCPListener = Listener[*Stream]
	// A UnixListener is made by ListenUnix.
	UnixListener = Listener[*UnixStream]
)

var (
	_ stream.Listener[*Stream]     = (*TCPListener)(nil)
	_ stream.Listener[*UnixStream] = (*UnixListener)(nil)
)

// newListener makes a listener out of sockets.
func newListener[S stream.ByteStream](network string, wrap func(kernel.StreamConn, uintptr) S, conns []kernel.StreamListener, pc uintptr) *Listener[S] {
	l := &Listener[S]{wrap: wrap}
	l.accepting.Action = "accepting connections from"
	for _, c := range conns {
		l.sockets = append(l.sockets, &endpoint{conn: c, network: network})
	}
	if kernel.DebugRuns() {
		l.watch = unclosed.New(l, "socket.Listener", pc)
	}
	return l
}

// limited obeys MaxConnections.
func (l *Listener[S]) limited(o options) *Listener[S] {
	if o.maxConnections > 0 {
		l.room.Limit(o.maxConnections)
	}
	return l
}

// Addr returns the address of the first socket, which often is the only one.
func (l *Listener[S]) Addr() net.Addr { return l.sockets[0].LocalAddr() }

// Addrs returns the addresses of all sockets.
func (l *Listener[S]) Addrs() []net.Addr {
	addrs := make([]net.Addr, len(l.sockets))
	for i, e := range l.sockets {
		addrs[i] = e.LocalAddr()
	}
	return addrs
}

// Port returns the port of all sockets, 0 for UNIX sockets.
func (l *Listener[S]) Port() int { return int(l.sockets[0].conn.LocalAddr().IP.Port()) }

// SyscallConn returns access to the descriptor of the first socket, as
// Stream.SyscallConn does.
func (l *Listener[S]) SyscallConn() (syscall.RawConn, error) { return l.sockets[0].SyscallConn() }

// Attributes returns those of the sockets; of several the last one counts.
func (l *Listener[S]) Attributes() attr.Set {
	var all attr.Set
	for _, e := range l.sockets {
		all = all.Merge(e.Attributes())
	}
	return all
}

// Accept waits for a connection, which the caller must close. The errors are
// ErrClosed after Close, an *anyio.BusyError if another task accepts, and those of the
// system, such as syscall.EMFILE; the next Accept may do better then.
//
// Cancellation: no connection is lost.
func (l *Listener[S]) Accept(ctx context.Context) (S, error) {
	var none S
	if err := l.accepting.Acquire(); err != nil {
		return none, l.refused(ctx, err)
	}
	defer l.accepting.Release()
	var c kernel.StreamConn
	var err error
	if sockets := l.all(); len(sockets) == 1 && !l.room.Limited() {
		c, err = accept(ctx, sockets[0])
	} else { // one may have been kept
		c, err = l.acceptAny(ctx, sockets)
	}
	if err != nil {
		return none, l.failed(err)
	}
	l.bring(ctx, c)
	return l.wrap(c, callSite()), nil
}

func accept(ctx context.Context, e *endpoint) (kernel.StreamConn, error) {
	return e.conn.(kernel.StreamListener).Accept(ctx)
}

// acceptAny waits at all sockets. What more than one accepts is kept.
func (l *Listener[S]) acceptAny(ctx context.Context, sockets []*endpoint) (kernel.StreamConn, error) {
	if _, err := kernel.Enter(ctx); err != nil {
		return nil, err
	}
	if c := l.keptOne(); c != nil {
		return c, nil
	}
	failures := make([]error, len(sockets))
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for i, e := range sockets {
			tg.Go(func(ctx context.Context) error {
				c, err := accept(ctx, e)
				if err == nil {
					l.keep(c)
				} else if failures[i] = err; errors.Is(err, anyio.ErrCanceled) {
					return err
				}
				tg.Cancel("accepted")
				return nil
			}, anyio.Name("accept"))
		}
		return nil
	})
	if c := l.keptOne(); c != nil {
		return c, nil // also if a cancellation came at the same time
	}
	for _, err := range failures {
		if err != nil && !errors.Is(err, anyio.ErrCanceled) {
			return nil, err
		}
	}
	if err != nil {
		return nil, err
	}
	return nil, anyio.ErrClosed // what was accepted was closed by Close
}

// keep stores an accepted connection for whoever asks next.
func (l *Listener[S]) keep(c kernel.StreamConn) {
	l.mu.Lock()
	closed := l.closed.Load()
	if !closed {
		l.accepted = append(l.accepted, c)
	}
	l.mu.Unlock()
	if closed {
		c.Close()
	}
}

func (l *Listener[S]) keptOne() (c kernel.StreamConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.accepted) > 0 {
		c, l.accepted = l.accepted[0], l.accepted[1:]
	}
	return c
}

func (l *Listener[S]) refused(ctx context.Context, err error) error {
	p, canceled := kernel.Enter(ctx)
	if canceled != nil {
		return canceled
	}
	return p.CanceledOr(l.failed(err))
}

// failed is an error of accepting, for the user.
func (l *Listener[S]) failed(err error) error {
	if !errors.Is(err, anyio.ErrCanceled) && (l.closed.Load() || errors.Is(err, net.ErrClosed)) {
		return anyio.ErrClosed
	}
	return err
}

// Close closes the sockets, whose ports are free when it returns. Those who wait in
// Accept and Serve get ErrClosed; streams that were accepted stay open. Further calls
// do nothing. The file of a UNIX socket is left behind, unless the socket is that of a
// net.UnixListener which would have removed it (see its SetUnlinkOnClose).
// Cancellation: ignored; it never waits.
func (l *Listener[S]) Close(ctx context.Context) error {
	sockets, ok := l.end()
	if !ok {
		return nil
	}
	var errs []error
	for _, e := range sockets {
		errs = append(errs, e.Close(ctx))
	}
	if l.owner != nil {
		if err := l.owner.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// end makes the listener a closed one, which no longer has what it had: its sockets are the
// caller's. It reports false if it was closed.
func (l *Listener[S]) end() (sockets []*endpoint, ok bool) {
	l.mu.Lock()
	again := l.closed.Swap(true)
	kept := l.accepted
	l.accepted = nil
	sockets = append(l.sockets[:len(l.sockets):len(l.sockets)], l.team.shares...)
	l.mu.Unlock()
	if again {
		return nil, false
	}
	l.watch.Stop()
	l.room.Close()
	for _, c := range kept {
		c.Close()
	}
	return sockets, true
}
