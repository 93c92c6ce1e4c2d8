//go:build unix

package process_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/process"
)

func TestRelativeProgramIsFoundFromTheWorkingDirectoryOfTheProcess(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		dir := t.TempDir()
		writeProgram(t, filepath.Join(dir, "prog"), "#!/bin/sh\necho found\n")
		res, err := process.Run(ctx, process.Command{Args: []string{"./prog"}, Dir: dir})
		testkit.WantNil(t, "run", err)
		if string(res.Stdout) != "found\n" {
			t.Errorf("the program wrote %q", res.Stdout)
		}
	})
}

// writeProgram writes an executable file while no process can be started: one that
// starts meanwhile would have it open for writing for a moment, and the system
// refuses to run such a file (ETXTBSY).
func writeProgram(t *testing.T, name, text string) {
	t.Helper()
	syscall.ForkLock.Lock()
	defer syscall.ForkLock.Unlock()
	testkit.WantNil(t, "write the program", os.WriteFile(name, []byte(text), 0o700))
}

func TestProgramThatIsRelativeToADirectoryThatIsRelative(t *testing.T) {
	root := t.TempDir()
	t.Chdir(root)
	testkit.WantNil(t, "mkdir", os.Mkdir("sub", 0o700))
	writeProgram(t, filepath.Join("sub", "prog"), "#!/bin/sh\npwd\n")
	onReal(t, func(t *testing.T, ctx context.Context) {
		_, err := process.Output(ctx, "./prog")
		testkit.WantIs(t, "from here", err, os.ErrNotExist)
		res, err := process.Run(ctx, process.Command{Args: []string{"./prog"}, Dir: "sub", Umask: new(0o077)})
		if err != nil || filepath.Base(strings.TrimSpace(string(res.Stdout))) != "sub" {
			t.Errorf("from Dir: %+v, %v", res, err)
		}
	})
}

// Env does not change where the program is looked up, Dir does not either.
func TestProgramWithoutASlashIsFoundInOurPath(t *testing.T) {
	dir := t.TempDir()
	writeProgram(t, filepath.Join(dir, "prog"), "#!/bin/sh\necho found\n")
	onReal(t, func(t *testing.T, ctx context.Context) {
		for what, c := range map[string]process.Command{
			"Dir": {Args: []string{"prog"}, Dir: dir},
			"Env": {Args: []string{"prog"}, Env: []string{"PATH=" + dir}},
		} {
			_, err := process.Run(ctx, c)
			testkit.WantIs(t, what, err, exec.ErrNotFound)
		}
	})
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	onReal(t, func(t *testing.T, ctx context.Context) {
		out, err := process.Output(ctx, "prog")
		if string(out) != "found\n" || err != nil {
			t.Errorf("%q, %v", out, err)
		}
	})
}

func TestVariablesOfAProcess(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	testkit.WantNil(t, "dir", err)
	t.Setenv("ANYIO_TEST", "ours")
	onReal(t, func(t *testing.T, ctx context.Context) {
		for _, test := range []struct {
			what, want string
			c          process.Command
		}{
			{"inherited", "ours", process.Command{Args: []string{"printenv", "ANYIO_TEST"}}},
			{"the last counts", "last", process.Command{Args: []string{"printenv", "ANYIO_TEST"}, Env: append(os.Environ(), "ANYIO_TEST=first", "ANYIO_TEST=last")}},
			{"empty, with =", "=", process.Command{Args: []string{"printenv", "ANYIO_TEST"}, Env: []string{"ANYIO_TEST=="}}},
			{"none at all", "", process.Command{Args: []string{"env"}, Env: []string{}}},
			{"PWD is Dir", dir, process.Command{Args: []string{"printenv", "PWD"}, Dir: dir}},
		} {
			res, err := process.Run(ctx, test.c)
			if err != nil || strings.TrimSpace(string(res.Stdout)) != test.want {
				t.Errorf("%s: %+v, %v; want %q", test.what, res, err, test.want)
			}
		}
	})
}
