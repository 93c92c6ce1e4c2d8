package asyncio_test

import (
	"context"
	"runtime"
	"testing"
	"weak"

	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
)

// A getter that is canceled lets the next one look only if it was woken itself, and the item
// is still there: who looks in vain loses its place.
func TestCanceledGettersDoNotCostOthersTheirPlace(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		for _, woken := range []bool{false, true} {
			q, r := asyncio.NewQueue[int](0), &record{}
			var tasks []*asyncio.Task[struct{}]
			for _, name := range []string{"a", "b", "c", "d"} {
				tasks = append(tasks, goes(t, ctx, getter(r, q, name)))
			}
			if woken { // for an item that is not there any more
				testkit.Must(t, q.TryPut(1))
				if v, err := q.TryGet(); v != 1 || err != nil {
					t.Errorf("%d %v", v, err)
				}
				tasks[0].Cancel("")
			} else { // while there is one that is another's
				tasks[1].Cancel("")
				testkit.Must(t, q.TryPut(1))
				ended(t, ctx, tasks[1])
			}
			ended(t, ctx, tasks[0])
			anyioWaits(t, ctx)
			r.all = nil
			for i, left := range tasks[1:] {
				if left.Done() {
					continue
				}
				testkit.Must(t, q.TryPut(i))
				ended(t, ctx, left)
			}
			r.want(t, map[bool]string{false: "c:1 d:2", true: "b:0 c:1 d:2"}[woken])
		}
	})
}

func TestAllWhoJoinAreWoken(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		q := asyncio.NewQueue[int](0)
		testkit.Must(t, q.TryPut(1))
		a, b := goes(t, ctx, q.Join), goes(t, ctx, q.Join)
		q.TaskDone()
		ended(t, ctx, a, b)
	})
}

// What was taken out of a queue is not kept alive by it.
func TestQueuesKeepNothingThatWasTaken(t *testing.T) {
	type item struct{ n [16]int } // which is too big to share memory with others
	for name, q := range map[string]*asyncio.Queue[*item]{
		"fifo":     asyncio.NewQueue[*item](0),
		"lifo":     asyncio.NewLifoQueue[*item](0),
		"priority": asyncio.NewPriorityQueueFunc(0, func(a, b *item) int { return a.n[0] - b.n[0] }),
	} {
		var taken [5]weak.Pointer[item]
		for i := range taken {
			v := &item{}
			v.n[0] = i
			taken[i] = weak.Make(v)
			testkit.Must(t, q.TryPut(v))
		}
		for range taken {
			if _, err := q.TryGet(); err != nil {
				t.Error(err)
			}
		}
		for i := range taken {
			for range 100 {
				if taken[i].Value() == nil {
					break
				}
				runtime.GC()
			}
			if taken[i].Value() != nil {
				t.Errorf("%s: item %d is still there", name, i)
			}
		}
		runtime.KeepAlive(q)
	}
}
