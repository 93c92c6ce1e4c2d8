//go:build unix

package process_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/process"
	"github.com/anyio-go/anyio/sim"
)

func TestRunFeedsInputAndReturnsBothOutputs(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		for _, c := range []process.Command{
			{Args: []string{"sh", "-c", "cat; echo err >&2"}, Input: []byte("abc")},
			{Shell: "cat; echo err >&2", Input: []byte("abc")},
		} {
			res, err := process.Run(ctx, c)
			if err != nil || string(res.Stdout) != "abc" || string(res.Stderr) != "err\n" || res.Code != 0 {
				t.Errorf("%v: %+v, %v", &c, res, err)
			}
		}
	})
}

func TestRunMovesMuchDataInAllDirectionsAtOnce(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		input := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
		res, err := process.Run(ctx, process.Command{Shell: "tee /dev/stderr", Input: input})
		if err != nil || !bytes.Equal(res.Stdout, input) || !bytes.Equal(res.Stderr, input) {
			t.Errorf("%d and %d bytes of %d, %v", len(res.Stdout), len(res.Stderr), len(input), err)
		}
	})
}

func TestEmptyInputIsAnEmptyPipeAndNoInputIsNull(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		for _, input := range [][]byte{nil, {}} {
			res, err := process.Run(ctx, process.Command{Shell: "wc -c", Input: input})
			if err != nil || strings.TrimSpace(string(res.Stdout)) != "0" {
				t.Errorf("%+v, %v", res, err)
			}
		}
	})
}

func TestFailingProgramGivesAnExitErrorWithItsOutput(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		c := process.Command{Shell: "echo out; echo one >&2; echo two >&2; exit 2"}
		res, err := process.Run(ctx, c)
		e, ok := errors.AsType[*process.ExitError](err)
		if !ok || e.Code != 2 || string(e.Stdout) != "out\n" || string(e.Stderr) != "one\ntwo\n" || res.Code != 2 {
			t.Fatalf("%+v, %v", res, err)
		}
		if want := `process: "echo out; echo one >&2; echo two >&2; exit 2" ended with code 2: two`; e.Error() != want {
			t.Errorf("text %q", e.Error())
		}
		c.AnyExit = true
		if res, err := process.Run(ctx, c); err != nil || res.Code != 2 {
			t.Errorf("AnyExit: %+v, %v", res, err)
		}
		_, err = process.Run(ctx, process.Command{Shell: "kill -9 $$"})
		if e, ok := errors.AsType[*process.ExitError](err); !ok || e.Code != -9 || !strings.HasSuffix(e.Error(), "was ended by signal 9") {
			t.Errorf("signal: %v", err)
		}
	})
}

func TestProgramsThatCannotBeStartedSayWhy(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		_, err := process.Output(ctx, "no-such-program-anywhere")
		wantIs(t, "not found", err, exec.ErrNotFound)
		_, err = process.Output(ctx, "/no/such/program")
		wantIs(t, "no such file", err, os.ErrNotExist)
		plain := filepath.Join(t.TempDir(), "plain")
		wantNil(t, "write", os.WriteFile(plain, []byte("text"), 0o644))
		_, err = process.Output(ctx, plain)
		wantIs(t, "not executable", err, os.ErrPermission)
		for dir, want := range map[string]error{"/no/such/dir": os.ErrNotExist, plain: syscall.ENOTDIR} {
			_, err = process.Run(ctx, process.Command{Args: []string{"true"}, Dir: dir})
			wantIs(t, dir, err, want)
			if pe, ok := errors.AsType[*fs.PathError](err); !ok || pe.Path != dir {
				t.Errorf("the error does not name the directory %q: %v", dir, err)
			}
		}
		_, err = process.Run(ctx, process.Command{Args: []string{"true"}, Dir: t.TempDir(), User: strconv.Itoa(1 << 31)})
		if os.Getuid() != 0 {
			wantIs(t, "another user", err, os.ErrPermission)
		}
		_, err = process.Output(ctx, "true", strings.Repeat("x", 3<<20))
		wantIs(t, "too long", err, syscall.E2BIG)
		_, err = process.Output(ctx, t.TempDir())
		wantIs(t, "directory", err, syscall.EISDIR)
		_, err = process.Run(ctx, process.Command{Args: []string{"true"}, User: "no-such-user"})
		if err == nil || !strings.Contains(err.Error(), "no-such-user") {
			t.Errorf("unknown user: %v", err)
		}
	})
}

