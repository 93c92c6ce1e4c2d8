package kernel

import (
	"context"
	"runtime"
	"strconv"
	"testing"
)

// ran is a Runner that tells which task it was given.
type ran chan *Task

func (r ran) RunTask(t *Task) { r <- t }

func TestEntryRunsItsTask(t *testing.T) {
	if (runsCode == 0 || turnsCode == 0) && strconv.IntSize == 64 {
		t.Error("closures do not look as closure supposes: each task costs an allocation more")
	}
	known := runsCode
	defer func() { runsCode = known }()
	for name, code := range map[string]uintptr{"task": known, "closure": 0} {
		runsCode = code
		r := make(ran, 1)
		task := &Task{}
		task.Prepare(nil, 0, &TaskMeta{Runner: r})
		task.OpenMain(NewRun(nil, Traits{}, context.Background(), Config{}))
		entry := task.Entry()
		runtime.GC() // the entry alone keeps the task
		go entry()
		if got := <-r; got != task {
			t.Errorf("%s: ran %p, want %p", name, got, task)
		}
	}
}
