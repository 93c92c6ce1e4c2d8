package anyiotest

import (
	"maps"
	"sync"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

// A worker makes runs of a search, one after the other. What it counts is its own: there are
// a hundred thousand runs a second.
type worker struct {
	*search
	options []anyio.RunOption // see search.options
	ran     int
	hashes  map[uint64]struct{} // of different schedules
}

// maxHashes is up to how many schedules are told apart.
const maxHashes = 1 << 20

func newWorker(s *search) *worker {
	return &worker{search: s, options: s.options(), hashes: make(map[uint64]struct{})}
}

// options are those of a run; the last is for the backend.
func (s *search) options() []anyio.RunOption {
	quiet := anyio.OnPanic(func(*anyio.PanicError) {}) // the report has it
	return append(append([]anyio.RunOption{quiet}, s.p.options(s.t.Name())...), nil)
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
	tr := newTrial(w.search)
	w.config(&tr.how, n)
	defer w.judge(n, tr)
	tr.run(w.options)
}

// judge looks at what has become of a run.
func (w *worker) judge(n int, tr *trial) {
	w.ran++
	if len(w.hashes) < maxHashes {
		w.hashes[tr.sim.Hash()] = struct{}{}
	}
	key, skipped := tr.verdict()
	w.learn(n, tr)
	if key != "" || w.sampled(n) {
		w.settle(tr)
	}
	f := &finding{number: n, trial: tr}
	switch {
	case key != "":
	case skipped && n == 0:
		w.noteSkip(tr)
		w.stopped.Store(true)
		return
	case w.sampled(n) && differs(tr, w.again(tr.how)):
		key, f.differs = "another run", true
	default:
		return
	}
	if w.note(key, f, w.p.failures) {
		w.stopped.Store(true)
	}
}

// tally counts what the workers have made.
func (s *search) tally() {
	hashes := make(map[uint64]struct{})
	for _, w := range s.workers {
		s.ran += w.ran
		maps.Copy(hashes, w.hashes)
	}
	s.different = len(hashes)
}

// again makes one run that is described by its config.
func (s *search) again(how sim.Config) *trial {
	tr := newTrial(s)
	tr.how = how
	s.apart(tr)
	return tr
}

// apart makes one run on a goroutine of its own, which it may end, and waits for it.
func (s *search) apart(tr *trial) {
	options := s.options() // not shared: the run may be given up and still go on
	done := make(chan struct{})
	go func() {
		defer close(done)
		tr.run(options)
	}()
	<-done
}
