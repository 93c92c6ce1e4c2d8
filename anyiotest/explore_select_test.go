package anyiotest_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/stream"
)

// choiceVar makes TestChoiceOfAChild explore, in a process of its own: "both" for the program
// with the bug, or "one".
const choiceVar = "ANYIOTEST_CHOICE"

func TestChoiceOfAChild(t *testing.T) {
	which := os.Getenv(choiceVar)
	if which == "" {
		t.Skip("it is for TestExploreReplaysWhatSelectsTakeInAnotherProcess")
	}
	anyiotest.Explore(t, quits(which == "both"))
}

// quits is a worker that loses a job if its Select takes the wish to quit though there is one,
// when it has done one before. If early, both are there.
func quits(early bool) func(t testing.TB, ctx context.Context) {
	return func(t testing.TB, ctx context.Context) {
		var quit anyio.Event
		jobs, worker := stream.Memory[int](2)
		defer worker.Close(ctx)
		for n := range 2 {
			if err := jobs.TrySend(n); err != nil {
				t.Fatal(err)
			}
		}
		_ = jobs.Close(ctx)
		if early {
			quit.Set()
		}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				for done := 0; done < 2; done++ {
					at, err := anyio.Select(ctx, anyio.OnReceive(worker, nil), anyio.OnEvent(&quit))
					if at == 1 && done == 1 {
						t.Errorf("lost: job %d", done)
					}
					if at == 1 || err != nil {
						return err
					}
				}
				return nil
			})
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// A failure that needs a choice of a Select is found, reported with that choice alone, and made
// again by another process.
func TestExploreReplaysWhatSelectsTakeInAnotherProcess(t *testing.T) {
	r, all := explored(t, quits(true))
	token := replayToken.FindStringSubmatch(r.text())
	if all || token == nil || !strings.HasPrefix(token[1], "s4.") || lostLine(r.text()) == "" {
		t.Fatalf("the report has no schedule with a choice, all: %t:\n%s", all, r.text())
	}
	if r, all := explored(t, quits(false)); !all {
		t.Errorf("where nobody wants it to quit:\n%s", r.text())
	}
	if testing.Short() {
		t.Skip("it runs the test's program again")
	}
	for which, want := range map[string]string{"both": "lost: job 1", "one": "the run is not the one of the schedule"} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestChoiceOfAChild$", "-test.v", "-anyio.replay="+token[1])
		cmd.Env = append(os.Environ(), choiceVar+"="+which, "GORACE=atexit_sleep_ms=0")
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: error %v, want %q:\n%s", which, err, want, out)
		}
	}
}
