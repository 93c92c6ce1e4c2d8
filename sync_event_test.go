package anyio_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestEventSetWakesAllWhoWait(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var ev anyio.Event
		woken := make(chan int, 5)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for i := range 5 {
				tg.Go(func(ctx context.Context) error {
					err := ev.Wait(ctx)
					woken <- i
					return err
				})
			}
			testkit.Settled(t, ctx)
			equal(t, "set", ev.IsSet(), false)
			equal(t, "woken", len(woken), 0)
			ev.Set()
			ev.Set() // again: nothing
			equal(t, "set", ev.IsSet(), true)
		})
		equal(t, "woken", len(woken), 5)
		must(t, ev.Wait(ctx))
	})
}

func TestEventWaitCanceled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var ev anyio.Event
		var err error
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			h := tg.Go(func(ctx context.Context) error {
				err = ev.Wait(ctx)
				return err
			})
			testkit.Settled(t, ctx)
			h.Cancel("test")
			ev.Set()
		})
		testkit.WantErr(t, err, anyio.ErrCanceled)
		equal(t, "waiting", ev.TasksWaiting(), 0)
	})
}

func TestEventSetBeforeCancelLetsWaiterThrough(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var ev anyio.Event
		waited, later := error(anyio.ErrWouldBlock), error(nil)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			h := tg.Go(func(ctx context.Context) error {
				waited = ev.Wait(ctx)
				later = anyio.Sleep(ctx, 0)
				return later
			})
			testkit.Settled(t, ctx)
			ev.Set()
			h.Cancel("test")
		})
		must(t, waited)
		if later != nil { // on the parallel backend it may be over before the cancel
			testkit.WantErr(t, later, anyio.ErrCanceled)
		}
	})
}

func TestEventInCanceledScope(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var ev anyio.Event
		ev.Set()
		inCanceledScope(t, ctx, func(ctx context.Context) {
			testkit.WantErr(t, ev.Wait(ctx), anyio.ErrCanceled)
		})
		must(t, ev.Wait(ctx))
	})
}

func TestEventStatistics(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var ev anyio.Event
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for i := range 3 {
				equal(t, "waiting", ev.TasksWaiting(), i)
				tg.Go(ev.Wait)
				testkit.Settled(t, ctx)
			}
			equal(t, "waiting", ev.TasksWaiting(), 3)
			ev.Set()
			equal(t, "waiting", ev.TasksWaiting(), 0)
		})
	})
}

func TestEventWithoutRun(t *testing.T) {
	var ev anyio.Event
	ctx, cancel := context.WithCancel(context.Background())
	errs := make(chan error)
	go func() { errs <- ev.Wait(context.Background()) }()
	go func() { errs <- ev.Wait(ctx) }()
	for ev.TasksWaiting() < 2 {
		must(t, anyio.Sleep(context.Background(), 0))
	}
	cancel()
	testkit.WantErr(t, <-errs, context.Canceled)
	ev.Set()
	must(t, <-errs)
	must(t, ev.Wait(context.Background()))
	testkit.WantErr(t, ev.Wait(ctx), context.Canceled)
}

func TestEventSetOutsideBeforeTheRun(t *testing.T) {
	var ev anyio.Event
	ev.Set()
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		must(t, ev.Wait(ctx))
	})
}

func TestEventSetByAnotherGoroutine(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.SkipSim(t, ctx)
		for range 20 {
			var ev anyio.Event
			value := 0
			go func() {
				value = 42
				ev.Set()
			}()
			must(t, ev.Wait(ctx))
			equal(t, "value written before Set", value, 42)
		}
	})
}

// A goroutine that is no task waits on the loop's context; only it is blocked.
func TestEventWaitByAnotherGoroutine(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.SkipSim(t, ctx)
		var ev, done anyio.Event
		var err error
		go func() {
			defer done.Set()
			err = ev.Wait(ctx)
		}()
		for ev.TasksWaiting() == 0 {
			must(t, anyio.Sleep(ctx, 0))
		}
		ev.Set()
		must(t, done.Wait(ctx))
		must(t, err)
	})
}

func TestEventWaitByAnotherGoroutineCanceled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.SkipSim(t, ctx)
		var ev, done anyio.Event
		var err error
		must(t, anyio.WithCancelScope(ctx, func(inner context.Context, scope *anyio.CancelScope) error {
			go func() { //anyiovet:ignore barego a goroutine of nobody
				defer done.Set()
				err = ev.Wait(inner)
			}()
			for ev.TasksWaiting() == 0 {
				must(t, anyio.Sleep(ctx, 0)) //anyiovet:ignore outerctx the scope is canceled
			}
			scope.Cancel("test")
			return done.Wait(ctx) //anyiovet:ignore outerctx the scope is canceled
		}))
		testkit.WantErr(t, err, anyio.ErrCanceled)
		equal(t, "waiting", ev.TasksWaiting(), 0)
	})
}

func TestEventObeysDerivedContext(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var ev anyio.Event
		var err error
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			cancels := make(chan context.CancelFunc, 1)
			tg.Go(func(ctx context.Context) error {
				ctx, cancel := context.WithCancel(ctx)
				cancels <- cancel
				err = ev.Wait(ctx)
				return nil
			})
			testkit.Settled(t, ctx)
			(<-cancels)()
		})
		testkit.WantErr(t, err, context.Canceled)
	})
}

// The context of an http request ends when the client goes away.
func TestEventObeysRequestContext(t *testing.T) {
	var never, entered anyio.Event
	waited := make(chan error, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		entered.Set()
		waited <- never.Wait(r.Context())
	}))
	defer srv.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		must(t, entered.Wait(context.Background()))
		cancel()
	}()
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
		t.Error("the request was answered")
	}
	testkit.WantErr(t, <-waited, context.Canceled)
}
