package loopblock

import (
	"context"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/portal"
)

func fetch(ctx context.Context) error {
	_, err := http.Get("http://localhost/") // want `loopblock: Get holds up the loop: use RunBlocking`
	return err
}

func post(ctx context.Context) error {
	_, err := http.Post("http://localhost/", "", nil) // want `loopblock: Post holds up the loop: use RunBlocking`
	return err
}

func TestEverywhere(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		begin := time.Now()
		_ = os.Chtimes("file", begin, begin.Add(-time.Hour))
		println(time.Since(begin))                                         // want `loopblock: Since is not simulated`
		_ = anyio.SleepUntil(ctx, time.Now().Add(time.Second))             // want `loopblock: Now is not simulated: use anyio.Now`
		_ = anyio.SleepUntil(ctx, (time.Now()).Add(time.Second))           // want `loopblock: Now is not simulated: use anyio.Now`
		_, _ = http.Get("http://localhost/")                               // want `loopblock: Get holds up the loop: use RunBlocking`
		_ = anyio.RunBlocking(ctx, func() error { return os.Remove("x") }) //
		_ = anyiotest.Fixture(t, ctx, func(ctx context.Context) (int, func(context.Context) error, error) {
			_, err := http.Get("") // want `loopblock: Get holds up the loop`
			return 1, nil, err
		})
		anyiotest.CheckCheckpoint(t, ctx, func(ctx context.Context) error {
			_, err := http.Get("") // want `loopblock: Get holds up the loop`
			return err
		})
		_ = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(fetch)
			tg.Go(post)
			return nil
		})
	})
}

func TestBackends(t *testing.T) {
	work := func(t *testing.T, ctx context.Context) { _, _ = http.Get("") } // want `loopblock: Get holds up the loop`
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		_, _ = http.Get("")
		println(time.Until(time.Now()))
	}, anyiotest.Only("parallel"))
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		_, _ = http.Get("")
	}, anyiotest.Skip("asyncio", "slow"), anyiotest.Skip("sim", "slow"))
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		println(time.Until(time.Now()))
		_, _ = http.Get("") // want `loopblock: Get holds up the loop`
	}, anyiotest.Skip("sim", "it is of the system"), anyiotest.Seeds(1))
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		_, _ = http.Get("") // want `loopblock: Get holds up the loop`
	}, anyiotest.Only("trio", "eventloop"))
	anyiotest.Run(t, work, anyiotest.Only("eventloop"))
	notSim := anyiotest.Only("parallel")
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) { _, _ = http.Get("") }, notSim)
}

// TestSetTwice has a function in a variable that is not the same everywhere.
func TestSetTwice(t *testing.T) {
	work := func(t *testing.T, ctx context.Context) {}
	anyiotest.Run(t, work)
	work = func(t *testing.T, ctx context.Context) { _, _ = http.Get("") }
	anyiotest.Run(t, work, anyiotest.Only("parallel"))
}

func onLoops(t *testing.T, f func(t *testing.T, ctx context.Context), opts ...anyiotest.Option) {
	anyiotest.Run(t, f, append(opts, anyiotest.Only("eventloop", "sim"))...)
}

func withOptions(t *testing.T, f func(t *testing.T, ctx context.Context), opts ...anyiotest.Option) {
	anyiotest.Run(t, f, append(opts, anyiotest.Seeds(1))...)
	anyiotest.Run(t, f, opts...)
}

func served(t *testing.T, f func(ctx context.Context)) {
	onLoops(t, func(t *testing.T, ctx context.Context) { f(ctx) })
}

func TestHelpers(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		_, _ = http.Get("") // want `loopblock: Get holds up the loop`
	})
	served(t, func(ctx context.Context) {
		_, _ = http.Get("") // want `loopblock: Get holds up the loop`
	})
	withOptions(t, func(t *testing.T, ctx context.Context) { _, _ = http.Get("") }, anyiotest.Only("parallel"))
}

