//go:build unix

package process_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/process"
	"github.com/anyio-go/anyio/stream"
)

// start starts a shell line, to be closed with the test's task.
func start(t *testing.T, ctx context.Context, line string) *process.Process {
	t.Helper()
	p, err := process.Start(ctx, process.Command{Shell: line})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// read reads one chunk as a string.
func read(ctx context.Context, s stream.ByteReceiveStream) (string, error) {
	buf := make([]byte, 100)
	n, err := s.Receive(ctx, buf)
	return string(buf[:n]), err
}

func TestConversationWithAProcess(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		p := start(t, ctx, `while read line; do echo "<$line>"; done; exit 3`)
		defer p.Close(ctx)
		for _, word := range []string{"a", "b"} {
			testkit.WantNil(t, "send", p.Stdin.Send(ctx, []byte(word+"\n")))
			if got, err := read(ctx, p.Stdout); got != "<"+word+">\n" || err != nil {
				t.Errorf("got %q, %v", got, err)
			}
		}
		if _, ended := p.ExitCode(); ended {
			t.Error("it has ended")
		}
		testkit.WantNil(t, "close stdin", p.Stdin.Close(ctx))
		if code, err := p.Wait(ctx); code != 3 || err != nil {
			t.Errorf("wait: %d, %v", code, err)
		}
		if code, ended := p.ExitCode(); code != 3 || !ended {
			t.Errorf("exit code %d, %v", code, ended)
		}
		testkit.WantIs(t, "signal after the end", p.Terminate(), os.ErrProcessDone)
	})
}

func TestStreamsOfAProcessThatHasEnded(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		p := start(t, ctx, "echo last; echo last words >&2")
		_, err := p.Wait(ctx)
		testkit.WantNil(t, "wait", err)
		if got, err := read(ctx, p.Stdout); got != "last\n" || err != nil {
			t.Errorf("what was written before: %q, %v", got, err)
		}
		if got, err := read(ctx, p.Stderr); got != "last words\n" || err != nil {
			t.Errorf("what was written before: %q, %v", got, err)
		}
		for range 2 {
			_, err = read(ctx, p.Stdout)
			testkit.WantIs(t, "then", err, io.EOF)
			_, err = read(ctx, p.Stderr)
			testkit.WantIs(t, "then", err, io.EOF)
		}
		testkit.WantIs(t, "send", p.Stdin.Send(ctx, []byte("x")), anyio.ErrBroken)
		testkit.WantNil(t, "close", p.Close(ctx))
		wantStreamsClosed(t, ctx, p)
		testkit.WantNil(t, "close again", p.Close(ctx))
	})
}

func TestReceivingFromAProcessKeepsTheRulesOfStreams(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		p := start(t, ctx, "exec sleep 1000")
		_, err := p.Stdout.Receive(ctx, nil)
		testkit.WantMisuse(t, "empty buffer", err)
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			first := tg.Go(func(ctx context.Context) error {
				_, err := read(ctx, p.Stdout)
				testkit.WantIs(t, "canceled", err, anyio.ErrCanceled)
				return err
			})
			testkit.WantNil(t, "idle", anyio.WaitAllTasksBlocked(ctx))
			_, err := read(ctx, p.Stdout)
			if _, ok := errors.AsType[*anyio.BusyError](err); !ok {
				t.Errorf("second reader: %v", err)
			}
			canceled, scope := anyio.OpenCancelScope(ctx)
			scope.Cancel("")
			_, err = read(canceled, p.Stdout)
			testkit.WantIs(t, "second reader, canceled", err, anyio.ErrCanceled)
			_, err = p.Stdout.Receive(canceled, nil)
			testkit.WantIs(t, "empty buffer, canceled", err, anyio.ErrCanceled)
			testkit.WantNil(t, "scope", scope.End(nil))
			first.Cancel("")
			testkit.WantNil(t, "wait", first.Wait(ctx))
			tg.Go(func(ctx context.Context) error {
				_, err := read(ctx, p.Stdout)
				testkit.WantIs(t, "woken by Close", err, anyio.ErrClosed)
				return nil
			})
			testkit.WantNil(t, "idle", anyio.WaitAllTasksBlocked(ctx))
			return p.Stdout.Close(ctx)
		})
		testkit.WantNil(t, "group", err)
		testkit.WantNil(t, "kill", p.Kill())
		if code, err := p.Wait(ctx); code != -int(syscall.SIGKILL) || err != nil {
			t.Errorf("wait: %d, %v", code, err)
		}
		testkit.WantNil(t, "close", p.Close(ctx))
	})
}

