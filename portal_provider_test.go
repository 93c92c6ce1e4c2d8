package anyio_test

import (
	"context"
	"sync"
	"testing"

	"github.com/anyio-go/anyio"
)

func TestManyGoroutinesShareOneProvidedPortal(t *testing.T) {
	ctx := context.Background()
	pp := anyio.NewPortalProvider(anyio.On(anyio.EventLoop()))
	var mu sync.Mutex
	portals := map[*anyio.Portal]bool{}
	var acquired, done sync.WaitGroup
	acquired.Add(20)
	for i := range 20 {
		done.Go(func() {
			p, err := pp.Acquire(ctx)
			acquired.Done()
			if err != nil {
				t.Errorf("acquire: %v", err)
				return
			}
			acquired.Wait() // nobody releases before all have it
			mu.Lock()
			portals[p] = true
			mu.Unlock()
			v, err := anyio.PortalCall(ctx, p, func(ctx context.Context) (int, error) { return i, anyio.Sleep(ctx, 1) })
			if v != i || err != nil {
				t.Errorf("call %d: %d, %v", i, v, err)
			}
			wantNil(t, "release", pp.Release(ctx))
		})
	}
	done.Wait()
	if len(portals) != 1 {
		t.Errorf("%d portals", len(portals))
	}
}