func TestSearches(t *testing.T) {
	anyiotest.Search(t, func(t testing.TB, ctx context.Context) {
		_, _ = http.Get("") // want `loopblock: Get holds up the loop`
	}, anyiotest.Schedules(5))
	anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
		return anyiotest.Scenario{
			SetUp: fetch,
			Body: func(ctx context.Context) error {
				println(time.Since(time.Time{})) // want `loopblock: Since is not simulated`
				return nil
			},
		}
	})
}

// TestBothEndsAreTasks has waits that only the loop that waits could end.
func TestBothEndsAreTasks(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		done, numbers, all := make(chan struct{}), make(chan int), make(chan int)
		var wg sync.WaitGroup
		_ = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			wg.Add(1)
			tg.Go(func(ctx context.Context) error {
				defer close(done)
				defer wg.Done()
				numbers <- 1 // want `loopblock: a send to a channel holds up the loop`
				close(all)
				return anyio.Sleep(ctx, 1)
			})
			wg.Wait()            // want `loopblock: Wait holds up the loop: use a task group`
			<-done               // want `loopblock: a receive from a channel holds up the loop`
			println(<-numbers)   // want `loopblock: a receive from a channel holds up the loop`
			for n := range all { // want `loopblock: a loop over a channel holds up the loop`
				println(n)
			}
			<-ctx.Done() // want `loopblock: a receive from a channel holds up the loop`
			select {     // want `loopblock: a select statement holds up the loop`
			case <-done:
			case <-ctx.Done():
			}
			return nil
		})
		<-done // the group is over
	})
}

// TestWaitsAfterwards has a wait before others run.
func TestWaitsAfterwards(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		numbers := make(chan int)
		var of struct{ field chan int }
		of.field = make(chan int)
		_ = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				numbers <- 1  // want `loopblock: a send to a channel holds up the loop`
				of.field <- 1 // want `loopblock: a send to a channel holds up the loop`
				return nil
			})
			println(len(numbers), cap(numbers))
			<-numbers  // want `loopblock: a receive from a channel holds up the loop`
			<-of.field // want `loopblock: a receive from a channel holds up the loop`
			return anyio.Sleep(ctx, 1)
		})
	})
}

// TestHandedOn has a channel that is sent through another one.
func TestHandedOn(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var none sync.WaitGroup
		none.Wait()
		answers, requests := make(chan int), make(chan chan int, 1)
		go func() { <-requests <- 1 }()
		_ = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				requests <- answers
				return nil
			})
			tg.Go(func(ctx context.Context) error {
				<-answers
				return nil
			})
			return nil
		})
	})
}

// TestOutside has waits that are over soon, or that others end.
func TestOutside(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		done, numbers, later := make(chan struct{}), make(chan int), make(chan int)
		buffered, handed := make(chan int, 1), make(chan int)
		var wg, begun sync.WaitGroup
		go func() {
			defer close(done)
			numbers <- <-later
		}()
		later <- 1
		println(<-numbers)
		<-done
		wg.Go(func() {})
		wg.Wait()
		begun.Add(1)
		go func() { begun.Done() }()
		begun.Wait()
		go give(handed)
		<-handed
		closed := make(chan int)
		close(closed)
		<-closed
		_ = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			settled := make(chan int)
			tg.Go(func(ctx context.Context) error {
				buffered <- 1
				defer close(settled)
				<-buffered
				return nil
			})
			defer func() { <-settled }()
			if err := anyio.Sleep(ctx, 1); err != nil {
				return err
			}
			<-settled
			tg.Cancel("enough")
			<-ctx.Done()
			return nil
		})
	})
}

// TestSentBefore has a wait for what the same function has done.
func TestSentBefore(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		closed := make(chan int)
		close(closed)
		<-closed
	})
}

func give(to chan int) { to <- 1 }

func TestPortal(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		release := make(chan int)
		p, _ := portal.New(ctx)
		_, _ = portal.Call(ctx, p, func(context.Context) (int, error) {
			_, _ = http.Get("")
			return <-release, nil
		})
	})
}
