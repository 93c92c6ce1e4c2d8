package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
)

// getter takes one item.
func getter(r *record, q *asyncio.Queue[int], name string) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		item, err := q.Get(ctx)
		switch {
		case err == nil:
			r.add("%s:%d", name, item)
		case err == asyncio.ErrQueueShutDown:
			r.add("%s:over", name)
			return nil
		default:
			r.add("%s:canceled", name)
		}
		return err
	}
}

func TestQueueHandsItemsOver(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		q := asyncio.NewQueue[int](2)
		if q.MaxSize() != 2 || !q.Empty() || q.Full() || q.Len() != 0 {
			t.Error("a new queue")
		}
		var got []int
		consumer := goes(t, ctx, func(ctx context.Context) error {
			for range 10 {
				item, err := q.Get(ctx)
				if err != nil {
					return err
				}
				got = append(got, item)
				if q.Len() > 2 {
					t.Errorf("%d items", q.Len())
				}
			}
			return nil
		})
		for i := range 10 {
			testkit.Must(t, q.Put(ctx, i))
		}
		ended(t, ctx, consumer)
		if !slices.Equal(got, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) || !q.Empty() {
			t.Errorf("%v, %d left", got, q.Len())
		}
	})
}

func TestQueuesServeWhoWaitsInOrder(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		q, r := asyncio.NewQueue[int](1), &record{}
		var tasks []*asyncio.Task[struct{}]
		for _, name := range []string{"a", "b", "c"} {
			tasks = append(tasks, goes(t, ctx, getter(r, q, name)))
		}
		for i := range 3 {
			testkit.Must(t, q.Put(ctx, i))
			anyioWaits(t, ctx)
		}
		ended(t, ctx, tasks...)
		r.want(t, "a:0 b:1 c:2")
		tasks, r.all = nil, nil
		for i := range 4 {
			tasks = append(tasks, goes(t, ctx, func(ctx context.Context) error { return q.Put(ctx, i) }))
		}
		if !q.Full() {
			t.Error("not full")
		}
		for range 4 {
			testkit.Must(t, getter(r, q, "main")(ctx))
			anyioWaits(t, ctx)
		}
		ended(t, ctx, tasks...)
		r.want(t, "main:0 main:1 main:2 main:3")
	})
}

func TestTryPutAndTryGetDoNotWait(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		q := asyncio.NewQueue[string](1)
		testkit.Must(t, q.TryPut("x"))
		testkit.WantErr(t, q.TryPut("y"), asyncio.ErrQueueFull)
		if v, err := q.TryGet(); v != "x" || err != nil {
			t.Errorf("%q %v", v, err)
		}
		if _, err := q.TryGet(); err != asyncio.ErrQueueEmpty {
			t.Error(err)
		}
		var free asyncio.Queue[int]
		negative := asyncio.NewQueue[int](-1)
		for i := range 100 {
			testkit.Must(t, free.TryPut(i))
			testkit.Must(t, negative.Put(ctx, i))
		}
		if free.Len() != 100 || free.Full() || negative.Full() {
			t.Errorf("%d %v %v", free.Len(), free.Full(), negative.Full())
		}
		for i := range 100 {
			if v, err := free.Get(ctx); v != i || err != nil {
				t.Errorf("%d %v", v, err)
			}
		}
	})
}

func TestQueuesOfThreeKinds(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		for want, q := range map[string]*asyncio.Queue[int]{
			"[3 1 2 1]": asyncio.NewQueue[int](0),
			"[1 2 1 3]": asyncio.NewLifoQueue[int](0),
			"[1 1 2 3]": asyncio.NewPriorityQueue[int](0),
			"[3 2 1 1]": asyncio.NewPriorityQueueFunc(0, func(a, b int) int { return b - a }),
		} {
			var got []int
			for _, item := range []int{3, 1, 2, 1} {
				testkit.Must(t, q.Put(ctx, item))
			}
			for range 4 {
				item, err := q.Get(ctx)
				testkit.Must(t, err)
				got = append(got, item)
			}
			if fmt.Sprint(got) != want {
				t.Errorf("%v, want %s", got, want)
			}
		}
	})
}

const equalItems = "1b 1g 1j 1d 1e 1i 2c 2f 2h 2a"

// What heapq gives for items of which only the digit counts.
func TestEqualItemsOfAPriorityQueueComeAsInPython(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		q := asyncio.NewPriorityQueueFunc(0, func(a, b string) int { return strings.Compare(a[:1], b[:1]) })
		for _, item := range strings.Fields("2a 1b 2c 1d 1e 2f 1g 2h 1i 1j") {
			testkit.Must(t, q.Put(ctx, item))
		}
		var got []string
		for !q.Empty() {
			item, err := q.Get(ctx)
			testkit.Must(t, err)
			got = append(got, item)
		}
		if s := strings.Join(got, " "); s != equalItems {
			t.Errorf("%s, want %s", s, equalItems)
		}
	})
}

