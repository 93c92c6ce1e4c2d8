package anyio_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

func current(t *testing.T, ctx context.Context) anyio.TaskInfo {
	t.Helper()
	info, ok := anyio.CurrentTask(ctx)
	if !ok {
		t.Fatal("CurrentTask knows no task")
	}
	return info
}

func namedMain(ctx context.Context) error {
	info, _ := anyio.CurrentTask(ctx)
	mainInfo <- info
	return nil
}

var mainInfo = make(chan anyio.TaskInfo, 1)

func TestMainTaskIsNamedAfterItsFunctionOrAsAsked(t *testing.T) {
	for _, b := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop(), sim.New(sim.Config{})} {
		if err := anyio.Run(context.Background(), namedMain, anyio.On(b)); err != nil {
			t.Fatal(err)
		}
		if i := <-mainInfo; !strings.HasSuffix(i.Name, "anyio_test.namedMain") || i.ParentID != 0 || i.ID == 0 || i.State != anyio.TaskRunning {
			t.Errorf("%s: %+v", b.Name(), i)
		}
		if err := anyio.Run(context.Background(), namedMain, anyio.On(b), anyio.MainName("boss")); err != nil {
			t.Fatal(err)
		}
		if i := <-mainInfo; i.Name != "boss" {
			t.Errorf("%s: %+v", b.Name(), i)
		}
	}
}

func TestTaskNamesAreKeptAsGiven(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var names []string
		for _, name := range []string{"worker", ""} {
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				return tg.Go(func(ctx context.Context) error {
					names = append(names, current(t, ctx).Name)
					return nil
				}, anyio.Name(name)).Await(ctx)
			})
			if err != nil {
				t.Error(err)
			}
		}
		if len(names) != 2 || names[0] != "worker" || names[1] != "" {
			t.Errorf("names %q", names)
		}
	})
}

func TestRunningTasksTellParentNameAndWait(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		host := current(t, ctx)
		var ev anyio.Event
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(ev.Wait, anyio.Name("first"))
			tg.Go(func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(anyio.SleepForever, anyio.Name("grandchild"))
					defer tg.Cancel("done")
					return ev.Wait(ctx)
				})
			}, anyio.Name("second"))
			testkit.Settled(t, ctx)
			tasks := anyio.RunningTasks(ctx)
			if len(tasks) != 4 {
				t.Fatalf("tasks: %v", tasks)
			}
			want := []struct {
				name, waits string
				depth       int
				state       anyio.TaskActivity
			}{
				{host.Name, "", 0, anyio.TaskRunning}, {"first", "Event.Wait", 1, anyio.TaskWaiting},
				{"second", "Event.Wait", 1, anyio.TaskWaiting}, {"grandchild", "SleepForever", 2, anyio.TaskWaiting},
			}
			for i, w := range want {
				if g := tasks[i]; g.Name != w.name || g.WaitsFor != w.waits || g.Depth != w.depth || g.State != w.state {
					t.Errorf("task %d: %+v, want %+v", i, g, w)
				}
			}
			if !tasks[0].Equal(host) || tasks[0].ID != host.ID || tasks[1].Equal(tasks[2]) {
				t.Error("equality is not by task")
			}
			if tasks[1].ParentID != host.ID || tasks[3].ParentID != tasks[2].ID {
				t.Errorf("parents: %+v", tasks)
			}
			if s := tasks[1].String(); !strings.HasPrefix(s, "TaskInfo(id=") || !strings.HasSuffix(s, `, name="first")`) {
				t.Error(s)
			}
			ev.Set()
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if n := len(anyio.RunningTasks(ctx)); n != 1 {
			t.Errorf("%d tasks after the group", n)
		}
	})
}

func TestParentIsTheStarterUntilStarted(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		host := current(t, ctx)
		var before, after, starter anyio.TaskInfo
		var tree []anyio.TaskInfo
		var ev anyio.Event
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, outer *anyio.TaskGroup) error {
			return outer.Go(func(ctx context.Context) error {
				starter = current(t, ctx)
				_, err := anyio.Start(ctx, outer, func(ctx context.Context, started func(int)) error {
					before = current(t, ctx)
					tree = anyio.RunningTasks(ctx)
					started(1)
					after = current(t, ctx)
					return ev.Wait(ctx)
				}, anyio.Name("service"))
				ev.Set()
				return err
			}, anyio.Name("starter")).Await(ctx)
		})
		if err != nil {
			t.Error(err)
		}
		if before.ParentID != starter.ID || after.ParentID != host.ID {
			t.Errorf("parent %d then %d, want %d then %d", before.ParentID, after.ParentID, starter.ID, host.ID)
		}
		if len(tree) != 3 || tree[2].Name != "service" || tree[2].Depth != 2 || tree[2].State != anyio.TaskRunning {
			t.Errorf("tree while starting: %+v", tree)
		}
	})
}

