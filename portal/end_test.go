package portal_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/portal"
	"github.com/anyio-go/anyio/sim"
)

func TestLeavingAPortalBodyInACanceledScopeWaitsForItsCleanup(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			cleaned := false
			_, leave, err := portal.Open(ctx, p, func(ctx context.Context, body func(ctx context.Context, v int) error) error {
				err := body(ctx, 1)
				return anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
					cleaning := anyio.Sleep(ctx, 1)
					cleaned = true
					if cleaning != nil {
						return cleaning
					}
					return err
				})
			})
			testkit.WantNil(t, "open", err)
			err = anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
				s.Cancel("")
				err := leave(ctx, nil)
				testkit.WantNil(t, "leave", err) // the cleanup succeeded
				if !cleaned {
					t.Error("leave has not waited")
				}
				return anyio.Sleep(ctx, 0)
			})
			testkit.WantNil(t, "scope", err)
			testkit.WantMisuse(t, "no function", testkit.Recovered(func() {
				_, _, _ = portal.Open[int](ctx, p, nil)
			}))
			return nil
		})
		testkit.WantNil(t, "portal", err)
	}, likeGoroutines, anyiotest.Seeds(1, 2, 10, 14, 24)) // also where leave is called before the task waits for it
}

// likeGoroutines has the simulator interrupt tasks wherever goroutines may be.
var likeGoroutines = anyiotest.SimConfig(func(c *sim.Config) { c.Model = sim.Goroutines })

// A task of the run that ends acquires the next one: it does not wait for itself.
func TestTaskOfAnEndingProvidedPortalMayAcquireAnew(t *testing.T) {
	ctx := context.Background()
	pp := portal.NewProvider()
	p, err := pp.Acquire(ctx)
	testkit.WantNil(t, "acquire", err)
	task, err := portal.Go(p, func(ctx context.Context) (bool, error) {
		if err := p.WaitStopped(ctx); err != nil {
			return false, err
		}
		next, err := pp.Acquire(ctx)
		if err != nil {
			return false, err
		}
		return next != p, pp.Release(ctx)
	})
	testkit.WantNil(t, "spawn", err)
	testkit.WantNil(t, "release", pp.Release(ctx))
	if another, err := task.Await(ctx); !another || err != nil {
		t.Errorf("%v, %v", another, err)
	}
}

func TestPortalCallEndsWhenAGoroutineCancelsItsCaller(t *testing.T) {
	for _, b := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		p, err := portal.New(context.Background(), anyio.On(b))
		testkit.WantNil(t, "start", err)
		for _, late := range []bool{true, false} { // the cancellation comes when the task waits, or at any time
			var waiting anyio.Event
			ctx, cancel := context.WithCancel(context.Background())
			go func() {
				if !late || waiting.Wait(context.Background()) == nil {
					cancel()
				}
			}()
			_, err = portal.Call(ctx, p, func(ctx context.Context) (int, error) {
				waiting.Set()
				return 0, anyio.SleepForever(ctx)
			})
			testkit.WantCanceled(t, b.Name(), err)
		}
		testkit.WantNil(t, "close", p.Close(context.Background()))
	}
}

// A lateContext is canceled when its Done is asked for that often.
type lateContext struct {
	context.Context
	cancel context.CancelFunc
	left   atomic.Int32
}

func (c *lateContext) Done() <-chan struct{} {
	if c.left.Add(-1) == 0 {
		c.cancel()
	}
	return c.Context.Done()
}

// The caller may be canceled also before the task has joined its group, and while it
// drives the loop of the task, which hears of it in any case. The first step is the
// call itself: no task is started.
func TestPortalCallWhoseCallerIsCanceledAtAnyStep(t *testing.T) {
	for _, b := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		p, err := portal.New(context.Background(), anyio.On(b))
		testkit.WantNil(t, "start", err)
		var begun, unwound [6]int
		for i := range 1000 {
			step := i % len(begun)
			c := &lateContext{}
			c.Context, c.cancel = context.WithCancel(context.Background())
			c.left.Store(int32(step) + 1)
			v, err := portal.Call(c, p, func(ctx context.Context) (int, error) {
				begun[step]++
				for c.Err() == nil { // if the call asks less often
					c.Done()
				}
				err := anyio.SleepForever(ctx)
				if errors.Is(err, anyio.ErrCanceled) && strings.Contains(err.Error(), "the caller of portal.Call was canceled") {
					unwound[step]++
				}
				return 7, err
			})
			if v != 0 || !errors.Is(err, anyio.ErrCanceled) {
				t.Errorf("%s, step %d: got %d, %v", b.Name(), step, v, err)
			}
		}
		testkit.WantNil(t, "close", p.Close(context.Background()))
		if begun[0] != 0 || begun[len(begun)-1] != 1000/len(begun) || unwound != begun {
			t.Errorf("%s: tasks that began %v, those that heard why they end %v", b.Name(), begun, unwound)
		}
	}
}

// Who calls into an idle loop drives it, and goes on for as long as other tasks are
// ready. Its cancellation reaches its task all the same.
func TestPortalCallIsCanceledWhileItsCallerDrivesABusyLoop(t *testing.T) {
	p, err := portal.New(context.Background(), anyio.On(anyio.EventLoop()))
	testkit.WantNil(t, "start", err)
	for range 50 {
		ctx, cancel := context.WithCancel(context.Background())
		v, err := portal.Call(ctx, p, func(ctx context.Context) (int, error) {
			var over atomic.Bool
			defer over.Store(true)
			_, err := portal.Go(p, func(ctx context.Context) (int, error) {
				for !over.Load() {
					if err := anyio.Sleep(ctx, 0); err != nil {
						return 0, err
					}
				}
				return 0, nil
			})
			if err != nil {
				return 1, err
			}
			cancel()
			return 2, anyio.SleepForever(ctx)
		})
		if v != 0 || !errors.Is(err, anyio.ErrCanceled) {
			t.Errorf("got %d, %v", v, err)
		}
	}
	testkit.WantNil(t, "close", p.Close(context.Background()))
}

func TestPortalTaskIsNamedAndCanBeCanceledAlsoAfterStop(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			for _, stopFirst := range []bool{false, true} {
				task, err := portal.Go(p, func(ctx context.Context) (int, error) { return 1, anyio.SleepForever(ctx) }, anyio.Name("sleeper"))
				if err != nil {
					return err
				}
				if task.Name() != "sleeper" {
					t.Errorf("name %q", task.Name())
				}
				testkit.Settled(t, ctx)
				if stopFirst {
					p.Stop()
				}
				task.Cancel("enough")
				if v, err := task.Await(ctx); v != 0 || !errors.Is(err, anyio.ErrTaskCanceled) || errors.Is(err, anyio.ErrCanceled) {
					t.Errorf("stopped %v: got %d, %v", stopFirst, v, err)
				} else if !strings.Contains(err.Error(), `"sleeper" was canceled: enough (by`) || !strings.Contains(err.Error(), "portal/end_test.go:") {
					t.Errorf("%v: it does not say why and by whom", err)
				}
			}
			return nil
		})
		testkit.WantNil(t, "portal", err)
	})
}
