package inspect

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio/internal/kernel"
)

// What a task has for a trace is not that of those in its groups, whose contexts have it, too:
// one of them may begin when no trace is written.
func TestTracedTaskIsItself(t *testing.T) {
	tr, parent, child := &tracer{}, TaskEvent{&kernel.Task{}}, TaskEvent{&kernel.Task{}}
	v := &traced{of: parent.t}
	ctx := context.WithValue(t.Context(), tr, v)
	if tr.of(ctx, parent) != v || tr.of(ctx, child) != nil || (&tracer{}).of(ctx, parent) != nil {
		t.Error("another task, or another tracer, has it")
	}
}
