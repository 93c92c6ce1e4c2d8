package anyioutils_test

import (
	"bytes"
	"context"
	"log/slog"
	"runtime"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/anyioutils"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestQueueHoldsUpToItsSize(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		q := anyioutils.NewQueue[int](2)
		_, err := q.TryGet()
		testkit.WantErr(t, err, anyio.ErrWouldBlock)
		if !q.Empty() || q.Full() || q.Len() != 0 || q.MaxSize() != 2 {
			t.Errorf("new: %t %t %d %d", q.Empty(), q.Full(), q.Len(), q.MaxSize())
		}
		testkit.WantNil(t, "Put", q.Put(ctx, 1))
		testkit.WantNil(t, "TryPut", q.TryPut(2))
		testkit.WantErr(t, q.TryPut(3), anyio.ErrWouldBlock)
		if q.Empty() || !q.Full() || q.Len() != 2 {
			t.Errorf("full: %t %t %d", q.Empty(), q.Full(), q.Len())
		}
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			put := tg.Go(func(ctx context.Context) error { return q.Put(ctx, 3) })
			testkit.Settled(t, ctx)
			if put.Status() != anyio.Pending {
				t.Error("Put did not wait for room")
			}
			for want := 1; want <= 3; want++ {
				if v, err := q.Get(ctx); v != want || err != nil {
					t.Errorf("Get: %d, %v, want %d", v, err, want)
				}
			}
			got := anyio.GoValue(tg, q.Get)
			testkit.Settled(t, ctx)
			testkit.WantNil(t, "Put", q.Put(ctx, 4))
			if v, err := got.Await(ctx); v != 4 || err != nil {
				t.Errorf("who waited got %d, %v", v, err)
			}
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestQueueWithoutALimit(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, size := range []int{0, -5} {
			q := anyioutils.NewQueue[int](size)
			for i := range 1000 {
				testkit.WantNil(t, "TryPut", q.TryPut(i))
			}
			if q.Full() || q.Len() != 1000 || q.MaxSize() != size {
				t.Errorf("%t %d %d", q.Full(), q.Len(), q.MaxSize())
			}
			for i := range 1000 {
				if v, err := q.TryGet(); v != i || err != nil {
					t.Fatalf("%d: %d, %v", i, v, err)
				}
			}
		}
	})
}

func TestQueueLosesNothingWhenCanceled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		q := anyioutils.NewQueue[int](1)
		testkit.StartsNothing(t, ctx, func(ctx context.Context) error { return q.Put(ctx, 1) })
		testkit.WantNil(t, "Put", q.Put(ctx, 2))
		cut, err := anyio.MoveOnAfter(ctx, 1, func(ctx context.Context) error { return q.Put(ctx, 3) })
		if !cut || err != nil || q.Len() != 1 {
			t.Errorf("%t, %v, %d items", cut, err, q.Len())
		}
	})
}

// Nobody closes a queue, so a debug run must not ask for it.
func TestForgottenQueueIsNotReported(t *testing.T) {
	var log bytes.Buffer
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(old)
	collected := make(chan bool)
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		func() {
			q := anyioutils.NewQueue[*[64]byte](0)
			item := new([64]byte)
			runtime.AddCleanup(item, func(c chan bool) { close(c) }, collected)
			_ = q.TryPut(item)
		}()
		for {
			runtime.GC()
			select {
			case <-collected:
				return nil
			default:
				runtime.Gosched()
			}
		}
	}, anyio.Debug())
	testkit.WantNil(t, "run", err)
	runtime.GC()
	if strings.Contains(log.String(), "closed") {
		t.Error(log.String())
	}
}
