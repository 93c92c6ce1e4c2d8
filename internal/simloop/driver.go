package simloop

import (
	"context"
	"runtime/pprof"
	"sync"
	"time"

	"github.com/anyio-go/anyio/internal/bubble"
	"github.com/anyio-go/anyio/internal/coro"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/loop"
)

// A driver is a goroutine that runs the loops of simulations, one after the other, with
// the coroutines that they need. A search makes millions of runs of a few steps, and to
// make goroutines would be most of each.
//
// Nothing of a run is left for the next: a driver is used again only if no code of
// users has run on its goroutine, which could have locked it to a thread, and if the run
// has ended without an error. Of its coroutines those are kept that have no task.
type driver struct {
	work  chan *kernel.Task // the main task of a run; closed: end
	ended chan loop.Ending  // tells the caller of Run to go on
	spare loop.Spare
	watchdog
}

// drive runs the loop on another goroutine until it ends, or does not come back.
func (s *Sim) drive(t *kernel.Task) error {
	shared := coro.Pooled && !bubble.In()
	var d *driver
	if shared {
		d = idle.take()
	}
	if d == nil {
		d = &driver{work: make(chan *kernel.Task), ended: make(chan loop.Ending, 1)}
		go d.live()
	}
	d.begin(s, d.ended)
	d.work <- t
	e := <-d.ended
	if err := d.end(); err != nil {
		close(d.work) // for when the step comes back
		return err
	}
	switch {
	case shared && e.Clean() && !s.hadGuests():
		s.clean = true
		idle.put(d)
	default:
		close(d.work)
	}
	return e.Result()
}

// hadGuests reports whether code of users may have run on the loop's own goroutine.
//
//go:norace
func (s *Sim) hadGuests() bool {
	return s.Loop.Called() || s.cfg.OnStep != nil || s.cfg.Trace != nil || s.run.Intruder != nil || s.foreign.ever
}

// live is what the goroutine does.
func (d *driver) live() {
	var e loop.Ending
	driving := false
	defer func() {
		if driving { // the loop has exited the goroutine
			d.ended <- e
		}
		d.spare.Close()
	}()
	for t := range d.work {
		driving, e = true, loop.Ending{}
		e.Note("the simulator", func() error { return d.run(t) })
		driving = false
		d.ended <- e
	}
}

// run runs one loop. The goroutine has the labels that the main task begins with, as if it
// were a new one.
func (d *driver) run(t *kernel.Task) error {
	s := t.Scope.Run().Backend.(*Sim)
	t.Label()
	defer pprof.SetGoroutineLabels(context.Background())
	s.driver.Store(kernel.GoroutineID())
	s.Loop.Share(&d.spare)
	return s.Loop.Main(t)
}

// idleTime is how long a driver is kept that no run needs.
const idleTime = 100 * time.Millisecond

// An idlers has the drivers without a run.
type idlers struct {
	mu    sync.Mutex
	all   []*driver   // the one used last is the last
	least int         // of them were idle since the last sweep
	timer *time.Timer // sweeps
	armed bool        // it will
}

var idle idlers

// take takes one out, nil if there is none.
func (p *idlers) take() (d *driver) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if last := len(p.all) - 1; last >= 0 {
		d, p.all[last] = p.all[last], nil
		p.all = p.all[:last]
		p.least = min(p.least, last)
	}
	return d
}

func (p *idlers) put(d *driver) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, d)
	switch {
	case p.armed:
		return
	case p.timer == nil:
		p.timer = time.AfterFunc(idleTime, p.sweep)
	default:
		p.timer.Reset(idleTime)
	}
	p.armed, p.least = true, 0
}

// sweep ends those that were idle since the last sweep.
func (p *idlers) sweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop(p.least)
	if p.armed = len(p.all) > 0; p.armed {
		p.timer.Reset(idleTime)
	}
}

// drop ends the first n, which have been idle for longest.
func (p *idlers) drop(n int) {
	for _, d := range p.all[:n] {
		close(d.work)
	}
	left := copy(p.all, p.all[n:])
	clear(p.all[left:])
	p.all, p.least = p.all[:left], left
}

// end ends all.
func (p *idlers) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop(len(p.all))
}

func init() { kernel.RegisterIdle(idle.end) }
