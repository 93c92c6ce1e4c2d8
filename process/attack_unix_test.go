//go:build unix

package process_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/process"
)

// wantStreamsClosed wants our ends of all three pipes to be closed.
func wantStreamsClosed(t *testing.T, ctx context.Context, p *process.Process) {
	t.Helper()
	testkit.WantIs(t, "send", p.Stdin.Send(ctx, []byte("x")), anyio.ErrClosed)
	_, err := read(ctx, p.Stdout)
	testkit.WantIs(t, "receive from stdout", err, anyio.ErrClosed)
	_, err = read(ctx, p.Stderr)
	testkit.WantIs(t, "receive from stderr", err, anyio.ErrClosed)
}

func TestProcessThatIgnoresTheRequestToEndIsKilled(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		for _, grace := range []time.Duration{-1, 1, time.Millisecond} {
			var p *process.Process
			err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) (err error) {
				p, err = process.Start(ctx, process.Command{Shell: `trap "" TERM; echo ready; while :; do sleep 1000; done`, Grace: grace, KillGroup: true})
				if err != nil {
					return err
				}
				if got, err := read(ctx, p.Stdout); got != "ready\n" {
					t.Errorf("%q, %v", got, err)
				}
				s.Cancel("")
				return p.Close(ctx)
			})
			testkit.WantNil(t, "scope", err)
			if code, ended := p.ExitCode(); code != -int(syscall.SIGKILL) || !ended {
				t.Errorf("grace %v: exit code %d, %v", grace, code, ended)
			}
			wantStreamsClosed(t, ctx, p)
		}
	})
}

// A program that cleans up when it is asked to end has the time for it.
func TestProcessMayCleanUpWithinTheGracePeriod(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		file := filepath.Join(t.TempDir(), "cleaned")
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			p, err := process.Start(ctx, process.Command{
				Shell: `trap "touch ` + file + `; exit 0" TERM; echo ready; sleep 1000 & wait`,
				Grace: time.Hour, KillGroup: true,
			})
			if err != nil {
				return err
			}
			if got, err := read(ctx, p.Stdout); got != "ready\n" {
				t.Errorf("%q, %v", got, err)
			}
			s.Cancel("")
			err = p.Close(ctx)
			if code, ended := p.ExitCode(); code != 0 || !ended {
				t.Errorf("exit code %d, %v", code, ended)
			}
			return err
		})
		testkit.WantNil(t, "scope", err)
		if _, err := os.Stat(file); err != nil {
			t.Errorf("it had no time to clean up: %v", err)
		}
	})
}

func TestSignalsReachTheWholeGroup(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		for what, end := range map[string]func(*process.Process) error{
			"Kill":      (*process.Process).Kill,
			"Terminate": (*process.Process).Terminate,
			"Signal":    func(p *process.Process) error { return p.Signal(syscall.SIGHUP) },
		} {
			p, err := process.Start(ctx, process.Command{
				Shell:     `trap : USR1; sh -c 'trap "echo got" USR1; echo $$; while :; do sleep 1000 & wait; done' & while :; do wait; done`,
				KillGroup: true,
			})
			if err != nil {
				t.Fatal(err)
			}
			grandchild, err := read(ctx, p.Stdout)
			testkit.WantNil(t, "read", err)
			pidFile := filepath.Join(t.TempDir(), "pid")
			testkit.WantNil(t, "write", os.WriteFile(pidFile, []byte(grandchild), 0o600))
			testkit.WantNil(t, "signal", p.Signal(syscall.SIGUSR1))
			if got, err := read(ctx, p.Stdout); got != "got\n" || err != nil {
				t.Errorf("the process that ours has started: %q, %v", got, err)
			}
			testkit.WantNil(t, what, end(p))
			if code, err := p.Wait(ctx); code >= 0 || err != nil {
				t.Errorf("%s: %d, %v", what, code, err)
			}
			wantGone(t, pidFile)
			_, err = read(ctx, p.Stdout)
			testkit.WantIs(t, "nobody has the other end", err, io.EOF)
			testkit.WantNil(t, "close", p.Close(ctx))
		}
	})
}

