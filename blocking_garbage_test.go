package anyio_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// collected reports whether the collector comes to free what clean tells of.
func collected(freed *atomic.Bool) bool {
	return soon(func() bool { runtime.GC(); return freed.Load() })
}

type kilobyte struct{ _ [1024]byte }

// While the run goes on, nothing of a call that is over is kept: neither what its
// function captured, nor its result, nor the task that called and its values.
func TestBlockingCallsKeepNothingOfThemselves(t *testing.T) {
	type key struct{}
	for _, b := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop(), sim.New(sim.Config{})} {
		for name, opts := range map[string][]anyio.BlockingOption{"plain": nil, "abandonable": {anyio.AbandonOnCancel()}} {
			t.Run(b.Name()+"/"+name, func(t *testing.T) {
				var argument, result, value atomic.Bool
				free := func(b *atomic.Bool) { b.Store(true) }
				err := anyio.Run(context.Background(), func(ctx context.Context) error {
					call := func(ctx context.Context) error {
						arg := &kilobyte{}
						runtime.AddCleanup(arg, free, &argument)
						_, err := anyio.RunBlockingValue(ctx, func() (*kilobyte, error) {
							runtime.KeepAlive(arg)
							res := &kilobyte{}
							runtime.AddCleanup(res, free, &result)
							return res, nil
						}, opts...)
						return err
					}
					group := func(ctx context.Context) error {
						v := &kilobyte{}
						runtime.AddCleanup(v, free, &value)
						return anyio.WithTaskGroup(context.WithValue(ctx, key{}, v), func(_ context.Context, tg *anyio.TaskGroup) error {
							tg.Go(call)
							return nil
						})
					}
					if err := group(ctx); err != nil {
						return err
					}
					if !collected(&argument) || !collected(&result) || !collected(&value) {
						t.Errorf("freed: argument %v, result %v, value of the context %v", argument.Load(), result.Load(), value.Load())
					}
					return nil
				}, anyio.On(b))
				testkit.WantNil(t, "run", err)
			})
		}
	}
}