func TestPendingCancellationMindsShieldsAndTheEnd(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var ev anyio.Event
		var shielded, plain, over anyio.TaskInfo
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				return anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
					if current(t, ctx).HasPendingCancellation() {
						t.Error("pending inside the shield")
					}
					return ev.Wait(ctx)
				})
			}, anyio.Name("shielded"))
			err := tg.Go(func(ctx context.Context) error { over = current(t, ctx); return nil }).Await(ctx)
			if err != nil {
				return err
			}
			testkit.Settled(t, ctx)
			plain = current(t, ctx)
			if plain.HasPendingCancellation() || plain.Finished() {
				t.Error("pending before the cancel")
			}
			shielded = anyio.RunningTasks(ctx)[1]
			tg.Cancel("test")
			if !shielded.Shielded || shielded.HasPendingCancellation() {
				t.Errorf("shielded task: %+v, pending %v", shielded, shielded.HasPendingCancellation())
			}
			if !plain.HasPendingCancellation() {
				t.Error("not pending after the cancel")
			}
			derived, cancel := context.WithCancel(context.WithoutCancel(ctx))
			defer cancel()
			if current(t, derived).HasPendingCancellation() {
				t.Error("pending in a context without cancellation")
			}
			cancel()
			if !current(t, derived).HasPendingCancellation() {
				t.Error("not pending in a canceled derived context")
			}
			ev.Set()
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if plain.HasPendingCancellation() {
			t.Error("pending after the canceled group was left")
		}
		if !over.Finished() || over.HasPendingCancellation() || over.Stack() != "" {
			t.Error("a finished task is described as alive")
		}
	})
}

func TestDeadlineAndSinceAreTold(t *testing.T) {
	var info, self anyio.TaskInfo
	var began time.Time
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		began = anyio.Now(ctx)
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				_, err := anyio.MoveOnAfter(ctx, time.Minute, anyio.SleepForever)
				return err
			})
			if err := anyio.Sleep(ctx, time.Second); err != nil {
				return err
			}
			info = anyio.RunningTasks(ctx)[1]
			ctx, cancel := context.WithDeadline(ctx, began.Add(time.Hour))
			defer cancel()
			self = current(t, ctx)
			return nil
		})
	}, anyio.On(sim.New(sim.Config{Seed: 3})))
	if err != nil {
		t.Fatal(err)
	}
	if !info.Since.Equal(began) || !info.Deadline.Equal(began.Add(time.Minute)) {
		t.Errorf("since %v, deadline %v, began %v", info.Since, info.Deadline, began)
	}
	if !self.Deadline.Equal(began.Add(time.Hour)) {
		t.Errorf("deadline of the derived context: %v", self.Deadline)
	}
}

func waitInHere(ctx context.Context, ev *anyio.Event) error { return ev.Wait(ctx) }

func TestStackShowsWhereATaskWaits(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var ev anyio.Event
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { return waitInHere(ctx, &ev) })
			testkit.Settled(t, ctx)
			if s := anyio.RunningTasks(ctx)[1].Stack(); !strings.Contains(s, "waitInHere") {
				t.Errorf("stack: %s", s)
			}
			if s := current(t, ctx).Stack(); !strings.Contains(s, "TestStackShowsWhereATaskWaits") {
				t.Errorf("own stack: %s", s)
			}
			ev.Set()
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestNewTaskHasNoStackAndIsReady(t *testing.T) {
	for _, b := range []anyio.Backend{anyio.EventLoop(), sim.New(sim.Config{})} {
		err := anyio.Run(context.Background(), func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error { return nil })
				i := anyio.RunningTasks(ctx)[1]
				if i.State != anyio.TaskReady || i.Stack() != "" || i.WaitsFor != "" {
					t.Errorf("%s: %+v", b.Name(), i)
				}
				return nil
			})
		}, anyio.On(b))
		if err != nil {
			t.Error(err)
		}
	}
}

func TestForeignContextBelongsToNoTask(t *testing.T) {
	ctx := httptest.NewRequest("GET", "/", nil).Context()
	if info, ok := anyio.CurrentTask(ctx); ok {
		t.Errorf("task %v", info)
	}
	if i := (anyio.TaskInfo{}); !i.Finished() || i.HasPendingCancellation() || i.Stack() != "" {
		t.Error("the zero TaskInfo is alive")
	}
	var ev anyio.Event
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(ev.Wait, anyio.Name("from a handler"))
		defer ev.Set()
		for _, i := range anyio.RunningTasks(ctx) {
			if i.Name == "from a handler" && i.ParentID == 0 && i.Depth == 0 {
				return nil
			}
		}
		return errors.New("the handler's task is not listed")
	})
	if err != nil {
		t.Error(err)
	}
}

func TestForeignContextInsideALoopBelongsToTheRunningTask(t *testing.T) {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		if a, b := current(t, ctx), current(t, context.Background()); !a.Equal(b) {
			t.Errorf("%v and %v", a, b)
		}
		return nil
	}, anyio.On(anyio.EventLoop()))
	if err != nil {
		t.Error(err)
	}
}

func ExampleRunningTasks() {
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(anyio.SleepForever, anyio.Name("listener"))
			tg.Go(func(ctx context.Context) error { return anyio.Sleep(ctx, time.Hour) }, anyio.Name("janitor"))
			if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
				return err
			}
			for _, task := range anyio.RunningTasks(ctx) {
				fmt.Printf("%*s%s: %s %q\n", 2*task.Depth, "", task.Name, task.State, task.WaitsFor)
			}
			tg.Cancel("enough seen")
			return nil
		})
	}, anyio.On(sim.New(sim.Config{})), anyio.MainName("main"))
	// Output:
	// main: running ""
	//   listener: waiting "SleepForever"
	//   janitor: waiting "Sleep"
}
