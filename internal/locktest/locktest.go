// Package locktest finds out whether a function takes a lock. It knows nothing of this
// module, so that the tests inside of every package can use it.
package locktest

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// enough is how often another goroutine gets the chance to go where it should not be.
const enough = 1000

// Takes wants f not to return while mu is locked.
func Takes(t testing.TB, what string, mu sync.Locker, f func()) {
	t.Helper()
	var free atomic.Bool
	begun, waited := make(chan bool), make(chan bool)
	mu.Lock()
	go func() {
		begun <- true
		f()
		waited <- free.Load()
	}()
	<-begun
	for range enough {
		runtime.Gosched()
	}
	free.Store(true)
	mu.Unlock()
	if !<-waited {
		t.Errorf("%s does not wait for the lock", what)
	}
}
