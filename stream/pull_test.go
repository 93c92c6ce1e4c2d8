package stream_test

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/stream"
)

// feed sends 4 numbers of one parity, then ends the stream.
func feed(s *stream.MemorySendStream[int], first int) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		defer s.Close(ctx)
		for i := range 4 {
			if err := anyio.Sleep(ctx, 0); err != nil {
				return err
			}
			if err := s.Send(ctx, 2*i+first); err != nil {
				return err
			}
		}
		return nil
	}
}

func backendName(ctx context.Context) string { return kernel.Locate(ctx).Run().Backend.Name() }

type puller func(seq iter.Seq2[int, error]) (next func() (int, error, bool), stop func())

// merge reads two streams side by side by pull.
func merge(ctx context.Context, pull puller) (got []int, err error) {
	s1, r1 := stream.Memory[int](0)
	s2, r2 := stream.Memory[int](0)
	defer r1.Close(ctx)
	defer r2.Close(ctx)
	err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		defer tg.Cancel("merged")
		tg.Go(feed(s1, 0))
		tg.Go(feed(s2, 1))
		var nexts []func() (int, error, bool)
		for _, r := range []*stream.MemoryReceiveStream[int]{r1, r2} {
			next, stop := pull(r.All(ctx))
			defer stop()
			nexts = append(nexts, next)
		}
		for i := 0; ; i++ {
			v, err, ok := nexts[i%2]()
			if err != nil || !ok {
				return err
			}
			got = append(got, v)
		}
	})
	return got, err
}

func TestPullReadsSideBySide(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		got, err := merge(ctx, stream.Pull[int, error])
		if err != nil || !slices.Equal(got, []int{0, 1, 2, 3, 4, 5, 6, 7}) {
			t.Errorf("%v, %v", got, err)
		}
	})
}

// What is pulled may itself pull, run groups, and be called by other tasks in turn.
func TestPullOfPulledAndByOtherTasks(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		s, r := stream.Memory[int](0)
		defer r.Close(ctx)
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(feed(s, 0))
			doubled := func(yield func(int, error) bool) {
				next, stop := stream.Pull(r.All(ctx))
				defer stop()
				for v, err, ok := next(); ok; v, err, ok = next() {
					if err == nil {
						err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
							tg.Go(func(ctx context.Context) error { return anyio.Sleep(ctx, time.Nanosecond) })
							return nil
						})
					}
					if err == nil {
						_, err = anyio.RunBlockingValue(ctx, func() (int, error) { runtime.Gosched(); return 0, nil })
					}
					if !yield(2*v, err) {
						return
					}
				}
			}
			next, stop := stream.Pull(doubled)
			defer stop()
			for i := range 4 {
				v, err := anyio.GoValue(tg, func(ctx context.Context) (int, error) {
					v, err, ok := next()
					if !ok {
						t.Error("the sequence ended early")
					}
					return v, err
				}).Await(ctx)
				if err != nil || v != 4*i {
					t.Errorf("%d: %d, %v", i, v, err)
				}
			}
			if _, _, ok := next(); ok {
				t.Error("it goes on after the end")
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestPullOfAsCompleted(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		take := func(d time.Duration) func(ctx context.Context) (time.Duration, error) {
			return func(ctx context.Context) (time.Duration, error) { return d, anyio.Sleep(ctx, d) }
		}
		next, stop := stream.Pull(anyio.AsCompleted(ctx, take(time.Hour), take(time.Millisecond)))
		defer stop()
		h, err, ok := next()
		if err != nil || !ok {
			t.Fatal(err, ok)
		}
		if v, err := h.Value(); v != time.Millisecond || err != nil {
			t.Errorf("%v, %v", v, err)
		}
		stop() // cancels the other one and waits for it
		if tasks := anyio.RunningTasks(ctx); len(tasks) != 1 {
			t.Errorf("tasks: %v", tasks)
		}
	})
}

func TestStopOfPullWaitsForTheSequencesCleanup(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		cleaned := false
		next, stop := stream.Pull(func(yield func(int, error) bool) {
			defer func() {
				cleaned = anyio.Shielded(ctx, time.Minute, func(ctx context.Context) error { return anyio.Sleep(ctx, time.Millisecond) }) == nil
			}()
			for i := 0; yield(i, nil); i++ {
				_ = anyio.Sleep(ctx, 0)
			}
		})
		for i := range 3 {
			if v, _, ok := next(); v != i || !ok {
				t.Errorf("%d: %d, %t", i, v, ok)
			}
		}
		stop()
		stop()
		if _, _, ok := next(); ok || !cleaned {
			t.Errorf("after stop: %t, cleaned %t", ok, cleaned)
		}
		_, stopUnused := stream.Pull(func(func(int, error) bool) { t.Error("it ran") })
		stopUnused()
	})
}

// The caller's cancellation reaches what the sequence waits for, and a panic of the
// sequence the caller, which goes on on its own goroutine.
func TestPullCarriesCancellationAndPanic(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		s, r := stream.Memory[int](0)
		defer s.Close(ctx)
		defer r.Close(ctx)
		timedOut, err := anyio.MoveOnAfter(ctx, time.Millisecond, func(ctx context.Context) error {
			next, stop := stream.Pull(r.All(ctx))
			defer stop()
			_, err, _ := next()
			return err
		})
		if !timedOut || err != nil {
			t.Errorf("timed out %t, %v", timedOut, err)
		}
		func() {
			defer func() {
				if v := recover(); v != "theirs" {
					t.Errorf("recovered %v", v)
				}
			}()
			next, stop := stream.Pull(func(func(int, error) bool) { _ = anyio.Sleep(ctx, 0); panic("theirs") })
			defer stop()
			next()
		}()
		if err := anyio.Sleep(ctx, time.Nanosecond); err != nil {
			t.Error(err)
		}
	})
}

