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