func TestSignalsReachTheProcess(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		p := start(t, ctx, `trap "exit 2" TERM; trap "echo usr1" USR1; echo ready; while :; do read x; done`)
		defer p.Close(ctx)
		if got, err := read(ctx, p.Stdout); got != "ready\n" {
			t.Errorf("%q, %v", got, err)
		}
		testkit.WantNil(t, "signal", p.Signal(syscall.SIGUSR1))
		testkit.WantNil(t, "wake the shell", p.Stdin.Send(ctx, []byte("\n")))
		if got, err := read(ctx, p.Stdout); got != "usr1\n" {
			t.Errorf("%q, %v", got, err)
		}
		testkit.WantNil(t, "terminate", p.Terminate())
		_ = p.Stdin.Send(ctx, []byte("\n")) // wakes the shell, if the signal did not
		if code, err := p.Wait(ctx); code != 2 || err != nil {
			t.Errorf("%d, %v", code, err)
		}
	})
}

func TestWaitReturnsAlthoughAGrandchildHoldsThePipes(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		pidFile := filepath.Join(t.TempDir(), "pid")
		p := start(t, ctx, "sleep 1000 & echo $! > "+pidFile)
		code, err := p.Wait(ctx)
		if code != 0 || err != nil {
			t.Errorf("%d, %v", code, err)
		}
		kill(t, pidFile)
		testkit.WantNil(t, "close", p.Close(ctx))
	})
}

func TestCloseEndsAProcessThatIsBlockedWriting(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		p := start(t, ctx, "exec head -c 1048576 /dev/zero")
		if _, err := read(ctx, p.Stdout); err != nil {
			t.Error(err)
		}
		testkit.WantNil(t, "close", p.Close(ctx))
		if code, _ := p.ExitCode(); code != -int(syscall.SIGPIPE) && code != 1 {
			t.Errorf("exit code %d", code)
		}
	})
}

func TestCloseInACanceledScopeLeavesNoOrphan(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		var p *process.Process
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			p = start(t, ctx, "exec sleep 1000")
			s.Cancel("")
			err := p.Close(ctx)
			testkit.WantIs(t, "close", err, anyio.ErrCanceled)
			return err
		})
		testkit.WantNil(t, "scope", err)
		wantStreamsClosed(t, ctx, p)
		if code, ended := p.ExitCode(); code != -int(syscall.SIGTERM) || !ended {
			t.Errorf("exit code %d, %v", code, ended)
		}
	})
}

func TestStreamsThatAreNoPipesAreNil(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		p, err := process.Start(ctx, process.Command{Args: []string{"true"}, Stdin: process.Null, Stdout: process.Inherit, Stderr: process.Null})
		if err != nil {
			t.Fatal(err)
		}
		if p.Stdin != nil || p.Stdout != nil || p.Stderr != nil {
			t.Error("a stream that nobody asked for")
		}
		if p.Pid() <= 1 {
			t.Errorf("pid %d", p.Pid())
		}
		_, err = p.Wait(ctx)
		testkit.WantNil(t, "wait", err)
		testkit.WantNil(t, "close", p.Close(ctx))
	})
}

func TestAThousandProcessesAtOnce(t *testing.T) {
	n := 1000
	if testing.Short() || race.Enabled {
		n = 100
	}
	onReal(t, func(t *testing.T, ctx context.Context) {
		procs := make([]*process.Process, n)
		for i := range procs {
			p, err := process.Start(ctx, process.Command{Args: []string{"cat"}, Stdout: process.Null, Stderr: process.Null})
			if err != nil {
				t.Fatal(err)
			}
			procs[i] = p
			defer p.Close(ctx)
		}
		for _, p := range procs {
			testkit.WantNil(t, "close stdin", p.Stdin.Close(ctx))
		}
		for _, p := range procs {
			if code, err := p.Wait(ctx); code != 0 || err != nil {
				t.Errorf("%d, %v", code, err)
			}
		}
	})
}

func TestManyTasksRunProcessesAtOnce(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		anyiotest.CheckLeaks(t)
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i := range 100 {
				tg.Go(func(ctx context.Context) error {
					want := strconv.Itoa(i)
					res, err := process.Run(ctx, process.Command{Args: []string{"cat"}, Input: []byte(want)})
					if err == nil && string(res.Stdout) != want {
						t.Errorf("%q, want %q", res.Stdout, want)
					}
					return err
				})
			}
			return nil
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestIdleWorkerThatWasKilledIsReplaced(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		first, err := pid.Call(ctx, struct{}{})
		testkit.WantNil(t, "pid", err)
		testkit.WantNil(t, "kill", syscall.Kill(first, syscall.SIGKILL))
		for syscall.Kill(first, 0) == nil { // until it is waited for
			testkit.WantNil(t, "sleep", anyio.Sleep(ctx, 1e6))
		}
		if second, err := pid.Call(ctx, struct{}{}); second == first || err != nil {
			t.Errorf("%d, %v", second, err)
		}
	})
}
