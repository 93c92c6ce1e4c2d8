package anyio_test

import (
	"context"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
)

func TestCallsOnOneOSThreadSeeOneThread(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		threads := anyio.NewOSThreads(1)
		defer threads.Close(ctx)
		tids := map[int]bool{}
		for range 10 {
			tid, err := anyio.RunBlocking(ctx, func() (int, error) { return syscall.Gettid(), nil }, anyio.OnThreads(threads))
			wantNil(t, "call", err)
			tids[tid] = true
		}
		if len(tids) != 1 {
			t.Errorf("%d threads", len(tids))
		}
	})
}
