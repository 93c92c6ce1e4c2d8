// Package interrupt makes calls of other packages that wait, such as a Read of package net,
// and that a deadline or a context interrupts.
//
// On an ordinary goroutine a call blocks right there, inside a kernel.External: canceling
// the scope interrupts it, and the caller takes that back once it is certain that nobody
// is about to do it. No goroutine, timer or allocation belongs to a call. What it has done
// in spite of all counts.
//
// A task of a loop must not block its thread. It hands the call to another goroutine and
// parks; canceled, it interrupts the call in the same way and waits for its end.
package interrupt

import (
	"context"
	"net"
	"sync/atomic"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/offload"
)

// A Side is one direction of a socket or file, in which one call goes on at a time.
// Whoever closes it decides the wait of that call, before the call itself fails: so what
// came first, the end of the socket or that of the caller's scope, is its error. The zero
// value is ready.
type Side struct {
	external atomic.Pointer[kernel.External] // of a goroutine's calls; made when first needed
	end      atomic.Pointer[offload.End]     // of the call of a loop's task
	closed   atomic.Bool
}

// A Resumer is an Interrupter that can take back what Interrupt has done. err is what the
// call has returned, of which nobody is told.
type Resumer interface{ Resume(err error) }

// Close is called before what is read or written is closed.
func (s *Side) Close() {
	s.closed.Store(true)
	if x := s.external.Load(); x != nil {
		x.Close()
	}
	if e := s.end.Load(); e != nil {
		e.Close()
	}
}

// Closed reports whether Close has been called.
func (s *Side) Closed() bool { return s.closed.Load() }

// Do calls f, which i can interrupt, with an argument; if f is no closure a call that
// blocks its goroutine allocates nothing. Done says that it has done its work, whatever its
// error. If not, and if the place was canceled first, that is the error. If it was before
// the call, the call is not made.
func Do[A, R any](s *Side, i kernel.Interrupter, p kernel.Place, op kernel.Op, a A, f func(A) (r R, done bool, err error)) (r R, err error) {
	if t := p.RunningTask(); t != nil {
		return elsewhere(s, i, p, op, a, f)
	}
	x, err := s.begin(p, op, i)
	if err != nil {
		return r, err
	}
	r, done, err := f(a)
	if canceled := x.End(p, err != nil); canceled != nil {
		err = resume(i, done, err, canceled)
	}
	return r, err
}

// begin begins the wait of a goroutine.
func (s *Side) begin(p kernel.Place, op kernel.Op, i kernel.Interrupter) (*kernel.External, error) {
	x := s.external.Load()
	if x == nil {
		x = s.make()
	}
	err := x.Begin(p, op, i)
	if err == nil && s.closed.Load() {
		x.Close()
	}
	return x, err
}

// make makes the External. Who closes either finds it, or is found by whoever begins a wait.
//
//go:noinline
func (s *Side) make() *kernel.External {
	x := &kernel.External{}
	s.external.Store(x)
	return x
}

// resume is the error of a call that was canceled before it ended.
//
//go:noinline
func resume(i kernel.Interrupter, done bool, err, canceled error) error {
	if r, ok := i.(Resumer); ok {
		r.Resume(err)
	}
	if err == nil || done {
		return nil
	}
	return canceled
}

// elsewhere makes the call on another goroutine, and lets the calling task wait for it. It
// returns when the call has ended.
//
//go:noinline
func elsewhere[A, R any](s *Side, i kernel.Interrupter, p kernel.Place, op kernel.Op, a A, f func(A) (R, bool, error)) (r R, err error) {
	done := false
	c := &offload.Call[R]{}
	s.end.Store(&c.End)
	if s.closed.Load() {
		c.End.Close()
	}
	run := p.RunningTask().Scope.Run()
	c.Start(run, op, func() (R, error) {
		var r R
		var err error
		r, done, err = f(a)
		return r, err
	})
	canceled := c.Await(p)
	if canceled == net.ErrClosed {
		canceled = nil
	}
	if canceled != nil {
		i.Interrupt()
		run.Interrupted(1)
	}
	c.AwaitAnyway(p)
	if canceled != nil {
		run.Interrupted(-1)
	}
	s.end.Store(nil)
	r, err = c.Take()
	if canceled != nil {
		err = resume(i, done, err, canceled)
	}
	return r, err
}

// WithContext makes a call that obeys a context, which is ended when p is canceled. A value
// that comes about meanwhile is returned.
func WithContext[R any](ctx context.Context, p kernel.Place, op kernel.Op, f func(context.Context) (R, error)) (R, error) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var s Side // which nobody closes
	return Do(&s, end(cancel), p, op, own, func(own context.Context) (R, bool, error) {
		r, err := f(own)
		return r, false, err
	})
}

// An end ends the context of a call.
type end context.CancelFunc

func (e end) Interrupt() { e() }
