package osthread_test

import (
	"context"
	"runtime"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/osthread"
)

// All calls see one thread, which between them nobody else gets: goroutines that want
// threads for themselves would take each that is idle.
func TestCallsOnOneOSThreadSeeOneThread(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		threads := osthread.NewPool(1)
		defer threads.Close(ctx)
		release := make(chan struct{})
		defer close(release)
		others, tids := make(chan int), map[int]bool{}
		for range 10 {
			tid, err := anyio.RunBlockingValue(ctx, func() (int, error) { return syscall.Gettid(), nil }, osthread.On(threads))
			testkit.WantNil(t, "call", err)
			tids[tid] = true
			for range 4 {
				go func() {
					runtime.LockOSThread()
					defer runtime.UnlockOSThread()
					others <- syscall.Gettid()
					<-release
				}()
				if tids[<-others] {
					t.Error("another goroutine has got the thread")
				}
			}
		}
		if len(tids) != 1 {
			t.Errorf("%d threads", len(tids))
		}
	})
}
