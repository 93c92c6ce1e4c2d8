// Workerpool bounds how many jobs run at the same time with a capacity limiter.
// There are no worker goroutines to feed and to stop: each job is a task that
// borrows a token while it works. The limit can be changed at any time, and
// the limiter knows who holds its tokens.
package main

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio"
)

// A gauge remembers the most jobs that ran at once.
type gauge struct{ now, most atomic.Int64 }

func (g *gauge) enter() {
	n := g.now.Add(1)
	for {
		most := g.most.Load()
		if n <= most || g.most.CompareAndSwap(most, n) {
			return
		}
	}
}

func (g *gauge) leave() { g.now.Add(-1) }

// resize stands for real work: it takes a few milliseconds.
func resize(ctx context.Context, g *gauge, image int) (pixels int, err error) {
	g.enter()
	defer g.leave()
	err = anyio.Sleep(ctx, time.Duration(5+image%4)*time.Millisecond)
	return image * 1000, err
}

// resizeAll resizes images 1 … n, as many at a time as the limiter allows.
func resizeAll(ctx context.Context, limiter *anyio.CapacityLimiter, g *gauge, n int) (total int, err error) {
	var jobs []*anyio.ValueHandle[int]
	err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for image := 1; image <= n; image++ {
			job := func(ctx context.Context) (pixels int, err error) {
				err = limiter.Do(ctx, func(ctx context.Context) error {
					pixels, err = resize(ctx, g, image)
					return err
				})
				return pixels, err
			}
			jobs = append(jobs, anyio.GoValue(tg, job, anyio.Name(fmt.Sprintf("image %d", image))))
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, job := range jobs {
		pixels, _ := job.Value() // all jobs have ended well
		total += pixels
	}
	return total, nil
}

func run(ctx context.Context) error {
	limiter := anyio.NewCapacityLimiter(4)
	for _, limit := range []int{4, 12} {
		limiter.SetTotalTokens(limit)
		var g gauge
		total, err := resizeAll(ctx, limiter, &g, 60)
		if err != nil {
			return err
		}
		fmt.Printf("limit %2d: 60 images, %d pixels, at most %d at once\n", limit, total, g.most.Load())
	}

	// Who holds the tokens, and who waits, can be asked at any time.
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		limiter.SetTotalTokens(2)
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			tg.Go(func(ctx context.Context) error { return limiter.Do(ctx, anyio.SleepForever) }, anyio.Name(name))
		}
		if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
			return err
		}
		st := limiter.Statistics()
		fmt.Printf("%d of %d tokens are borrowed, %d jobs wait\n", st.BorrowedTokens, st.TotalTokens, st.TasksWaiting)
		tg.Cancel("seen enough")
		return nil
	})
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "workerpool:", err)
		os.Exit(1)
	}
}
