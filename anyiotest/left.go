package anyiotest

import (
	"context"
	"fmt"
	"strings"

	"github.com/anyio-go/anyio/internal/kernel"
)

// unwindRounds is how often left tasks are given the chance to end.
const unwindRounds = 10_000

// endLeftTasks describes the tasks of a run that exist beside the main one, which
// calls it, and ends them by ending the run; "" if there are none.
func endLeftTasks(ctx context.Context) string {
	p := kernel.Locate(ctx)
	r := p.Run()
	if r.Alone(p.Task()) {
		return ""
	}
	left := tasksBeside(r, p.Task())
	if left == "" {
		return ""
	}
	r.Kill(&kernel.Cause{Kind: kernel.ByKill, Reason: "the test is over"})
	for round := 0; round < unwindRounds && tasksBeside(r, p.Task()) != ""; round++ {
		kernel.CheckpointShielded(ctx)
	}
	return left
}

// tasksBeside describes the tasks of a run but for one.
func tasksBeside(r *kernel.Run, one *kernel.Task) string {
	var b strings.Builder
	for _, v := range r.Tasks() {
		if v.Task != one && !v.Task.Finished() {
			fmt.Fprintf(&b, "  task %d %q, waiting for: %s\n", v.Task.ID(), v.Task.Name(), v.Op)
		}
	}
	return b.String()
}
