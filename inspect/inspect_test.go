package inspect_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/inspect"
)

func TestMain(m *testing.M) { os.Exit(anyiotest.Main(m)) }

// look takes a look at the run of ctx when all its other tasks wait. Other tests' runs
// are left out.
func look(t *testing.T, ctx context.Context) *inspect.Snapshot {
	t.Helper()
	if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
		t.Fatal(err)
	}
	me, ok := inspect.Of(ctx)
	if !ok {
		t.Fatal("the context belongs to no task")
	}
	s := inspect.Take()
	s.Runs = slices.DeleteFunc(s.Runs, func(r inspect.Run) bool { return r.ID != me.Run })
	s.Deadlocks = slices.DeleteFunc(s.Deadlocks, func(d inspect.Deadlock) bool { return d.Circle[0].Run != me.Run })
	if len(s.Runs) != 1 {
		t.Fatalf("%d runs, want 1", len(s.Runs))
	}
	return s
}

// within runs tasks, looks when all of them wait, and cancels them.
func within(t *testing.T, ctx context.Context, seen func(s *inspect.Snapshot), tasks map[string]func(ctx context.Context) error) {
	t.Helper()
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for name, f := range tasks {
			tg.Go(f, anyio.Name(name))
		}
		seen(look(t, ctx))
		tg.Cancel("seen")
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// task is the one with a name.
func task(t *testing.T, s *inspect.Snapshot, name string) *inspect.Task {
	t.Helper()
	all := s.Runs[0].Tasks
	n := slices.IndexFunc(all, func(t inspect.Task) bool { return t.Name == name })
	if n < 0 {
		t.Fatalf("no task %q in\n%s", name, s)
	}
	return &all[n]
}

// wantLine checks the line of a task in the text.
func wantLine(t *testing.T, s *inspect.Snapshot, name string, parts ...string) {
	t.Helper()
	for line := range strings.Lines(s.String()) {
		if strings.Contains(line, "─ "+name+" #") {
			for _, part := range parts {
				if !strings.Contains(line, part) {
					t.Errorf("no %q in %s", part, line)
				}
			}
			return
		}
	}
	t.Errorf("no %q in\n%s", name, s)
}

func TestTasksAreSeenWhereTheyWait(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var e, done anyio.Event
		within(t, ctx, func(s *inspect.Snapshot) {
			waits, child := task(t, s, "waits"), task(t, s, "child")
			if waits.State != anyio.TaskWaiting || waits.WaitsFor != "Event.Wait" || waits.Waited == nil || waits.Wants != nil || waits.Deadline == nil {
				t.Errorf("got %+v", waits)
			}
			if parent := task(t, s, "parent"); child.Parent != parent.ID || child.Depth != parent.Depth+1 || !child.Shielded {
				t.Errorf("got %+v below %+v", child, parent)
			}
			wantLine(t, s, "waits", "waiting for Event.Wait at inspect/inspect_test.go:", ", for ", ", deadline in ")
			wantLine(t, s, "parent", "waiting for TaskGroup exit: waiting for its tasks at ", ", the end of child #")
			wantLine(t, s, "child", "─ child #", ", shielded")
			if len(s.Deadlocks) > 0 {
				t.Errorf("there is no deadlock:\n%s", s)
			}
			done.Set()
		}, map[string]func(context.Context) error{
			"waits": func(ctx context.Context) error {
				return anyio.FailAfter(ctx, time.Hour, e.Wait)
			},
			"parent": func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						return anyio.Shielded(ctx, time.Hour, func(ctx context.Context) error {
							return done.Wait(ctx)
						})
					}, anyio.Name("child"))
					return nil
				})
			},
		})
	})
}

// crosswise is a task that takes a lock, and the other one when that is taken, too.
func crosswise(first, second *anyio.Lock, mine, other *anyio.Event) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		return first.Do(ctx, func(ctx context.Context) error {
			mine.Set()
			if err := other.Wait(ctx); err != nil {
				return err
			}
			return second.Do(ctx, nothing)
		})
	}
}

// A holds one lock and wants the other, B the other way round; C waits for one of them, and
// the main task for all.
func TestTasksThatWaitForEachOtherAreFound(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var one, two anyio.Lock
		var ready [2]anyio.Event
		within(t, ctx, func(s *inspect.Snapshot) {
			a, b, c := task(t, s, "A"), task(t, s, "B"), task(t, s, "C")
			if len(s.Deadlocks) != 1 || len(s.Deadlocks[0].Circle) != 2 || len(s.Deadlocks[0].Behind) != 1 || s.Deadlocks[0].Behind[0].Task != c.ID {
				t.Fatalf("got %+v in\n%s", s.Deadlocks, s)
			}
			for _, l := range s.Deadlocks[0].Circle {
				next := map[uint64]*inspect.Task{a.ID: b, b.ID: a}[l.Task]
				if next == nil || l.What != "Lock" || !strings.HasPrefix(l.Place, "inspect/inspect_test.go:") || s.Task(l.Ref).Wants.Owners[0].Task != next.ID {
					t.Errorf("got %+v in\n%s", l, s)
				}
			}
			for _, want := range []string{
				"deadlock: 2 tasks wait for each other, and 1 more for them\n",
				"  A #", " waits for the Lock that B #", " holds since inspect/inspect_test.go:", ", at inspect/inspect_test.go:",
			} {
				if !strings.Contains(s.String(), want) {
					t.Errorf("no %q in\n%s", want, s)
				}
			}
			wantLine(t, s, "C", "waiting for Lock.Acquire", ", Lock held by A #", " (2 wait for it)")
		}, map[string]func(context.Context) error{
			"A": crosswise(&one, &two, &ready[0], &ready[1]), "B": crosswise(&two, &one, &ready[1], &ready[0]),
			"C": func(ctx context.Context) error {
				if err := ready[0].Wait(ctx); err != nil {
					return err
				}
				return one.Do(ctx, func(context.Context) error { return nil })
			},
		})
	})
}
