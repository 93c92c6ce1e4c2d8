//go:build unix

package process_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
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

func TestEveryArgumentReachesTheProcess(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		dir, err := filepath.EvalSymlinks(t.TempDir())
		testkit.WantNil(t, "dir", err)
		extra, err := os.Create(filepath.Join(dir, "extra"))
		testkit.WantNil(t, "create", err)
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
		testkit.WantNil(t, "write", os.WriteFile(in, []byte("hello"), 0o644))
		from, err := os.Open(in)
		testkit.WantNil(t, "open", err)
		defer from.Close()
		to, err := os.Create(filepath.Join(dir, "out"))
		testkit.WantNil(t, "create", err)
		defer to.Close()
		res, err := process.Run(ctx, process.Command{Args: []string{"cat"}, Stdin: process.File(from), Stdout: process.File(to), Stderr: process.Null})
		if err != nil || res.Stdout != nil || res.Stderr != nil {
			t.Errorf("%+v, %v", res, err)
		}
		if data, _ := os.ReadFile(to.Name()); string(data) != "hello" {
			t.Errorf("%q", data)
		}
		_, err = from.Seek(0, io.SeekStart)
		testkit.WantNil(t, "seek", err)
		p, err := process.Start(ctx, process.Command{Shell: "cat; echo bye >&2", Stdin: process.File(from), Stdout: process.File(to), Stderr: process.ToStdout})
		if err != nil {
			t.Fatal(err)
		}
		code, err := p.Wait(ctx)
		if p.Stdin != nil || p.Stdout != nil || p.Stderr != nil || code != 0 || err != nil {
			t.Errorf("%+v, %d, %v", p, code, err)
		}
		if data, _ := os.ReadFile(to.Name()); string(data) != "hellohellobye\n" {
			t.Errorf("%q", data)
		}
		testkit.WantNil(t, "close", p.Close(ctx))
		_, err = to.Write([]byte("x"))
		testkit.WantNil(t, "the file is still ours", err)
	})
}

// A process inherits what os.Stdin and the others are at its start.
func TestStandardStreamsAreInherited(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		files := [3]*os.File{}
		for i := range files {
			f, err := os.CreateTemp(t.TempDir(), "")
			testkit.WantNil(t, "create", err)
			defer f.Close()
			files[i] = f
		}
		testkit.WantNil(t, "write", os.WriteFile(files[0].Name(), []byte("in"), 0o600))
		before := [3]*os.File{os.Stdin, os.Stdout, os.Stderr}
		os.Stdin, os.Stdout, os.Stderr = files[0], files[1], files[2]
		res, err := process.Run(ctx, process.Command{Shell: "cat; echo err >&2", Stdin: process.Inherit, Stdout: process.Inherit, Stderr: process.Inherit})
		os.Stdin, os.Stdout, os.Stderr = before[0], before[1], before[2]
		if err != nil || res.Stdout != nil || res.Stderr != nil {
			t.Errorf("%+v, %v", res, err)
		}
		for i, want := range []string{"in", "in", "err\n"} {
			if data, err := os.ReadFile(files[i].Name()); string(data) != want || err != nil {
				t.Errorf("stream %d: %q, %v; want %q", i, data, err, want)
			}
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
					testkit.WantIs(t, "run", err, anyio.ErrCanceled)
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
		testkit.WantNil(t, "scope", err)
		wantGone(t, pidFile)
		startsNothing := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			s.Cancel("")
			_, err := process.Run(ctx, process.Command{Shell: "touch " + pidFile + "2"})
			return err
		})
		testkit.WantNil(t, "canceled before", startsNothing)
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
		testkit.WantNil(t, "scope", err)
		wantGone(t, pidFile)
	})
}

// What a program leaves behind may hold its output open forever.
func TestRunReturnsAlthoughAGrandchildHoldsTheOutput(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		pidFile := filepath.Join(t.TempDir(), "pid")
		res, err := process.Run(ctx, process.Command{Shell: "sleep 1000 & echo $! > " + pidFile + "; echo started", Grace: 50 * time.Millisecond})
		testkit.WantIs(t, "run", err, process.ErrOutputHeld)
		if res == nil || string(res.Stdout) != "started\n" || res.Code != 0 {
			t.Errorf("%+v", res)
		}
		kill(t, pidFile)
		_, err = process.Run(ctx, process.Command{Shell: "sleep 1000 & echo $! > " + pidFile + "; exit 9", Grace: time.Millisecond})
		testkit.WantIs(t, "failed as well", err, process.ErrOutputHeld)
		if e, ok := errors.AsType[*process.ExitError](err); !ok || e.Code != 9 {
			t.Errorf("failed as well: %v", err)
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
	testkit.WantNil(t, "run", anyio.Run(context.Background(), func(ctx context.Context) error {
		_, err := process.Output(ctx, "true")
		testkit.WantIs(t, "output", err, errors.ErrUnsupported)
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
	testkit.WantNil(t, "pid file", err)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(data)))
	if pid <= 1 {
		t.Fatalf("pid %q", data)
	}
	return pid
}

func kill(t *testing.T, pidFile string) {
	t.Helper()
	testkit.WantNil(t, "kill", syscall.Kill(pidIn(t, pidFile), syscall.SIGKILL))
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
