//go:build unix

package process_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/process"
)

func TestProgramsThatCannotBeStartedSayWhy(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		writeProgram(t, path, text)
		return path
	}
	plain := filepath.Join(dir, "plain")
	testkit.WantNil(t, "write", os.WriteFile(plain, []byte("text"), 0o644))
	closed, err := os.Create(filepath.Join(dir, "closed"))
	testkit.WantNil(t, "create", err)
	testkit.WantNil(t, "close", closed.Close())
	right := []string{"true"}
	tests := []struct {
		what string
		c    process.Command
		is   error
		says string
	}{
		{"not found", process.Command{Args: []string{"no-such-program-anywhere"}}, exec.ErrNotFound, "no-such-program-anywhere"},
		{"no such file", process.Command{Args: []string{"/no/such/program"}}, os.ErrNotExist, "/no/such/program"},
		{"not executable", process.Command{Args: []string{plain}}, os.ErrPermission, plain},
		{"a directory", process.Command{Args: []string{dir}}, syscall.EISDIR, dir},
		{"a file as directory of the program", process.Command{Args: []string{plain + "/prog"}}, syscall.ENOTDIR, plain},
		{"no program at all", process.Command{Args: []string{file("empty", "\x00\x01\x02")}}, syscall.ENOEXEC, "empty"},
		{"no interpreter", process.Command{Args: []string{file("script", "#!/no/such/shell\n")}}, os.ErrNotExist, "interpreter"},
		{"no such directory", process.Command{Args: right, Dir: "/no/such/dir"}, os.ErrNotExist, "chdir /no/such/dir"},
		{"no such directory, relative program", process.Command{Args: []string{"./true"}, Dir: "/no/such/dir"}, os.ErrNotExist, "chdir /no/such/dir"},
		{"a file as working directory", process.Command{Args: right, Dir: plain}, syscall.ENOTDIR, "chdir " + plain},
		{"too many arguments", process.Command{Args: append(right, strings.Repeat("x", 1<<22))}, syscall.E2BIG, "argument list too long"},
		{"a closed stream", process.Command{Args: right, Stdout: process.File(closed)}, os.ErrClosed, closed.Name()},
		{"a closed file", process.Command{Args: right, ExtraFiles: []*os.File{closed}}, os.ErrClosed, closed.Name()},
		{"unknown user", process.Command{Args: right, User: "no-such-user"}, nil, `user "no-such-user"`},
		{"unknown group", process.Command{Args: right, Group: "no-such-group"}, nil, `group "no-such-group"`},
		{"unknown further group", process.Command{Args: right, ExtraGroups: []string{"no-such-group"}}, nil, `group "no-such-group"`},
	}
	onReal(t, func(t *testing.T, ctx context.Context) {
		anyiotest.CheckLeaks(t)
		for _, test := range tests {
			_, err := process.Run(ctx, test.c)
			if test.is != nil {
				testkit.WantIs(t, test.what, err, test.is)
			}
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s: %v: want an error that has %q", test.what, err, test.says)
			}
		}
	})
}

func TestCommandsThatCannotBeRightAreRefused(t *testing.T) {
	right := []string{"true"}
	commands := map[string]process.Command{
		"Args":                    {},
		"not both":                {Args: right, Shell: "true"},
		"Args[0], is empty":       {Args: []string{""}},
		"Stdin or Input":          {Args: right, Stdin: process.Null, Input: []byte("x")},
		"pipe as Stdin":           {Args: right, Stdin: process.Pipe},
		"File of nil":             {Args: right, Stdout: process.File(nil)},
		"ToStdout":                {Args: right, Stdout: process.ToStdout},
		"Umask is -1":             {Args: right, Umask: new(-1)},
		"Umask is 512":            {Args: right, Umask: new(0o1000)},
		"Args[1] has a NUL byte":  {Args: append(right, "a\x00b")},
		"Args[0] has a NUL byte":  {Args: []string{"true\x00"}},
		"Shell has a NUL byte":    {Shell: "true\x00"},
		"Dir has a NUL byte":      {Args: right, Dir: "/\x00"},
		"Env[1] has a NUL byte":   {Args: right, Env: []string{"A=1", "B=\x00"}},
		"ExtraFiles[1] is nil":    {Args: right, ExtraFiles: []*os.File{os.Stdin, nil}},
		"Env[0] is not of the fo": {Args: right, Env: []string{"A"}},
		"Env[1] is not of the fo": {Args: right, Env: []string{"A=", "=x"}},
		"Env[2] is not of the fo": {Args: right, Env: []string{"A=", "B==", ""}},
	}
	onReal(t, func(t *testing.T, ctx context.Context) {
		for says, c := range commands {
			_, err := process.Run(ctx, c)
			testkit.WantMisuse(t, says, err)
			if err != nil && !strings.Contains(err.Error(), says) {
				t.Errorf("%v: want an error that has %q", err, says)
			}
		}
		_, err := process.Start(ctx, process.Command{Args: right, Input: []byte{}})
		testkit.WantMisuse(t, "Start with Input", err)
	})
}

// A failed program's output is in the error as well, where the result is dropped.
func TestExitErrorKeepsAllOutput(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		_, err := process.Output(ctx, "sh", "-c", "head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2; exit 7")
		e, ok := errors.AsType[*process.ExitError](err)
		if !ok || e.Code != 7 || len(e.Stdout) != 1e6 || len(e.Stderr) != 1e6 {
			t.Fatalf("%T", err)
		}
		if len(err.Error()) > 1000 {
			t.Errorf("the text of the error has %d bytes", len(err.Error()))
		}
	})
}

func TestSignalsToAProcessThatHasEnded(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		for _, group := range []bool{false, true} {
			p, err := process.Start(ctx, process.Command{Args: []string{"true"}, KillGroup: group})
			if err != nil {
				t.Fatal(err)
			}
			_, err = p.Wait(ctx)
			testkit.WantNil(t, "wait", err)
			testkit.WantIs(t, "signal", p.Signal(syscall.Signal(0)), os.ErrProcessDone)
			testkit.WantIs(t, "terminate", p.Terminate(), os.ErrProcessDone)
			testkit.WantIs(t, "kill", p.Kill(), os.ErrProcessDone)
			testkit.WantNil(t, "close", p.Close(ctx))
		}
	})
}

func TestWaitFromManyTasks(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		p := start(t, ctx, "read line; exit 5")
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for range 50 {
				tg.Go(func(ctx context.Context) error {
					if code, err := p.Wait(ctx); code != 5 || err != nil {
						t.Errorf("%d, %v", code, err)
					}
					return nil
				})
			}
			canceled := tg.Go(func(ctx context.Context) error {
				_, err := p.Wait(ctx)
				testkit.WantIs(t, "canceled", err, anyio.ErrCanceled)
				return err
			})
			testkit.WantNil(t, "idle", anyio.WaitAllTasksBlocked(ctx))
			canceled.Cancel("")
			testkit.WantNil(t, "canceled task", canceled.Wait(ctx))
			if _, ended := p.ExitCode(); ended {
				t.Error("a canceled Wait has ended the process")
			}
			return p.Stdin.Close(ctx)
		})
		testkit.WantNil(t, "group", err)
		if code, err := p.Wait(ctx); code != 5 || err != nil {
			t.Errorf("again: %d, %v", code, err)
		}
		testkit.WantNil(t, "close", p.Close(ctx))
	})
}
