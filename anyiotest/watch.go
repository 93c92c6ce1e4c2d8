package anyiotest

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
)

// watch prints the tasks of the run if it still goes on shortly before the
// deadline of go test, whose own goroutine dump is flat. It does not use the
// test's log, which is lost when go test kills the binary. There is nothing to stop, and
// stop is nil, where there is no deadline.
func watch(t testing.TB, r *kernel.Run) (stop func()) { return watchTo(os.Stderr, t, r) }

func watchTo(out io.Writer, t testing.TB, r *kernel.Run) (stop func()) {
	d, ok := t.(interface{ Deadline() (time.Time, bool) })
	if !ok {
		return nil
	}
	deadline, ok := d.Deadline()
	if !ok {
		return nil
	}
	margin := watchMargin(time.Until(deadline))
	timer := time.AfterFunc(time.Until(deadline)-margin, func() {
		fmt.Fprintf(out, "anyiotest: %s still runs %v before the deadline of go test; its tasks:\n%s", t.Name(), margin, taskTree(r))
	})
	return func() { timer.Stop() }
}

// watchMargin is how long before the deadline to report.
func watchMargin(left time.Duration) time.Duration {
	return max(0, min(5*time.Second, left/10))
}

// taskTree describes the tasks of a run, one a line, indented by nesting.
func taskTree(r *kernel.Run) string {
	var b strings.Builder
	for _, task := range r.Stalled("hang").Tasks {
		fmt.Fprintf(&b, "  %stask %d %q", strings.Repeat("  ", task.Depth), task.ID, task.Name)
		if task.Op == "" {
			b.WriteString(" runs, or is ready to")
		} else {
			b.WriteString(" waits for " + task.Op)
		}
		b.WriteString(kernel.PlacesText(task.Places))
		if !task.Since.IsZero() {
			b.WriteString(" since " + task.Since.Format("15:04:05.000"))
		}
		b.WriteByte('\n')
	}
	return b.String()
}
