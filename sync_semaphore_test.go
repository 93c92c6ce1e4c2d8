package anyio_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestSemaphoreArguments(t *testing.T) {
	wantPanic(t, "the initial value of a Semaphore must be >= 0", func() { anyio.NewSemaphore(-1) })
	wantPanic(t, "the initial value of a Semaphore must be >= 0", func() { anyio.NewBoundedSemaphore(-1, 1) })
	wantPanic(t, "the maximum of a Semaphore must be equal to or higher", func() { anyio.NewBoundedSemaphore(2, 1) })
}

func TestSemaphoreValueStaysInBounds(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		sem := anyio.NewSemaphore(2)
		inside, most := make(chan int, 3), 0
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for i := range 10 {
				tg.Go(func(ctx context.Context) error {
					return sem.Do(ctx, func(ctx context.Context) error {
						inside <- i
						if v := sem.Value(); v < 0 || v > 1 {
							t.Errorf("value is %d while a slot is taken", v)
						}
						if len(inside) > 2 {
							t.Errorf("%d tasks inside", len(inside))
						}
						err := anyio.Sleep(ctx, 0)
						<-inside
						return err
					})
				})
			}
			testkit.Settled(t, ctx)
			most = sem.Value()
		})
		equal(t, "value at the end", sem.Value(), 2)
		equal(t, "value when settled", most, 2)
	})
}

func TestSemaphoreTryAcquire(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		sem := anyio.NewSemaphore(1)
		must(t, sem.TryAcquire())
		equal(t, "value", sem.Value(), 0)
		testkit.WantErr(t, sem.TryAcquire(), anyio.ErrWouldBlock)
		sem.Release()
		equal(t, "value", sem.Value(), 1)
	})
}

func TestSemaphoreZeroValue(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var sem anyio.Semaphore
		testkit.WantErr(t, sem.TryAcquire(), anyio.ErrWouldBlock)
		_, bounded := sem.MaxValue()
		equal(t, "bounded", bounded, false)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(sem.Acquire)
			testkit.Settled(t, ctx)
			sem.Release() // by another task
		})
		equal(t, "value", sem.Value(), 0)
	})
}

func TestSemaphoreMaxValue(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		const tooMany = "semaphore released too many times"
		sem := anyio.NewBoundedSemaphore(1, 2)
		limit, bounded := sem.MaxValue()
		equal(t, "maximum", limit, 2)
		equal(t, "bounded", bounded, true)
		sem.Release()
		wantPanic(t, tooMany, sem.Release)
		equal(t, "value", sem.Value(), 2)

		none := anyio.NewBoundedSemaphore(0, 0)
		wantPanic(t, tooMany, none.Release)

		_, bounded = anyio.NewSemaphore(1).MaxValue()
		equal(t, "bounded", bounded, false)
		full := anyio.NewBoundedSemaphore(math.MaxInt, math.MaxInt)
		wantPanic(t, tooMany, full.Release)
		equal(t, "value", full.Value(), math.MaxInt)
	})
}

func TestSemaphoreServesInOrder(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		sem := anyio.NewSemaphore(0)
		var order []int
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for i := range 6 {
				tg.Go(func(ctx context.Context) error {
					if err := sem.Acquire(ctx); err != nil {
						return err
					}
					order = append(order, i)
					sem.Release()
					return nil
				})
				testkit.Settled(t, ctx)
				equal(t, "waiting", sem.TasksWaiting(), i+1)
			}
			sem.Release()
		})
		if !slices.IsSorted(order) || len(order) != 6 {
			t.Errorf("served in the order %v", order)
		}
		equal(t, "value", sem.Value(), 1)
	})
}

func TestSemaphoreCanceledWhileWaiting(t *testing.T) {
	for _, releaseFirst := range []bool{false, true} {
		name := map[bool]string{false: "cancel then release", true: "release then cancel"}[releaseFirst]
		t.Run(name, func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				sem := anyio.NewSemaphore(1)
				var err error
				must(t, sem.Acquire(ctx))
				group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
					h := tg.Go(func(ctx context.Context) error {
						if err = sem.Acquire(ctx); err == nil {
							sem.Release()
						}
						return err
					})
					testkit.Settled(t, ctx)
					if releaseFirst {
						sem.Release()
						h.Cancel("test")
					} else {
						h.Cancel("test")
						sem.Release()
					}
				})
				if releaseFirst {
					must(t, err)
				} else {
					testkit.WantErr(t, err, anyio.ErrCanceled)
				}
				equal(t, "value", sem.Value(), 1)
				equal(t, "waiting", sem.TasksWaiting(), 0)
			})
		})
	}
}

// The last who waits gives up; then there is nobody to hand a slot over to.
func TestSemaphoreQueueGivenUp(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		sem := anyio.NewBoundedSemaphore(0, 1)
		timedOut, err := anyio.MoveOnAfter(ctx, 1, sem.Acquire)
		must(t, err)
		equal(t, "timed out", timedOut, true)
		equal(t, "waiting", sem.TasksWaiting(), 0)
		sem.Release()
		equal(t, "value", sem.Value(), 1)
		must(t, sem.Acquire(ctx))
	})
}

// Between a release and the run of the task that gets the slot nobody barges in.
func TestSemaphoreHandsOverAtRelease(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		sem := anyio.NewSemaphore(1)
		must(t, sem.Acquire(ctx))
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(sem.Acquire)
			testkit.Settled(t, ctx)
			sem.Release()
			equal(t, "value", sem.Value(), 0)
			testkit.WantErr(t, sem.TryAcquire(), anyio.ErrWouldBlock)
			equal(t, "waiting", sem.TasksWaiting(), 0)
		})
		testkit.WantErr(t, sem.TryAcquire(), anyio.ErrWouldBlock)
	})
}

func TestSemaphoreInCanceledScope(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		sem := anyio.NewSemaphore(1)
		inCanceledScope(t, ctx, func(ctx context.Context) {
			testkit.WantErr(t, sem.Acquire(ctx), anyio.ErrCanceled)
			testkit.WantErr(t, sem.Do(ctx, func(context.Context) error { return nil }), anyio.ErrCanceled)
		})
		equal(t, "value", sem.Value(), 1)
	})
}

func TestSemaphoreDoReleases(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		sem := anyio.NewBoundedSemaphore(1, 1)
		testkit.WantErr(t, sem.Do(ctx, func(context.Context) error { return testkit.ErrBoom }), testkit.ErrBoom)
		func() {
			defer func() { equal(t, "panic", recover(), any("ouch")) }()
			_ = sem.Do(ctx, func(context.Context) error { panic("ouch") })
		}()
		equal(t, "value", sem.Value(), 1)
	})
}

func TestSemaphoreWithForeignContexts(t *testing.T) {
	sem := anyio.NewSemaphore(1)
	must(t, sem.Acquire(context.Background()))
	ctx, cancel := context.WithCancel(context.Background())
	errs := make(chan error)
	go func() { errs <- sem.Acquire(ctx) }()
	for sem.TasksWaiting() == 0 {
		must(t, anyio.Sleep(context.Background(), 0))
	}
	cancel()
	testkit.WantErr(t, <-errs, context.Canceled)
	sem.Release()
	equal(t, "value", sem.Value(), 1)
}