func TestCanceledGettersAndPuttersPassTheirTurnOn(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		q, r := asyncio.NewQueue[int](1), &record{}
		a, b := goes(t, ctx, getter(r, q, "a")), goes(t, ctx, getter(r, q, "b"))
		testkit.Must(t, q.TryPut(1)) // wakes a
		a.Cancel("")
		ended(t, ctx, a, b)
		r.want(t, "a:canceled b:1")
		testkit.Must(t, q.TryPut(2))
		c := goes(t, ctx, func(ctx context.Context) error { return q.Put(ctx, 3) })
		d := goes(t, ctx, func(ctx context.Context) error { return q.Put(ctx, 4) })
		testkit.Must(t, getter(r, q, "main")(ctx)) // wakes c
		c.Cancel("")
		ended(t, ctx, c, d)
		testkit.Must(t, getter(r, q, "main")(ctx))
		r.want(t, "a:canceled b:1 main:2 main:4")
		timedOut, err := anyio.MoveOnAfter(ctx, time.Millisecond, getter(r, q, "late"))
		if !timedOut || err != nil {
			t.Errorf("%v %v", timedOut, err)
		}
	})
}

// Who comes when an item is there takes it, and who was woken for it waits again.
func TestWhoIsWokenMayFindTheQueueEmpty(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		q, r := asyncio.NewQueue[int](0), &record{}
		a := goes(t, ctx, getter(r, q, "a"))
		testkit.Must(t, q.TryPut(1))
		testkit.Must(t, getter(r, q, "main")(ctx))
		anyioWaits(t, ctx)
		testkit.Must(t, q.TryPut(2))
		ended(t, ctx, a)
		r.want(t, "main:1 a:2")
	})
}

func TestJoinWaitsForAllThatWasPut(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		q := asyncio.NewQueue[int](0)
		testkit.Must(t, q.Join(ctx)) // nothing to wait for
		done := 0
		for i := range 3 {
			testkit.Must(t, q.TryPut(i))
		}
		worker := goes(t, ctx, func(ctx context.Context) error {
			for {
				if _, err := q.Get(ctx); err != nil {
					return err
				}
				if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
					return err
				}
				done++
				q.TaskDone()
			}
		})
		testkit.Must(t, q.Join(ctx))
		if done != 3 {
			t.Errorf("%d are done", done)
		}
		worker.Cancel("")
		ended(t, ctx, worker)
		testkit.WantMisuse(t, "TaskDone", panics(q.TaskDone))
		testkit.Must(t, q.TryPut(4))
		timedOut, err := anyio.MoveOnAfter(ctx, time.Millisecond, q.Join)
		if !timedOut || err != nil {
			t.Errorf("%v %v", timedOut, err)
		}
	})
}

func TestQueueIsShutDown(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		q, r := asyncio.NewQueue[int](1), &record{}
		a, b := goes(t, ctx, getter(r, q, "a")), goes(t, ctx, getter(r, q, "b"))
		q.Shutdown()
		ended(t, ctx, a, b)
		slices.Sort(r.all)
		r.want(t, "a:over b:over")
		testkit.WantErr(t, q.Put(ctx, 1), asyncio.ErrQueueShutDown)

		for _, immediate := range []bool{false, true} {
			q, r := asyncio.NewQueue[int](1), &record{}
			testkit.Must(t, q.TryPut(1))
			putter := goes(t, ctx, func(ctx context.Context) error {
				testkit.WantErr(t, q.Put(ctx, 2), asyncio.ErrQueueShutDown)
				return nil
			})
			joiner := goes(t, ctx, q.Join)
			if immediate {
				q.ShutdownNow()
			} else {
				q.Shutdown()
			}
			ended(t, ctx, putter)
			anyioWaits(t, ctx)
			if joiner.Done() != immediate || q.Empty() != immediate {
				t.Errorf("joined %v, empty %v", joiner.Done(), q.Empty())
			}
			if !immediate {
				testkit.Must(t, getter(r, q, "main")(ctx))
				q.TaskDone()
			}
			ended(t, ctx, joiner)
			testkit.Must(t, getter(r, q, "main")(ctx))
			if _, err := q.TryGet(); err != asyncio.ErrQueueShutDown {
				t.Error(err)
			}
			r.want(t, map[bool]string{false: "main:1 main:over", true: "main:over"}[immediate])
		}
	})
}

func TestQueueCanceledEverywhere(t *testing.T) {
	canceledEverywhere(t, func() crew {
		q := asyncio.NewQueue[int](1)
		put, got, producers := 0, 0, 2
		produce := func(ctx context.Context) error {
			defer func() {
				if producers--; producers == 0 {
					q.Shutdown()
				}
			}()
			for range 3 {
				if err := q.Put(ctx, 1); err != nil {
					return err
				}
				put++
			}
			return nil
		}
		consume := func(ctx context.Context) error {
			for {
				item, err := q.Get(ctx)
				if err == asyncio.ErrQueueShutDown {
					return nil
				}
				if err != nil {
					return err
				}
				got += item
				q.TaskDone()
			}
		}
		return crew{
			work: []func(ctx context.Context) error{produce, produce, consume, consume},
			check: func(ctx context.Context) (err error) {
				if put != got+q.Len() {
					err = fmt.Errorf("%d put, %d got, %d left", put, got, q.Len())
				}
				q.ShutdownNow()
				return errors.Join(err, q.Join(ctx))
			},
		}
	})
}