func TestGoexitOfAPulledSequenceExitsTheTask(t *testing.T) {
	for _, b := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop(), sim.New(sim.Config{})} {
		exited := make(chan bool, 1)
		over := make(chan struct{})
		go func() { // the host exits, too
			defer close(over)
			_ = anyio.Run(context.Background(), func(ctx context.Context) error {
				defer func() { exited <- recover() == nil }()
				next, stop := stream.Pull(func(func(int, error) bool) {
					_ = anyio.Sleep(ctx, time.Nanosecond)
					runtime.Goexit()
				})
				defer stop()
				next()
				t.Errorf("%s: next returned", b.Name())
				return nil
			}, anyio.On(b))
			t.Errorf("%s: Run returned", b.Name())
		}()
		<-over
		if !<-exited {
			t.Errorf("%s: it panicked", b.Name())
		}
	}
}

func TestTaskThatWaitsInAPulledSequenceIsSeenToWait(t *testing.T) {
	for name, pull := range map[string]puller{"stream.Pull": stream.Pull[int, error], "iter.Pull2": iter.Pull2[int, error]} {
		t.Run(name, func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				if name == "iter.Pull2" && backendName(ctx) != "parallel" {
					t.Skip("a loop refuses it")
				}
				s, r := stream.Memory[int](0)
				defer r.Close(ctx)
				err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						next, stop := pull(r.All(ctx))
						defer stop()
						_, err, _ := next()
						return err
					}, anyio.Name("puller"))
					if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
						return err
					}
					for _, task := range anyio.RunningTasks(ctx) {
						if task.Name != "puller" {
							continue
						}
						if at := task.Sources(); task.WaitsFor != "MemoryReceiveStream.Receive" || len(at) != 1 || !strings.Contains(at[0], "pull_test.go") {
							t.Errorf("waits for %q at %q", task.WaitsFor, at)
						}
					}
					return s.Close(ctx)
				})
				if err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// A loop would stand still; the wait is refused and names what to use instead.
func TestIterPullOfAWaitingSequenceIsRefusedOnLoops(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		if backendName(ctx) == "scatter" {
			t.Skip("whether anybody waits depends on the other loops")
		}
		got, err := merge(ctx, iter.Pull2[int, error])
		if backendName(ctx) == "parallel" {
			if err != nil || len(got) != 8 {
				t.Errorf("%v, %v", got, err)
			}
			return
		}
		misuse, ok := errors.AsType[*anyio.MisuseError](err)
		if !ok || !strings.Contains(misuse.Error(), "stream.Pull") {
			t.Errorf("%v, %v", got, err)
		}
		// A wait that cannot fail says it by a panic, in the task that pulls.
		next, stop := iter.Pull2(func(yield func(int, error) bool) {
			_ = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(anyio.SleepForever)
				return nil
			})
		})
		defer stop()
		func() {
			defer func() {
				v := recover()
				if err, _ := v.(error); !isMisuse(err) {
					t.Errorf("recovered %v", v)
				}
			}()
			next()
		}()
		if err := anyio.WaitAllTasksBlocked(ctx); err != nil || len(anyio.RunningTasks(ctx)) != 1 {
			t.Errorf("%v, tasks: %v", err, anyio.RunningTasks(ctx))
		}
		// Also with a context that is no loop's, and made elsewhere.
		s, r := stream.Memory[int](0)
		defer s.Close(ctx)
		defer r.Close(ctx)
		made := make(chan bool)
		go func() {
			next, stop = iter.Pull2(r.All(context.Background()))
			close(made)
		}()
		<-made
		defer stop()
		if _, err, _ := next(); !isMisuse(err) {
			t.Errorf("with context.Background: %v", err)
		}
	})
}

func isMisuse(err error) bool {
	_, ok := errors.AsType[*anyio.MisuseError](err)
	return ok
}

// A goroutine that is no task blocks itself only, whatever it pulls.
func TestIterPullByAGoroutineOutsideIsNotRefused(t *testing.T) {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		var over atomic.Bool
		s, r := stream.Memory[int](0)
		defer r.Close(ctx)
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(feed(s, 0))
			tg.Go(func(ctx context.Context) error { // keeps the loop in its steps
				for !over.Load() {
					next, stop := iter.Pull2(func(yield func(int, error) bool) { yield(0, nil) })
					next()
					stop()
					if err := anyio.Sleep(ctx, 0); err != nil {
						return err
					}
				}
				return nil
			})
			defer over.Store(true)
			n, err := anyio.RunBlockingValue(ctx, func() (n int, err error) {
				next, stop := iter.Pull2(r.All(ctx))
				defer stop()
				for _, err, ok := next(); ok; _, err, ok = next() {
					if n++; err != nil {
						return n, err
					}
				}
				return n, nil
			})
			if n != 4 {
				t.Errorf("%d items", n)
			}
			return err
		})
	}, anyio.On(anyio.EventLoop()))
	if err != nil {
		t.Error(err)
	}
}

func TestPullAllocatesNothingPerItem(t *testing.T) {
	for _, b := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop(), sim.New(sim.Config{})} {
		err := anyio.Run(context.Background(), func(ctx context.Context) error {
			next, stop := stream.Pull(func(yield func(int, error) bool) {
				for i := 0; yield(i, nil); i++ {
				}
			})
			defer stop()
			if n := testing.AllocsPerRun(100, func() { next() }); n != 0 {
				t.Errorf("%s: %v allocations", b.Name(), n)
			}
			return nil
		}, anyio.On(b))
		if err != nil {
			t.Error(err)
		}
	}
}