func TestCommandsThatCannotBeRightAreRefused(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		for what, c := range map[string]process.Command{
			"nothing to run":  {},
			"both":            {Args: []string{"true"}, Shell: "true"},
			"stdin and input": {Args: []string{"true"}, Stdin: process.Null, Input: []byte("x")},
			"pipe nobody has": {Args: []string{"true"}, Stdin: process.Pipe},
			"no file":         {Args: []string{"true"}, Stdout: process.File(nil)},
			"to itself":       {Args: []string{"true"}, Stdout: process.ToStdout},
			"no name":         {Args: []string{""}},
			"NUL argument":    {Args: []string{"true", "a\x00b"}},
			"NUL line":        {Shell: "true\x00"},
			"NUL directory":   {Args: []string{"true"}, Dir: "a\x00"},
			"NUL value":       {Args: []string{"true"}, Env: []string{"A=\x00"}},
			"name alone":      {Args: []string{"true"}, Env: []string{"A=1", "B"}},
			"nil file":        {Args: []string{"true"}, ExtraFiles: []*os.File{os.Stdin, nil}},
		} {
			_, err := process.Run(ctx, c)
			wantMisuse(t, what, err)
		}
		_, err := process.Start(ctx, process.Command{Args: []string{"true"}, Input: []byte{}})
		wantMisuse(t, "Start with Input", err)
	})
}

func TestEnvironmentHasEachNameOnce(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		res, err := process.Run(ctx, process.Command{Args: []string{"/usr/bin/env"}, Env: []string{"A=1", "B=2", "A=3"}})
		if err != nil || string(res.Stdout) != "B=2\nA=3\n" && string(res.Stdout) != "A=3\nB=2\n" {
			t.Errorf("%+v, %v", res, err)
		}
		dir := t.TempDir()
		res, err = process.Run(ctx, process.Command{Args: []string{"/usr/bin/env"}, Dir: dir})
		if err != nil || !strings.Contains("\n"+string(res.Stdout), "\nPWD="+dir+"\n") {
			t.Errorf("%+v, %v", res, err)
		}
	})
}

func TestEveryArgumentReachesTheProcess(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		dir, err := filepath.EvalSymlinks(t.TempDir())
		wantNil(t, "dir", err)
		extra, err := os.Create(filepath.Join(dir, "extra"))
		wantNil(t, "create", err)
		defer extra.Close()
		c := process.Command{
			Shell:      `pwd; echo "$NAME"; umask; echo extra >&3; ps -o sid= -p $$ | tr -d ' '; echo $$`,
			Dir:        dir,
			Env:        append(os.Environ(), "NAME=value"),
			Umask:      new(0o027),
			ExtraFiles: []*os.File{extra},
			NewSession: true,
			Stderr:     process.ToStdout,
		}
		res, err := process.Run(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		said := strings.Fields(string(res.Stdout))
		if len(said) != 5 || said[0] != dir || said[1] != "value" || said[2] != "0027" || said[3] != said[4] {
			t.Errorf("%q", said)
		}
		if data, err := os.ReadFile(extra.Name()); string(data) != "extra\n" {
			t.Errorf("descriptor 3: %q, %v", data, err)
		}
	})
}

func TestProcessRunsAsAnotherUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root may do that")
	}
	onReal(t, func(t *testing.T, ctx context.Context) {
		res, err := process.Run(ctx, process.Command{Shell: "id -u; id -g; id -G", User: "1234", Group: "2345", ExtraGroups: []string{"3456", "root"}})
		if err != nil || strings.Join(strings.Fields(string(res.Stdout)), " ") != "1234 2345 2345 3456 0" && strings.Join(strings.Fields(string(res.Stdout)), " ") != "1234 2345 2345 0 3456" {
			t.Errorf("%q, %v", res.Stdout, err)
		}
	})
}

func TestFilesServeAsStandardStreams(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		dir := t.TempDir()
		in := filepath.Join(dir, "in")
		wantNil(t, "write", os.WriteFile(in, []byte("hello"), 0o644))
		from, err := os.Open(in)
		wantNil(t, "open", err)
		defer from.Close()
		to, err := os.Create(filepath.Join(dir, "out"))
		wantNil(t, "create", err)
		defer to.Close()
		res, err := process.Run(ctx, process.Command{Args: []string{"cat"}, Stdin: process.File(from), Stdout: process.File(to), Stderr: process.Null})
		if err != nil || res.Stdout != nil || res.Stderr != nil {
			t.Errorf("%+v, %v", res, err)
		}
		if data, _ := os.ReadFile(to.Name()); string(data) != "hello" {
			t.Errorf("%q", data)
		}
	})
}