// Whatever the moment, a signal is sent or the process has ended.
func TestSignalsWhileProcessesEnd(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		anyiotest.CheckLeaks(t)
		for i := range 40 {
			p, err := process.Start(ctx, process.Command{Args: []string{"cat"}, KillGroup: i%2 == 0})
			if err != nil {
				t.Fatal(err)
			}
			err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for range 4 {
					tg.Go(func(ctx context.Context) error {
						for {
							err := p.Signal(syscall.SIGCONT)
							if errors.Is(err, os.ErrProcessDone) {
								return nil
							}
							if err != nil {
								return err
							}
							if err := anyio.Sleep(ctx, 0); err != nil {
								return err
							}
						}
					})
				}
				return p.Stdin.Close(ctx)
			})
			testkit.WantNil(t, "group", err)
			if code, err := p.Wait(ctx); code != 0 || err != nil {
				t.Errorf("%d, %v", code, err)
			}
			testkit.WantNil(t, "close", p.Close(ctx))
		}
	})
}

func TestProcessThatClosesItsInputMeanwhile(t *testing.T) {
	input := bytes.Repeat([]byte("x"), 10<<20)
	onReal(t, func(t *testing.T, ctx context.Context) {
		res, err := process.Run(ctx, process.Command{Shell: "head -c 100000 | wc -c; exec <&-; echo done", Input: input})
		if err != nil || strings.Join(strings.Fields(string(res.Stdout)), " ") != "100000 done" {
			t.Errorf("%+v, %v", res, err)
		}
		p := start(t, ctx, "exec <&-; read x; echo closed; exec sleep 1000")
		got, err := read(ctx, p.Stdout)
		if got != "closed\n" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		testkit.WantIs(t, "send", p.Stdin.Send(ctx, input), anyio.ErrBroken)
		testkit.WantNil(t, "kill", p.Kill())
		testkit.WantNil(t, "close", p.Close(ctx))
	})
}

func TestMuchOutputIsDiscardedOrLimited(t *testing.T) {
	const size = 100 << 20
	args := []string{"head", "-c", strconv.Itoa(size), "/dev/zero"}
	onReal(t, func(t *testing.T, ctx context.Context) {
		res, err := process.Run(ctx, process.Command{Args: args, Stdout: process.Null})
		if err != nil || res.Stdout != nil {
			t.Errorf("discarded: %v", err)
		}
		p, err := process.Start(ctx, process.Command{Args: args})
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 1<<16)
		for n := 0; n < 1<<20; {
			m, err := p.Stdout.Receive(ctx, buf)
			if n += m; err != nil {
				t.Fatal(err)
			}
		}
		testkit.WantNil(t, "close", p.Close(ctx))
		if code, ended := p.ExitCode(); code == 0 || !ended {
			t.Errorf("limited: code %d, %v", code, ended)
		}
	})
}

// Close from elsewhere ends what waits for the process's streams.
func TestCloseWakesWhoSendsAndReceives(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		anyiotest.CheckLeaks(t)
		p := start(t, ctx, "exec sleep 1000")
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				testkit.WantIs(t, "send", p.Stdin.Send(ctx, make([]byte, 1<<20)), anyio.ErrClosed)
				return nil
			})
			for what, s := range map[string]interface {
				Receive(context.Context, []byte) (int, error)
			}{"stdout": p.Stdout, "stderr": p.Stderr} {
				tg.Go(func(ctx context.Context) error {
					_, err := s.Receive(ctx, make([]byte, 10))
					testkit.WantIs(t, what, err, anyio.ErrClosed)
					return nil
				})
			}
			testkit.WantNil(t, "idle", anyio.WaitAllTasksBlocked(ctx))
			closing := tg.Go(p.Close)
			testkit.WantNil(t, "idle", anyio.WaitAllTasksBlocked(ctx))
			testkit.WantNil(t, "kill", p.Kill())
			return closing.Wait(ctx)
		})
		testkit.WantNil(t, "group", err)
		wantStreamsClosed(t, ctx, p)
	})
}
