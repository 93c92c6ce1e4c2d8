package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/inspect"
	"github.com/anyio-go/anyio/internal/testkit"
)

// lookable lets this process be looked at where no other one is.
func lookable(t *testing.T) {
	testkit.NeedUnix(t)
	dir, err := os.MkdirTemp("", "i") // UNIX sockets have short paths
	testkit.Must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	t.Setenv("XDG_RUNTIME_DIR", dir)
	stop, err := inspect.Listen()
	testkit.Must(t, err)
	t.Cleanup(stop)
}

// wantMatch runs the command and compares what it prints.
func wantMatch(t *testing.T, pattern string, args ...string) (stdout string) {
	t.Helper()
	status, stdout, stderr := runMain(t, t.Context(), args...)
	if status != exitOK || stderr != "" || !regexp.MustCompile(pattern).MatchString(stdout) {
		t.Errorf("%v: status %d, %s\n%s\nwant %s", args, status, stderr, stdout, pattern)
	}
	return stdout
}

func TestProcessIsLookedAt(t *testing.T) {
	lookable(t)
	pid := fmt.Sprint(os.Getpid())
	err := anyio.Run(t.Context(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var left, right anyio.Lock
			var ready [2]anyio.Event
			crosswise := func(first, second *anyio.Lock, mine, other *anyio.Event) func(ctx context.Context) error {
				return func(ctx context.Context) error {
					return first.Do(ctx, func(ctx context.Context) error {
						mine.Set()
						if err := other.Wait(ctx); err != nil {
							return err
						}
						return second.Do(ctx, func(context.Context) error { return errors.New("unreachable") })
					})
				}
			}
			tg.Go(crosswise(&left, &right, &ready[0], &ready[1]), anyio.Name("lefty"))
			tg.Go(crosswise(&right, &left, &ready[1], &ready[0]), anyio.Name("righty"))
			testkit.Settled(t, ctx)

			wantMatch(t, `(?m)^PID +PROGRAM +RUNS +TASKS +DEADLOCKS\n`+pid+` +anyio.test\S* +1 +3 +1\n$`, "ps")
			tree := wantMatch(t, `(?m)^deadlock: 2 tasks wait for each other\n(  \w+y #\d waits for the Lock that \w+y #\d holds since anyio/inspect_test.go:\d+, at anyio/inspect_test.go:\d+\n){2}\nrun \d+ on parallel`, "tree", pid)
			number := regexp.MustCompile(`lefty #(\d+) waiting`).FindStringSubmatch(tree)
			if number == nil {
				t.Fatal(tree)
			}
			wantMatch(t, `^lefty #\d .*\nwhich is righty #\d .*\nwhich is where this began: they wait for each other\n$`, "why", pid, number[1])
			var s inspect.Snapshot
			if err := json.Unmarshal([]byte(wantMatch(t, `^{`, "tree", "-json", pid)), &s); err != nil || len(s.Deadlocks) != 1 {
				t.Errorf("%v: %+v", err, s)
			}
			wantMatch(t, `^lefty`, "why", pid, fmt.Sprintf("%d.%s", s.Deadlocks[0].Circle[0].Run, number[1]))
			tg.Cancel("seen")
			return nil
		})
	})
	testkit.WantNil(t, "Run", err)
}

func TestProcessThatCannotBeLookedAt(t *testing.T) {
	lookable(t)
	pid := fmt.Sprint(os.Getpid())
	for args, want := range map[string]string{
		"tree 999999999":         "process 999999999 does not listen",
		"why " + pid + " 7":      "there is no task 7; anyio tree",
		"why " + pid + " 1.x":    `"1.x" is no task: want a number as 5, or as 1.5`,
		"why 999999999 1":        "process 999999999 does not listen",
		"why " + pid + " 9999.1": "there is no task 9999.1",
	} {
		if status, stdout, stderr := runMain(t, t.Context(), strings.Fields(args)...); status != exitFailed || stdout != "" || !strings.HasPrefix(stderr, "anyio: ") || !strings.Contains(stderr, want) {
			t.Errorf("%s: status %d, %q, %q; want %q", args, status, stdout, stderr, want)
		}
	}
}
