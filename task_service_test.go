//anyiovet:ignore scopeend what is left open is found out

package anyio_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/sim"
)

// A served group is one with a service task, which answers whoever asks it, and with a task
// that asks during its cleanup.
type served struct {
	asked, answered, ended anyio.Event
	served                 error // what the one that asks got
	service                *anyio.TaskHandle
}

func (s *served) start(tg *anyio.TaskGroup) {
	s.service = tg.Go(func(ctx context.Context) error {
		defer s.ended.Set()
		if err := s.asked.Wait(ctx); err != nil {
			return err
		}
		s.answered.Set()
		return anyio.SleepForever(ctx)
	}, anyio.Service(), anyio.Name("service"))
	tg.Go(func(ctx context.Context) error {
		err := anyio.SleepForever(ctx)
		s.served = anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
			if err := anyio.Sleep(ctx, time.Millisecond); err != nil { // the others are long over
				return err
			}
			if s.ended.IsSet() {
				return testkit.ErrBoom
			}
			s.asked.Set()
			return s.answered.Wait(ctx)
		})
		return err
	}, anyio.Name("client"))
}

// Whatever ends the group, its service tasks serve until all others have cleaned up.
func TestServiceTasksOutliveTheOthers(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(ctx context.Context, tg *anyio.TaskGroup, scope *anyio.CancelScope) error
		want error
	}{
		"canceled": {func(_ context.Context, tg *anyio.TaskGroup, _ *anyio.CancelScope) error {
			tg.Cancel("enough")
			return nil
		}, nil},
		"canceled from outside": {func(_ context.Context, _ *anyio.TaskGroup, scope *anyio.CancelScope) error {
			scope.Cancel("enough")
			return nil
		}, nil},
		"failed body": {func(context.Context, *anyio.TaskGroup, *anyio.CancelScope) error { return testkit.ErrBoom }, testkit.ErrBoom},
		"failed task": {func(_ context.Context, tg *anyio.TaskGroup, _ *anyio.CancelScope) error {
			tg.Go(fails(testkit.ErrBoom))
			return nil
		}, testkit.ErrBoom},
		"deadline": {func(ctx context.Context, tg *anyio.TaskGroup, _ *anyio.CancelScope) error {
			tg.SetDeadline(anyio.Now(ctx).Add(time.Millisecond))
			return nil
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				var s served
				err := anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
					return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
						s.start(tg)
						testkit.Settled(t, ctx)
						return c.end(ctx, tg, scope)
					})
				})
				if !errors.Is(err, c.want) {
					t.Errorf("the group ended with %v", err)
				}
				testkit.WantNil(t, "what the client got", s.served)
				if s.service.Status() != anyio.Canceled {
					t.Errorf("the service task is %v", s.service.Status())
				}
				if err := s.service.Err(); !strings.Contains(err.Error(), "all other tasks of the group have ended") {
					t.Errorf("the service task: %v", err)
				}
			})
		})
	}
}

// That service tasks are canceled is no cancellation of the group.
func TestGroupOfServiceTasksEndsByItself(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var tg *anyio.TaskGroup
		var canceled atomic.Int32
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, g *anyio.TaskGroup) error {
			tg = g
			for range 3 {
				tg.Go(func(ctx context.Context) error {
					defer canceled.Add(1)
					return anyio.SleepForever(ctx)
				}, anyio.Service())
			}
			tg.Go(func(ctx context.Context) error { return anyio.Sleep(ctx, time.Millisecond) })
			return nil
		})
		testkit.WantNil(t, "group", err)
		if tg.CancelCalled() || tg.CancelCaught() || canceled.Load() != 3 {
			t.Errorf("called %v, caught %v, %d canceled", tg.CancelCalled(), tg.CancelCaught(), canceled.Load())
		}
	})
}

// What a service task gives back is an outcome of the group, before and after the others' end.
func TestServiceTasksFailTheirGroup(t *testing.T) {
	for name, f := range map[string]func(ctx context.Context) error{
		"before": fails(testkit.ErrBoom),
		"after": func(ctx context.Context) error {
			return errors.Join(anyio.SleepForever(ctx), testkit.ErrBoom)
		},
	} {
		t.Run(name, func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				var other *anyio.TaskHandle
				err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(f, anyio.Service(), anyio.Name("service"))
					if name == "before" {
						other = tg.Go(anyio.SleepForever)
					}
					return nil
				})
				var ge *anyio.GroupError
				if !errors.As(err, &ge) || ge.Len() != 1 || !errors.Is(err, testkit.ErrBoom) {
					t.Fatalf("the group ended with %v", err)
				}
				if task, _ := ge.At(0); task != "service" {
					t.Errorf("the error is that of %q", task)
				}
				if other != nil && other.Status() != anyio.Canceled {
					t.Errorf("the other task is %v", other.Status())
				}
			})
		})
	}
	t.Run("panic", func(t *testing.T) {
		testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
			pe := testkit.WantPanicError(t, "boom", func() {
				_ = run(func(ctx context.Context) error {
					return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
						tg.Go(func(ctx context.Context) error { _ = anyio.SleepForever(ctx); panic("boom") }, anyio.Service(), anyio.Name("service"))
						return nil
					})
				}, anyio.OnPanic(testkit.Quiet))
			})
			if pe != nil && pe.Task != "service" {
				t.Errorf("it is that of %q", pe.Task)
			}
		})
	})
}

