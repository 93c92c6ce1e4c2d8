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
			wantNil(t, "send", p.Stdin.Send(ctx, []byte(word+"\n")))
			if got, err := read(ctx, p.Stdout); got != "<"+word+">\n" || err != nil {
				t.Errorf("got %q, %v", got, err)
			}
		}
		if _, ended := p.ExitCode(); ended {
			t.Error("it has ended")
		}
		wantNil(t, "close stdin", p.Stdin.Close(ctx))
		if code, err := p.Wait(ctx); code != 3 || err != nil {
			t.Errorf("wait: %d, %v", code, err)
		}
		if code, ended := p.ExitCode(); code != 3 || !ended {
			t.Errorf("exit code %d, %v", code, ended)
		}
		wantIs(t, "signal after the end", p.Terminate(), os.ErrProcessDone)
	})
}

func TestStreamsOfAProcessThatHasEnded(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		p := start(t, ctx, "echo last; echo last words >&2")
		_, err := p.Wait(ctx)
		wantNil(t, "wait", err)
		if got, err := read(ctx, p.Stdout); got != "last\n" || err != nil {
			t.Errorf("what was written before: %q, %v", got, err)
		}
		if got, err := read(ctx, p.Stderr); got != "last words\n" || err != nil {
			t.Errorf("what was written before: %q, %v", got, err)
		}
		for range 2 {
			_, err = read(ctx, p.Stdout)
			wantIs(t, "then", err, io.EOF)
			_, err = read(ctx, p.Stderr)
			wantIs(t, "then", err, io.EOF)
		}
		wantIs(t, "send", p.Stdin.Send(ctx, []byte("x")), anyio.ErrBroken)
		wantNil(t, "close", p.Close(ctx))
		wantStreamsClosed(t, ctx, p)
		wantNil(t, "close again", p.Close(ctx))
	})
}

func TestReceivingFromAProcessKeepsTheRulesOfStreams(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		p := start(t, ctx, "exec sleep 1000")
		_, err := p.Stdout.Receive(ctx, nil)
		wantMisuse(t, "empty buffer", err)
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			first := tg.Go(func(ctx context.Context) error {
				_, err := read(ctx, p.Stdout)
				wantIs(t, "canceled", err, anyio.ErrCanceled)
				return err
			})
			wantNil(t, "idle", anyio.WaitAllTasksBlocked(ctx))
			_, err := read(ctx, p.Stdout)
			if _, ok := errors.AsType[*anyio.BusyError](err); !ok {
				t.Errorf("second reader: %v", err)
			}
			canceled, scope := anyio.OpenCancelScope(ctx)
			scope.Cancel("")
			_, err = read(canceled, p.Stdout)
			wantIs(t, "second reader, canceled", err, anyio.ErrCanceled)
			_, err = p.Stdout.Receive(canceled, nil)
			wantIs(t, "empty buffer, canceled", err, anyio.ErrCanceled)
			wantNil(t, "scope", scope.Close(nil))
			first.Cancel("")
			wantNil(t, "wait", first.Wait(ctx))
			tg.Go(func(ctx context.Context) error {
				_, err := read(ctx, p.Stdout)
				wantIs(t, "woken by Close", err, anyio.ErrClosed)
				return nil
			})
			wantNil(t, "idle", anyio.WaitAllTasksBlocked(ctx))
			return p.Stdout.Close(ctx)
		})
		wantNil(t, "group", err)
		wantNil(t, "kill", p.Kill())
		if code, err := p.Wait(ctx); code != -int(syscall.SIGKILL) || err != nil {
			t.Errorf("wait: %d, %v", code, err)
		}
		wantNil(t, "close", p.Close(ctx))
	})
}

func TestSignalsReachTheProcess(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		p := start(t, ctx, `trap "exit 2" TERM; trap "echo usr1" USR1; echo ready; while :; do read x; done`)
		defer p.Close(ctx)
		if got, err := read(ctx, p.Stdout); got != "ready\n" {
			t.Errorf("%q, %v", got, err)
		}
		wantNil(t, "signal", p.Signal(syscall.SIGUSR1))
		wantNil(t, "wake the shell", p.Stdin.Send(ctx, []byte("\n")))
		if got, err := read(ctx, p.Stdout); got != "usr1\n" {
			t.Errorf("%q, %v", got, err)
		}
		wantNil(t, "terminate", p.Terminate())
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
		wantNil(t, "close", p.Close(ctx))
	})
}

func TestCloseEndsAProcessThatIsBlockedWriting(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		p := start(t, ctx, "exec head -c 1048576 /dev/zero")
		if _, err := read(ctx, p.Stdout); err != nil {
			t.Error(err)
		}
		wantNil(t, "close", p.Close(ctx))
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
			wantIs(t, "close", err, anyio.ErrCanceled)
			return err
		})
		wantNil(t, "scope", err)
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
		wantNil(t, "wait", err)
		wantNil(t, "close", p.Close(ctx))
	})
}

func TestAThousandProcessesAtOnce(t *testing.T) {
	n := 1000
	if testing.Short() || raceEnabled {
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
			wantNil(t, "close stdin", p.Stdin.Close(ctx))
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
		wantNil(t, "group", err)
	})
}

func TestIdleWorkerThatWasKilledIsReplaced(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		first, err := pid.Call(ctx, struct{}{})
		wantNil(t, "pid", err)
		wantNil(t, "kill", syscall.Kill(first, syscall.SIGKILL))
		for syscall.Kill(first, 0) == nil { // until it is waited for
			wantNil(t, "sleep", anyio.Sleep(ctx, 1e6))
		}
		if second, err := pid.Call(ctx, struct{}{}); second == first || err != nil {
			t.Errorf("%d, %v", second, err)
		}
	})
}
