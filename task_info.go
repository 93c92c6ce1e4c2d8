package anyio

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/tasktree"
)

// A TaskActivity says what a task was doing when it was looked at.
type TaskActivity string

const (
	TaskRunning TaskActivity = "running" // it is the task that asks
	TaskReady   TaskActivity = "ready"   // it runs or could run, or waits for something this library does not know
	TaskWaiting TaskActivity = "waiting" // it waits in a call of this library
)

// A TaskInfo describes a task at one instant. Take it by CurrentTask or
// RunningTasks; it may be kept and asked from anywhere.
type TaskInfo struct {
	ID       uint64 // unique within the run, counts from 1
	ParentID uint64 // of the task whose group it is in, or that waits in Start for it; 0 if none
	Name     string
	Depth    int // 0 for a task without parent
	Loop     int // the number of the event loop that runs it, see EventLoops; 0 where there is one or none
	State    TaskActivity
	WaitsFor string    // "Event.Wait"; "" unless it is TaskWaiting
	Since    time.Time // when the wait began; zero unless the run records it, see Debug
	Deadline time.Time // the earliest that applies where the task stands, zero if none
	Shielded bool      // cancellation from outside the task does not reach where it stands

	task  *kernel.Task
	place kernel.Place // of the context given to CurrentTask
}

// Equal reports whether the two describe the same task.
func (i TaskInfo) Equal(other TaskInfo) bool { return i.task == other.task }

// Finished reports whether the task is over by now.
func (i TaskInfo) Finished() bool { return i.task == nil || i.task.Finished() }

// HasPendingCancellation reports whether the next blocking call of the task, as
// it stands now, would be canceled. Shields are considered. It is false for a
// task that is over.
func (i TaskInfo) HasPendingCancellation() bool {
	if i.Finished() {
		return false
	}
	if s := i.place.S; s != nil && !s.Closed() {
		return i.place.Check() != nil
	}
	return i.task.InnerScope().Canceled()
}

// Stack returns the task's stack in the format of package runtime, "" if the task has
// not begun or is over. It stops the world for a moment.
func (i TaskInfo) Stack() string {
	if i.Finished() {
		return ""
	}
	id := i.task.GoroutineID()
	if id == 0 {
		return ""
	}
	return kernel.Stacks()[id]
}

func (i TaskInfo) String() string { return fmt.Sprintf("TaskInfo(id=%d, name=%q)", i.ID, i.Name) }

// describe makes the info of a task that stands in s.
func describe(t *kernel.Task, s *kernel.Scope) TaskInfo {
	info := TaskInfo{ID: t.ID(), Name: t.Name(), Loop: t.Scope.Run().Index(), State: TaskReady, task: t}
	if host := t.Host(); host != nil {
		info.ParentID = host.ID()
	}
	info.Deadline, _ = s.EffectiveDeadline()
	info.Shielded = t.ShieldedAt(s)
	return info
}

// Sources returns the places, "file:line", of the user's innermost calls in which the
// task stands, at most three, each once, the innermost first: calls within this module
// and the standard library are passed over. There are none if the task has not begun,
// is over, or runs a function of this module. It stops the world for a moment.
func (i TaskInfo) Sources() []string {
	if i.Finished() {
		return nil
	}
	views, places := i.task.Scope.Run().Survey()
	for n, v := range views {
		if v.Task == i.task {
			return places[n]
		}
	}
	return nil
}

// describeView makes the info of a task that was found by looking at its run.
// asker is the task that asks, nil if none does.
func describeView(v kernel.TaskView, asker *kernel.Task) TaskInfo {
	if !v.Waiting {
		info := describe(v.Task, v.Task.InnerScope())
		if v.Task == asker {
			info.State = TaskRunning
		}
		return info
	}
	info := describe(v.Task, v.Scope)
	info.State, info.WaitsFor, info.Since = TaskWaiting, v.Op.String(), v.Since
	return info
}

// CurrentTask describes the task that ctx belongs to; ok is false if it belongs to no
// task, as does the context of an http handler. Its state is TaskRunning where the task
// itself asks, and otherwise what RunningTasks tells. Depth is not filled in.
func CurrentTask(ctx context.Context) (info TaskInfo, ok bool) {
	p := kernel.Locate(ctx)
	t := p.Task()
	if t == nil {
		return TaskInfo{}, false
	}
	if p.S == nil {
		p.S = &t.Scope
	}
	info = describe(t, p.S)
	info.place = p
	if p.Ctx != nil {
		info.Deadline, _ = p.Ctx.Deadline()
	}
	if t.RunsHere() {
		info.State = TaskRunning
		return info, true
	}
	for _, v := range t.Scope.Run().Tasks() {
		if v.Task == t {
			seen := describeView(v, nil)
			info.State, info.WaitsFor, info.Since = seen.State, seen.WaitsFor, seen.Since
		}
	}
	return info, true
}

