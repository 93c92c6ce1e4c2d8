package anyio_test

import (
	"runtime"
	"time"
)

// soonest is the nearest deadline before which a test does something, even on a
// machine that is emulated or held up.
const soonest = 300 * time.Millisecond

// soon gives others the processor until done, or until it is plain that this will
// never be: on a busy machine a thread may get no processor for seconds.
func soon(done func() bool) bool {
	for begin := time.Now(); !done(); runtime.Gosched() {
		if time.Since(begin) > time.Minute {
			return false
		}
	}
	return true
}

// idleGoroutines waits until at most n goroutines are left.
func idleGoroutines(n int) int {
	soon(func() bool { return runtime.NumGoroutine() <= n })
	return runtime.NumGoroutine()
}
