// Package signals is where operating system signals come from: on real runs from
// package os/signal, in a simulation from whoever raises them.
package signals

import (
	"os"
	"slices"
	"sync"

	"github.com/anyio-go/anyio/internal/kernel"
)

// capacity is how many signals may arrive while the goroutine that takes them does
// not run; package os/signal drops more. The system itself keeps of each number only
// one that was not delivered yet, so this is ample but for a process that signals
// itself in a loop.
const capacity = 256

// Subscribe calls push for each of the signals that arrives until stop is called,
// which also restores what was there before. Each is one that Refusal accepts, and
// there is at least one. On real runs push is called on a goroutine of its own; it
// must not block, nor call stop. When stop returns, push has been called for every
// signal that did not have the effect that was restored, and is not called again.
// stop may be called again.
func Subscribe(r *kernel.Run, sigs []os.Signal, push func(os.Signal)) (stop func()) {
	if r.Virtual {
		return subscribeVirtual(r, sigs, push)
	}
	c, done := make(chan os.Signal, capacity), make(chan struct{})
	restore := redirect(c, sigs)
	go func() {
		defer close(done)
		for s := range c {
			push(s)
		}
	}()
	return sync.OnceFunc(func() {
		restore()
		close(c) // nobody sends any more
		<-done
	})
}

type virtualKey struct{}

// A virtual is a subscription in a simulation.
type virtual struct {
	sigs []os.Signal
	push func(os.Signal)
}

func subscribeVirtual(r *kernel.Run, sigs []os.Signal, push func(os.Signal)) (stop func()) {
	v := &virtual{slices.Clone(sigs), push}
	in := r.Var(virtualKey{})
	change := func(f func(all []*virtual) []*virtual) {
		in.Lock()
		defer in.Unlock()
		all, _ := in.Value.([]*virtual)
		in.Value = f(slices.Clone(all))
	}
	change(func(all []*virtual) []*virtual { return append(all, v) })
	return func() {
		change(func(all []*virtual) []*virtual {
			return slices.DeleteFunc(all, func(o *virtual) bool { return o == v })
		})
	}
}

// Raise sends a signal to a simulated run. It reports how many have received it.
func Raise(r *kernel.Run, s os.Signal) (receivers int) {
	in := r.Var(virtualKey{})
	in.Lock()
	all, _ := in.Value.([]*virtual)
	in.Unlock()
	for _, v := range all {
		if slices.Contains(v.sigs, s) {
			v.push(s)
			receivers++
		}
	}
	return receivers
}
