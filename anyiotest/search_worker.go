package anyiotest

import (
	"sync"

	"github.com/anyio-go/anyio/sim"
)

// A worker makes runs of a search, one after the other. What it counts is its own: there are
// a hundred thousand runs a second.
type worker struct {
	*search
	spare  *gear // of the last run; nil if that still has it
	ran    int
	hashes hashes // of different schedules
}

func newWorker(s *search) *worker {
	return &worker{search: s}
}

// work has workers try schedules up to a number.
func (s *search) work(workers []*worker, upTo int) {
	var done sync.WaitGroup
	done.Add(len(workers))
	for _, w := range workers {
		go w.work(upTo, &done)
	}
	done.Wait()
}

// work tries schedules up to a number. A run that ends by FailNow ends the goroutine, too:
// then another one goes on.
func (w *worker) work(upTo int, all *sync.WaitGroup) {
	done := false
	defer func() {
		if done {
			all.Done()
		} else {
			go w.work(upTo, all)
		}
	}()
	for !w.stopped.Load() {
		n := int(w.next.Add(1)) - 1
		if n >= upTo || n > 0 && w.over() {
			w.next.Add(-1)
			break
		}
		w.try(n)
	}
	done = true
}

// try makes one run.
func (w *worker) try(n int) {
	g := w.spare
	if w.spare = nil; g == nil {
		g = w.newGear()
	}
	w.config(&g.how, n)
	tr := newTrial(w.search, g)
	defer w.judge(n, tr)
	tr.run()
}

// judge looks at what has become of a run.
func (w *worker) judge(n int, tr *trial) {
	w.ran++
	if w.hashes.n < maxHashes {
		w.hashes.add(tr.sim.Hash())
	}
	key, skipped := tr.verdict()
	w.learn(n, tr)
	if key != "" || w.sampled(n) {
		w.settle(tr)
	}
	differed := false
	switch {
	case key != "":
	case skipped && n == 0:
		w.noteSkip(tr)
		w.stopped.Store(true)
		return
	case w.sampled(n) && differs(tr, w.again(tr.how)):
		key, differed = "another run", true
	default:
		w.spare = tr.part()
		return
	}
	if w.note(key, &finding{number: n, trial: tr, differs: differed}, w.p.failures) {
		w.stopped.Store(true)
	}
}

// tally counts what the workers have made.
func (s *search) tally() {
	var different hashes
	for _, w := range s.workers {
		s.ran += w.ran
		different.addAll(&w.hashes)
	}
	s.different = different.n
}

// again makes one run that is described by its config.
func (s *search) again(how sim.Config) *trial {
	tr := newTrial(s, s.newGear())
	tr.how = how
	s.apart(tr)
	return tr
}

// apart makes one run on a goroutine of its own, which it may end, and waits for it.
func (s *search) apart(tr *trial) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		tr.run()
	}()
	<-done
}
