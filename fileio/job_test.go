package fileio_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
)

// nothingIsOpen wants no file below a folder to be open. It can tell on Linux only.
func nothingIsOpen(dir fileio.Path) error {
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil
	}
	for _, fd := range fds {
		// The descriptor of this very look is gone by now.
		if target, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(target, string(dir)) {
			return fmt.Errorf("descriptor %s is left open: %s", fd.Name(), target)
		}
	}
	return nil
}

// A job is done in a folder which has what make puts there; check looks at it
// afterwards. done tells whether body has returned without an error.
type job struct {
	make, body func(ctx context.Context, dir fileio.Path) error
	check      func(dir fileio.Path, done bool) error
}

// scenario is the job in a folder of its own.
func (j job) scenario(dir fileio.Path) anyiotest.Scenario {
	done := false
	return anyiotest.Scenario{
		SetUp: func(ctx context.Context) error {
			if err := os.Mkdir(string(dir), 0o755); err != nil || j.make == nil {
				return err
			}
			return j.make(ctx, dir)
		},
		Body: func(ctx context.Context) error {
			err := j.body(ctx, dir)
			done = err == nil
			return err
		},
		Check: func(_ context.Context, err error) error {
			return errors.Join(err, nothingIsOpen(dir), j.check(dir, done), os.RemoveAll(string(dir)))
		},
	}
}

// cancelEverywhere cancels a job at each of its schedule points in the simulator, and
// sooner or later on the other backends: on a loop that is while a thread makes a call.
func (j job) cancelEverywhere(t *testing.T) {
	t.Helper()
	for _, on := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		for patience := range 12 {
			s := j.scenario(folder(t).Join("job"))
			err := anyio.Run(context.Background(), func(ctx context.Context) error {
				testkit.Must(t, s.SetUp(ctx))
				err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					working := tg.Go(s.Body)
					for range 1 << patience {
						if err := lowlevel.Checkpoint(ctx); err != nil {
							return err
						}
					}
					working.Cancel("test")
					return nil
				})
				return s.Check(ctx, err)
			}, anyio.On(on))
			if err != nil {
				t.Errorf("%s, canceled after %d steps of another task: %v", on.Name(), 1<<patience, err)
			}
		}
	}
	all, n := folder(t), 0
	report := anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
		n++
		return j.scenario(all.Join(fmt.Sprint(n)))
	}, anyiotest.Seeds(1))
	if report.Points < 3 {
		t.Errorf("there were only %d points to cancel at", report.Points)
	}
}

// wanted is err, else an error unless ok.
func wanted(err error, ok bool, format string, args ...any) error {
	if err == nil && !ok {
		err = fmt.Errorf(format, args...)
	}
	return err
}

// content is what a file has, "(none)" if there is none.
func content(p fileio.Path) string {
	data, err := os.ReadFile(string(p))
	if err != nil {
		return "(none)"
	}
	return string(data)
}

// oneOf wants a file to have one of the contents, the last one if all was done.
func oneOf(p fileio.Path, done bool, contents ...string) error {
	got := content(p)
	last := contents[len(contents)-1]
	for _, c := range contents {
		if got == c && (!done || c == last) {
			return nil
		}
	}
	return fmt.Errorf("%s has %.40q (done: %t), want one of %.40q, and when all is done the last", p, got, done, contents)
}
