package sim

import (
	"sync"
	"sync/atomic"

	"github.com/anyio-go/anyio/internal/schedule"
)

// Each makes all schedules, as a loop with Next does, and so many at the same time: run makes
// a run with the Strategy that it is given. The first run for which it returns an error, in
// the order of such a loop, is the last one that counts; so is the most-th, if most is not 0
// and there would be more. Each reports whether there was neither, and the error, or that of
// Err. What it returns, and what x tells then, does not depend on the number of workers; but
// further runs may be made that do not count. None goes on when Each has returned.
func (x *Explorer) Each(workers, most int, run func(s Strategy) error) (all bool, err error) {
	x.begin()
	w := &walkers{run: run, most: int64(most)}
	w.free.Store(int64(workers) - 1)
	x.e.Most, x.e.Idle, x.e.Give, x.e.Join = most, w.idle, w.give, w.join
	w.walk(&x.e, false)
	w.over.Store(true)
	w.parts.Wait()
	if x.err = x.e.Found; x.e.Diverged {
		x.err = errDiverged
	}
	return !x.e.Stopped(), x.err
}

// Runs returns how many runs were made, as far as they count, by Each or by a loop with Next
// that is over.
func (x *Explorer) Runs() int { return x.e.Runs }

// InVain returns how many of them were Redundant.
func (x *Explorer) InVain() int { return x.e.Vain }

// walkers walk the parts of an Explorer.
type walkers struct {
	run   func(s Strategy) error
	most  int64
	made  atomic.Int64 // runs
	free  atomic.Int64 // walkers that may begin; below 0 if too many go on
	over  atomic.Bool  // the outcome is known
	parts sync.WaitGroup
	begun sync.Map // a *walk for each part that was not yet needed
}

// A walk is that of a part by somebody who need not end it.
type walk struct {
	done  chan struct{}
	ended bool // there is nothing left of the part; valid when done is closed
}

// walk makes the runs of a part, and reports whether there is nothing left of it. Who does so
// early stops when that is likely to be of no use.
func (w *walkers) walk(e *schedule.Explorer, early bool) (ended bool) {
	for !w.over.Load() && !(early && w.enough()) {
		if !e.Next() {
			return true
		}
		err := w.run(Strategy{explorer: e})
		if err == nil && !e.Begun {
			err = errNotRun
		}
		w.made.Add(1)
		if e.Made(err); err != nil {
			return true
		}
	}
	return false
}

// enough reports whether as many runs were made as may count. Those that do are then known
// to be all that there are only if no part is left.
func (w *walkers) enough() bool { return w.most > 0 && w.made.Load() >= w.most }

// idle takes a walker, if there is one.
func (w *walkers) idle() bool {
	if w.over.Load() || w.enough() {
		return false
	}
	if w.free.Add(-1) >= 0 {
		return true
	}
	w.free.Add(1)
	return false
}

// give has a part be walked by a walker that was taken.
func (w *walkers) give(e *schedule.Explorer) {
	of := &walk{done: make(chan struct{})}
	w.begun.Store(e, of)
	w.parts.Go(func() {
		defer close(of.done)
		defer w.free.Add(1)
		of.ended = w.walk(e, true)
	})
}

// join waits for who walks a part, and does what is left. Somebody else may walk meanwhile.
func (w *walkers) join(e *schedule.Explorer) {
	begun, _ := w.begun.LoadAndDelete(e)
	of := begun.(*walk)
	w.free.Add(1)
	<-of.done
	w.free.Add(-1)
	if !of.ended {
		w.walk(e, false)
	}
}
