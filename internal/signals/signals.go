// Package signals is where operating system signals come from: on real runs from
// package os/signal, in a simulation from whoever raises them.
package signals

import (
	"os"
	"os/signal"
	"slices"
	"sync"

	"github.com/anyio-go/anyio/internal/kernel"
)

// capacity is how many signals may arrive while the goroutine that takes them
// does not run; package os/signal drops more.
const capacity = 64

// Subscribe calls push for each of the signals that arrives, all of them if none
// is named, until stop is called, which also restores what was there before. On
// real runs push is called on a goroutine of its own; it must not block. stop may
// be called again, and from push.
func Subscribe(r *kernel.Run, sigs []os.Signal, push func(os.Signal)) (stop func()) {
	if r.Virtual {
		return subscribeVirtual(r, sigs, push)
	}
	var ignored []os.Signal
	for _, s := range sigs {
		if signal.Ignored(s) {
			ignored = append(ignored, s)
		}
	}
	c, quit := make(chan os.Signal, capacity), make(chan struct{})
	signal.Notify(c, sigs...)
	go func() {
		for {
			select {
			case s := <-c:
				push(s)
			case <-quit:
				return
			}
		}
	}()
	return sync.OnceFunc(func() {
		signal.Stop(c)
		if len(ignored) > 0 {
			signal.Ignore(ignored...)
		}
		close(quit)
	})
}

type virtualKey struct{}

// A virtual is a subscription in a simulation.
type virtual struct {
	sigs []os.Signal
	push func(os.Signal)
}

func subscribeVirtual(r *kernel.Run, sigs []os.Signal, push func(os.Signal)) (stop func()) {
	v := &virtual{sigs, push}
	r.Vars(func(vars map[any]any) {
		all, _ := vars[virtualKey{}].([]*virtual)
		vars[virtualKey{}] = append(all[:len(all):len(all)], v)
	})
	return func() {
		r.Vars(func(vars map[any]any) {
			all, _ := vars[virtualKey{}].([]*virtual)
			vars[virtualKey{}] = slices.DeleteFunc(slices.Clone(all), func(o *virtual) bool { return o == v })
		})
	}
}

// Raise sends a signal to a simulated run. It reports how many have received it.
func Raise(r *kernel.Run, s os.Signal) (receivers int) {
	var all []*virtual
	r.Vars(func(vars map[any]any) { all, _ = vars[virtualKey{}].([]*virtual) })
	for _, v := range all {
		if len(v.sigs) == 0 || slices.Contains(v.sigs, s) {
			v.push(s)
			receivers++
		}
	}
	return receivers
}
