package simloop

import (
	"os"
	"slices"
	"sync"

	"github.com/anyio-go/anyio/internal/kernel"
)

// raised are the signals of a simulated run, and who receives them.
type raised struct {
	mu  sync.Mutex // guards all
	all []*subscription
}

type subscription struct {
	sigs []os.Signal
	push func(os.Signal)
}

// Subscribe is as kernel.Signals says.
func (r *raised) Subscribe(sigs []os.Signal, push func(os.Signal)) (stop func()) {
	s := &subscription{slices.Clone(sigs), push}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(slices.Clone(r.all), s)
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.all = slices.DeleteFunc(slices.Clone(r.all), func(o *subscription) bool { return o == s })
	}
}

// KeepPipeErrors leaves the process alone.
func (r *raised) KeepPipeErrors() (restore func()) { return func() {} }

// End kills the run.
func (r *raised) End(run *kernel.Run, _ os.Signal, c *kernel.Cause) { run.Kill(c) }

// Raise sends a signal to the run. It reports how many have received it.
func (s *Sim) Raise(sig os.Signal) (receivers int) {
	s.signals.mu.Lock()
	all := s.signals.all
	s.signals.mu.Unlock()
	for _, o := range all {
		if slices.Contains(o.sigs, sig) {
			o.push(sig)
			receivers++
		}
	}
	return receivers
}