// A handle cancels a service task alone; Start waits for it; one that ends is over.
func TestServiceTasksAreTasks(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			testkit.WantNil(t, "a service task that ends", tg.Go(func(context.Context) error { return nil }, anyio.Service()).Await(ctx))
			n, h, err := anyio.StartHandle(ctx, tg, func(ctx context.Context, started func(int)) error {
				started(7)
				return anyio.SleepForever(ctx)
			}, anyio.Name("started"), anyio.Service())
			testkit.WantNil(t, "Start", err)
			if info := testkit.TaskNamed(t, ctx, "started"); n != 7 || !info.Shielded {
				t.Errorf("Start returned %d; the task: %v", n, info)
			}
			h.Cancel("no longer needed")
			testkit.WantIs(t, "Await", h.Await(ctx), anyio.ErrTaskCanceled)
			v, err := anyio.GoValue(tg, func(context.Context) (int, error) { return 8, nil }, anyio.Service()).Await(ctx)
			if v != 8 || err != nil {
				t.Errorf("GoValue: %d, %v", v, err)
			}
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

// A service task may be added while the group waits, and may start others; when the group's
// own tasks are over, it takes no more.
func TestServiceTasksMayComeLate(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var ran, refused atomic.Int32
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				testkit.Settled(t, ctx) // the host waits at the group's end
				var begun anyio.Event
				tg.Go(func(ctx context.Context) error {
					tg.Go(func(context.Context) error { ran.Add(1); begun.Set(); return nil })
					err := anyio.SleepForever(ctx)
					for _, opts := range [][]anyio.TaskOption{nil, {anyio.Service()}} {
						if testkit.Recovered(func() { tg.Go(fails(testkit.ErrBoom), opts...) }) != nil {
							refused.Add(1)
						}
					}
					return err
				}, anyio.Service())
				return begun.Wait(ctx)
			})
			return nil
		})
		testkit.WantNil(t, "group", err)
		if ran.Load() != 1 || refused.Load() != 2 {
			t.Errorf("%d ran, %d were refused", ran.Load(), refused.Load())
		}
	})
}

// Groups that end by a panic, or are left open by mistake, end their service tasks.
func TestServiceTasksEndWithAnyGroup(t *testing.T) {
	testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
		var ended atomic.Int32
		service := func(ctx context.Context) error { defer ended.Add(1); return anyio.SleepForever(ctx) }
		testkit.WantPanicError(t, "boom", func() {
			_ = run(func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						return anyio.WithTaskGroup(ctx, func(_ context.Context, tg *anyio.TaskGroup) error {
							tg.Go(service, anyio.Service())
							panic("boom")
						})
					})
					return nil
				})
			}, anyio.OnPanic(testkit.Quiet))
		})
		err := run(func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					_, open := anyio.OpenTaskGroup(ctx)
					open.Go(service, anyio.Service())
					return nil
				})
				return nil
			})
		})
		testkit.WantMisuse(t, "a group that is left open", err)
		if ended.Load() != 2 {
			t.Errorf("%d service tasks ended", ended.Load())
		}
	})
}

// A service task is no reason to call the others deadlocked, and none not to.
func TestServiceTasksAndDeadlocks(t *testing.T) {
	dead, err := testkit.DeadlockOf(t, sim.Config{}, func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(anyio.SleepForever, anyio.Service(), anyio.Name("service"))
			tg.Go(func(ctx context.Context) error { var ev anyio.Event; return ev.Wait(ctx) }, anyio.Name("stuck"))
			return nil
		})
	})
	if dead == nil || !strings.Contains(err.Error(), `"stuck"`) {
		t.Errorf("the run ended with %v", err)
	}
}

// Goroutines that add service tasks while a group ends are refused, or theirs end with it.
func TestServiceTasksComeWhileTheGroupEnds(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.SkipSim(t, ctx)
		for range 200 {
			var begun, ended, awake atomic.Int32
			var arrived, all sync.WaitGroup
			arrived.Add(4)
			gate := make(chan struct{})
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for range 4 {
					all.Go(func() {
						arrived.Done()
						<-gate
						awake.Add(1)
						for spins := 0; awake.Load() < 2 && spins < 10_000; spins++ { // two at the same instant
						}
						_ = testkit.Recovered(func() {
							tg.Go(func(ctx context.Context) error {
								begun.Add(1)
								defer ended.Add(1)
								return anyio.SleepForever(ctx)
							}, anyio.Service())
						})
					})
				}
				arrived.Wait()
				close(gate)
				return lowlevel.Checkpoint(ctx)
			})
			if b, e := begun.Load(), ended.Load(); err != nil || b != e {
				t.Fatalf("%v; %d began, %d ended", err, b, e)
			}
			all.Wait()
			if b, e := begun.Load(), ended.Load(); b != e {
				t.Fatalf("%d began, %d ended", b, e)
			}
		}
	})
}
