package netconn

import (
	"net"
	"sync"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A pump makes calls that nothing can interrupt, one at a time, each on a
// goroutine of its own. A caller that is canceled leaves the call behind; its
// result is what the next one gets. The zero value is ready.
type pump[T any] struct {
	mu     sync.Mutex // guards what follows and the result of cur
	cur    *attempt[T]
	closed bool
	drop   func(T) // gets the results that nobody will take
}

// An attempt is one call.
type attempt[T any] struct {
	done     kernel.Latch
	takers   int // who wait for the result; guarded by the pump's mu, as what follows
	taken    bool
	ended    bool
	v        T
	err      error
	panicked any
}

// do waits for the call that goes on, if there is one, else it makes f the call.
func (p *pump[T]) do(pl kernel.Place, op kernel.Op, f func() (T, error)) (v T, err error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return v, pl.CanceledOr(net.ErrClosed)
	}
	a := p.cur
	if a == nil {
		a = &attempt[T]{}
		p.cur = a
		go p.run(a, f)
	}
	a.takers++
	p.mu.Unlock()
	return p.take(pl, op, a)
}

// settle waits for the end of a call that was left behind; its result is lost.
func (p *pump[T]) settle(pl kernel.Place, op kernel.Op) error {
	p.mu.Lock()
	a := p.cur
	if a != nil {
		a.takers++
	}
	p.mu.Unlock()
	if a == nil {
		return nil
	}
	_, err := p.take(pl, op, a)
	return err
}

// take waits for the result of an attempt, of whose takers it is one.
func (p *pump[T]) take(pl kernel.Place, op kernel.Op, a *attempt[T]) (v T, err error) {
	err = p.wait(pl, op, a)
	p.mu.Lock()
	a.takers--
	if err != nil {
		left := p.closed && a.left()
		p.mu.Unlock()
		if left && p.drop != nil {
			p.drop(a.v)
		}
		return v, err
	}
	a.taken = true
	if p.cur == a {
		p.cur = nil
	}
	p.mu.Unlock()
	if a.panicked != nil {
		panic(a.panicked)
	}
	return a.v, a.err
}

// left reports whether there is a result that nobody has taken or is about to take.
// The caller holds the pump's mu.
func (a *attempt[T]) left() bool { return a.ended && a.err == nil && !a.taken && a.takers == 0 }

// wait waits for the end of an attempt.
func (p *pump[T]) wait(pl kernel.Place, op kernel.Op, a *attempt[T]) (canceled error) {
	if t := pl.RunningTask(); t != nil {
		t.Scope.Run().Outside(1)
		defer t.Scope.Run().Outside(-1)
	}
	return a.done.WaitAt(pl, op)
}

func (p *pump[T]) run(a *attempt[T], f func() (T, error)) {
	var v T
	err := net.ErrClosed // if f exits the goroutine
	defer func() {
		p.finish(a, v, err, recover())
	}()
	v, err = f()
}

// finish sets the result, unless close has done so already.
func (p *pump[T]) finish(a *attempt[T], v T, err error, panicked any) {
	p.mu.Lock()
	late := a.ended
	if !late {
		a.ended, a.v, a.err, a.panicked = true, v, err, panicked
	}
	p.mu.Unlock()
	if !late {
		if panicked == nil && err != nil {
			a.done.Fail()
		} else {
			a.done.Open()
		}
	} else if err == nil && p.drop != nil {
		p.drop(v)
	}
}

// close wakes those who wait with net.ErrClosed, and gives up the call.
func (p *pump[T]) close() {
	p.mu.Lock()
	a := p.cur
	p.closed, p.cur = true, nil
	left := a != nil && a.left() // else who was woken with it has it, though he may not run yet
	p.mu.Unlock()
	if a == nil {
		return
	}
	if left {
		if p.drop != nil {
			p.drop(a.v)
		}
		return
	}
	var zero T
	p.finish(a, zero, net.ErrClosed, nil)
}