// RunningTasks describes all tasks of the run of ctx that are not over: parents
// before their children, the children of a parent together and in order of their
// start. With a context that comes from no run, these are the tasks of all groups
// that were opened without one.
//
// It may be asked from any goroutine. A task that waits with the context of another
// task is shown to wait, and not the other; a goroutine that does not run a task is not
// shown, whatever context it waits with.
func RunningTasks(ctx context.Context) []TaskInfo {
	return infosOf(kernel.Locate(ctx).Run().Tasks())
}

// infosOf describes the tasks that are not over as a tree.
func infosOf(views []kernel.TaskView) []TaskInfo {
	asker := kernel.Asker(views)
	var infos []TaskInfo
	for _, v := range views {
		if !v.Task.Finished() {
			infos = append(infos, describeView(v, asker))
		}
	}
	return treeOrder(infos)
}

// treeOrder sorts tasks by their parents, and tells how deep they are.
func treeOrder(infos []TaskInfo) []TaskInfo {
	return tasktree.Order(infos, func(i *TaskInfo) uint64 { return i.ID }, func(i *TaskInfo) uint64 { return i.ParentID },
		func(i *TaskInfo, depth int) { i.Depth = depth })
}

// WaitAllTasksBlocked waits until every other task of the run waits for something. A
// task that has been woken or canceled but has not run yet does not wait. What the
// tasks did before they waited synchronizes before the return. It is for tests, in
// place of sleeping. On the parallel backend it looks again and again, and only knows
// waits in this library: a task that receives from a channel counts as running.
// Cancellation: nothing is lost.
func WaitAllTasksBlocked(ctx context.Context) error {
	return WaitAllTasksBlockedFor(ctx, 0)
}

// WaitAllTasksBlockedFor waits until every other task of the run has been in one and the
// same wait for d, on the run's clock. It is WaitAllTasksBlocked for tests of what goes
// through the system, where all tasks wait while a byte is under way: d is how long it may
// be. Tasks that are in this call as well do not count. A task that looks at something again
// and again, more often than each d, keeps it waiting. Cancellation: nothing is lost.
func WaitAllTasksBlockedFor(ctx context.Context, d time.Duration) error {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return err
	}
	return p.Run().WaitAllBlockedFor(p, d)
}

// PrintTasks writes the tasks of the run of ctx as a tree: each with its name, id and
// state, what it waits for, where in the source and since when, its deadline and shield.
// A dump of all goroutines does not tell this. The places are those of TaskInfo.Sources.
// A task in RunBlocking is shown where that was called. Cancellation: ignored; it waits
// for nothing but w.
func PrintTasks(ctx context.Context, w io.Writer) error {
	views, places := kernel.Locate(ctx).Run().Survey()
	tasks := infosOf(views)
	placesOf := make(map[*kernel.Task][]string)
	for i, v := range views {
		placesOf[v.Task] = places[i]
	}
	now, loops := Now(ctx), Loops(ctx)
	var b bytes.Buffer
	for n, branches := range tasktree.Branches(len(tasks), func(i int) int { return tasks[i].Depth }) {
		task := tasks[n]
		b.WriteString(branches)
		fmt.Fprintf(&b, "%s #%d %s", task.Name, task.ID, task.State)
		if task.WaitsFor != "" {
			b.WriteString(" for " + task.WaitsFor)
		}
		b.WriteString(kernel.PlacesText(placesOf[task.task]))
		if loops > 1 {
			fmt.Fprintf(&b, ", loop %d", task.Loop)
		}
		if !task.Since.IsZero() {
			b.WriteString(", since " + now.Sub(task.Since).Round(time.Microsecond).String())
		}
		if !task.Deadline.IsZero() {
			b.WriteString(", deadline in " + task.Deadline.Sub(now).Round(time.Microsecond).String())
		}
		if task.Shielded {
			b.WriteString(", shielded")
		}
		if task.HasPendingCancellation() {
			b.WriteString(", canceled")
		}
		b.WriteByte('\n')
	}
	_, err := w.Write(b.Bytes())
	return err
}
