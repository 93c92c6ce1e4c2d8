// Package ossignal is about the operating system's signals: which can be received, and
// how those of the process are.
package ossignal

import (
	"os"
	"sync"
)

// Process is a kernel.Signals: the signals of the process, from package os/signal.
type Process struct{}

// capacity is how many signals may arrive while the goroutine that takes them does
// not run; package os/signal drops more. The system itself keeps of each number only
// one that was not delivered yet, so this is ample but for a process that signals
// itself in a loop.
const capacity = 256

// Subscribe is as kernel.Signals says. push is called on a goroutine of its own.
func (Process) Subscribe(sigs []os.Signal, push func(os.Signal)) (stop func()) {
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
