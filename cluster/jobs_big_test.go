package cluster_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/process"
)

// A complaint is the argument of a job that asks for another attempt with an error.
type complaint struct {
	Text, More string
	Times      int // how often the text is in the error, if that is more than once
}

var complains = process.Register("complains", func(_ context.Context, in complaint) (int, error) {
	return 0, cluster.Retry(errors.New(strings.Repeat(in.Text, max(in.Times, 1))), 0)
})

// However much a job and its error have in them, it becomes a dead letter.
func TestDeadLetterThatIsBig(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		text := strings.Repeat("é", 2000)
		jobs := []*cluster.Job[int]{submit(t, ctx, c, complains, complaint{Text: strings.Repeat("é", 400_000)}, cluster.Attempts(2))}
		for more := 1<<20 - len(text); len(jobs) == 1; more -= 64 { // as much as the server takes
			job, err := cluster.Submit(ctx, c, complains, complaint{Text: text, More: strings.Repeat("x", more)}, cluster.Attempts(2))
			if err == nil {
				jobs = append(jobs, job)
			} else if !strings.Contains(err.Error(), "the server takes messages of") {
				t.Fatal(err)
			}
		}
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			for _, job := range jobs {
				err := anyio.FailAfter(ctx, patience, func(ctx context.Context) error {
					_, err := job.Await(ctx)
					return err
				})
				dead, ok := errors.AsType[*cluster.DeadJobError](err)
				if !ok || !strings.HasPrefix(dead.Reason, "éé") || len(dead.Reason) > 512 || !utf8.ValidString(dead.Reason) {
					t.Errorf("%.100v", err)
				}
				if failure, ok := errors.AsType[*process.RemoteError](err); !ok || len(failure.Text) < len(text) {
					t.Errorf("%.100v", failure)
				}
			}
			list := letters(t, ctx, c)
			if len(list) != 2 || list[0].Reason != list[1].Reason || !strings.HasSuffix(list[0].Reason, "é…") {
				t.Error(list)
			}
		})
	})
}

// An error that is too big to be stored ends the job, and says so.
func TestJobWithAnErrorThatIsTooBig(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, takesJobs, func(ctx context.Context) {
			_, err := submit(t, ctx, c, complains, complaint{Text: strings.Repeat("x", 1<<16), Times: 16}).Await(ctx)
			if _, ok := errors.AsType[*process.RemoteError](err); !ok || !strings.Contains(err.Error(), "error of \"complains\": 10") {
				t.Errorf("%.100v", err)
			}
		})
	})
}
