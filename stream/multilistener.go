package stream

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/internal/inside"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A MultiListener is several listeners as one, such as those of the addresses of a
// host. They belong to it.
type MultiListener[S any] struct {
	accepting anyio.ResourceGuard

	mu        sync.Mutex // guards what follows
	listeners []Listener[S]
	ready     []S // accepted, in this order, and not yet asked for
	closed    bool
}

// NewMultiListener joins listeners. Those of a MultiListener among them are taken
// over one by one, and it is left empty.
func NewMultiListener[S any](listeners ...Listener[S]) *MultiListener[S] {
	m := &MultiListener[S]{}
	m.accepting.Action = "accepting connections from"
	for _, l := range listeners {
		if inner, ok := l.(*MultiListener[S]); ok {
			all, ready := inner.empty()
			m.listeners, m.ready = append(m.listeners, all...), append(m.ready, ready...)
		} else {
			m.listeners = append(m.listeners, l)
		}
	}
	return m
}

func (m *MultiListener[S]) empty() ([]Listener[S], []S) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all, ready := m.listeners, m.ready
	m.listeners, m.ready = nil, nil
	return all, ready
}

// Listeners returns a copy of the list, without nested ones.
func (m *MultiListener[S]) Listeners() []Listener[S] {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.listeners)
}

// Accept implements Listener: it accepts from all at once. No listener is served a
// second time before the others that have a connection. A listener that fails makes
// it fail. Without listeners the error is ErrClosed.
//
// Cancellation: no connection is lost; what was accepted at that moment is given to
// the next call.
func (m *MultiListener[S]) Accept(ctx context.Context) (conn S, err error) {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return conn, err
	}
	if err := m.accepting.Acquire(); err != nil {
		return conn, p.CanceledOr(err)
	}
	defer m.accepting.Release()
	conn, ok, listeners, err := m.next()
	if err != nil {
		return conn, p.CanceledOr(err)
	}
	if ok {
		return conn, nil
	}
	failed := m.acceptAny(ctx, listeners)
	conn, ok, _, err = m.next()
	switch {
	case ok:
		return conn, nil
	case failed == nil: // what was accepted was closed by Close
		failed = err
	}
	return conn, failed
}

// next is the first connection that is ready, if there is one, or else tells where
// to wait for it.
func (m *MultiListener[S]) next() (conn S, ok bool, listeners []Listener[S], err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.closed || len(m.listeners) == 0:
		return conn, false, nil, anyio.ErrClosed
	case len(m.ready) > 0:
		conn = m.ready[0]
		m.ready = slices.Delete(m.ready, 0, 1)
		return conn, true, nil, nil
	}
	return conn, false, slices.Clone(m.listeners), nil
}

// acceptAny waits until at least one connection is ready or a listener has failed,
// and returns the error of the first that did, or the cancellation if that was first.
func (m *MultiListener[S]) acceptAny(ctx context.Context, listeners []Listener[S]) (failed error) {
	var once sync.Once
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for _, l := range listeners {
			tg.Go(func(ctx context.Context) error {
				conn, err := l.Accept(ctx)
				if err == nil {
					err = m.keep(ctx, conn)
				}
				once.Do(func() { failed = err })
				tg.Cancel("a listener has accepted a connection, or failed")
				return nil
			}, anyio.Name("accept"))
		}
		return nil
	})
	if failed != nil {
		return failed
	}
	return err
}

// keep makes a connection ready, or closes it if nobody can ask for it any more.
func (m *MultiListener[S]) keep(ctx context.Context, conn S) error {
	m.mu.Lock()
	closed := m.closed
	if !closed {
		m.ready = append(m.ready, conn)
	}
	m.mu.Unlock()
	if closed {
		return closeConn(ctx, conn)
	}
	return nil
}

func closeConn[S any](ctx context.Context, conn S) error {
	if r, ok := any(conn).(anyio.Resource); ok {
		return anyio.CloseForcefully(ctx, r)
	}
	return nil
}

// Serve implements Listener, with one task for each listener; when one fails, the
// others are no longer served. The error is an *anyio.GroupError. Cancellation: as for
// Serve of the listeners.
func (m *MultiListener[S]) Serve(ctx context.Context, tg *anyio.TaskGroup, handler func(ctx context.Context, conn S) error) error {
	if _, err := kernel.Enter(ctx); err != nil {
		return err
	}
	if err := m.accepting.Acquire(); err != nil {
		return err
	}
	defer m.accepting.Release()
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, own *anyio.TaskGroup) error {
		name := anyio.Name(inside.HandlerName(ctx, kernel.FuncPC(handler)))
		handlers := tg
		if handlers == nil {
			handlers = own
		}
		for {
			conn, ok, listeners, err := m.next()
			if err != nil {
				return err
			}
			if ok {
				give(ctx, handlers, name, conn, handler)
				continue
			}
			for _, l := range listeners {
				own.Go(func(ctx context.Context) error { return l.Serve(ctx, tg, handler) }, anyio.Name("serve"))
			}
			return nil
		}
	})
}

// Close closes all listeners, and connections that were accepted and that nobody has
// asked for; each of them even if another fails. Cancellation: all are closed
// nevertheless.
func (m *MultiListener[S]) Close(ctx context.Context) error {
	m.mu.Lock()
	m.closed = true
	listeners, ready := m.listeners, m.ready
	m.ready = nil
	m.mu.Unlock()
	var errs []error
	for _, l := range listeners {
		errs = append(errs, l.Close(ctx))
	}
	for _, conn := range ready {
		errs = append(errs, closeConn(ctx, conn))
	}
	return errors.Join(errs...)
}

// Attributes returns those of all listeners, of which later ones win.
func (m *MultiListener[S]) Attributes() attr.Set {
	var all attr.Set
	for _, l := range m.Listeners() {
		all = all.Merge(attr.Of(l))
	}
	return all
}