func TestCanceledRunEndsTheProcess(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		pidFile := filepath.Join(t.TempDir(), "pid")
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					_, err := process.Run(ctx, process.Command{Shell: "echo $$ > " + pidFile + ".tmp; mv " + pidFile + ".tmp " + pidFile + "; exec sleep 1000"})
					wantIs(t, "run", err, anyio.ErrCanceled)
					if n := strings.Count(err.Error(), "canceled"); n != 1 {
						t.Errorf("%d times, not once: %v", n, err)
					}
					return err
				})
				if err := appears(ctx, pidFile); err != nil {
					return err
				}
				s.Cancel("enough")
				return nil
			})
		})
		wantNil(t, "scope", err)
		wantGone(t, pidFile)
		startsNothing := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			s.Cancel("")
			_, err := process.Run(ctx, process.Command{Shell: "touch " + pidFile + "2"})
			return err
		})
		wantNil(t, "canceled before", startsNothing)
		if _, err := os.Stat(pidFile + "2"); err == nil {
			t.Error("a process was started in a canceled scope")
		}
	})
}

func TestStubbornGroupIsKilledAfterTheGracePeriod(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		pidFile := filepath.Join(t.TempDir(), "pid")
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					_, err := process.Run(ctx, process.Command{
						Shell:     `trap "" TERM; (trap "" TERM; sh -c 'echo $PPID' > ` + pidFile + `.tmp; mv ` + pidFile + `.tmp ` + pidFile + `; while :; do sleep 1000; done) & wait; wait`,
						KillGroup: true, Grace: time.Millisecond,
					})
					return err
				})
				if err := appears(ctx, pidFile); err != nil {
					return err
				}
				s.Cancel("enough")
				return nil
			})
		})
		wantNil(t, "scope", err)
		wantGone(t, pidFile)
	})
}

// What a program leaves behind may hold its output open for ever.
func TestRunReturnsAlthoughAGrandchildHoldsTheOutput(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		pidFile := filepath.Join(t.TempDir(), "pid")
		res, err := process.Run(ctx, process.Command{Shell: "sleep 1000 & echo $! > " + pidFile + "; echo started", Grace: 50 * time.Millisecond})
		wantIs(t, "run", err, process.ErrOutputHeld)
		if res == nil || string(res.Stdout) != "started\n" || res.Code != 0 {
			t.Errorf("%+v", res)
		}
		kill(t, pidFile)
		res, err = process.Run(ctx, process.Command{Shell: "sleep 1000 & echo $! > " + pidFile + "; echo started", KillGroup: true})
		if err != nil || string(res.Stdout) != "started\n" {
			t.Errorf("with its group: %+v, %v", res, err)
		}
		wantGone(t, pidFile)
	})
}

func TestSimulatedRunsHaveNoProcesses(t *testing.T) {
	wantNil(t, "run", anyio.Run(context.Background(), func(ctx context.Context) error {
		_, err := process.Output(ctx, "true")
		wantIs(t, "output", err, errors.ErrUnsupported)
		return nil
	}, anyio.On(sim.New(sim.Config{}))))
}

// appears waits until a file is there.
func appears(ctx context.Context, name string) error {
	for {
		if _, err := os.Stat(name); err == nil {
			return nil
		}
		if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
			return err
		}
	}
}

func pidIn(t *testing.T, file string) int {
	t.Helper()
	data, err := os.ReadFile(file)
	wantNil(t, "pid file", err)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(data)))
	if pid <= 1 {
		t.Fatalf("pid %q", data)
	}
	return pid
}

func kill(t *testing.T, pidFile string) {
	t.Helper()
	wantNil(t, "kill", syscall.Kill(pidIn(t, pidFile), syscall.SIGKILL))
}

// wantGone wants the process to be dead: no more than a zombie of somebody else.
func wantGone(t *testing.T, pidFile string) {
	t.Helper()
	pid := pidIn(t, pidFile)
	for range 5000 {
		if syscall.Kill(pid, 0) != nil || zombie(pid) {
			return
		}
		_ = anyio.Sleep(context.Background(), time.Millisecond)
	}
	t.Errorf("process %d is still there", pid)
}

func zombie(pid int) bool {
	out, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	return err != nil || strings.HasPrefix(string(out), "Z")
}
