package process_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/process"
	"github.com/anyio-go/anyio/socket"
)

// The end of the tests finds what is left: processes, descriptors, tasks.
func TestProcessCanceledAtAnyTurnLeavesNothing(t *testing.T) {
	input := bytes.Repeat([]byte("x"), 1<<18)
	onReal(t, func(t *testing.T, ctx context.Context) {
		for turns, step := 0, 1; turns < 20_000; turns, step = turns+step, step+1+step/4 {
			canceled, err := canceledAfter(ctx, turns, func(ctx context.Context) error {
				res, err := process.Run(ctx, process.Command{Args: []string{"cat"}, Input: input, Grace: -1})
				if err == nil && !bytes.Equal(res.Stdout, input) {
					t.Errorf("%d turns: %d bytes of %d", turns, len(res.Stdout), len(input))
				}
				return err
			})
			if err != nil {
				t.Errorf("Run, canceled after %d turns (%t): %v", turns, canceled, err)
			}
			var p *process.Process
			_, err = canceledAfter(ctx, turns, func(ctx context.Context) (err error) {
				if p, err = process.Start(ctx, process.Command{Args: []string{"cat"}, Grace: -1}); err != nil {
					return err
				}
				defer p.Close(ctx)
				if err := p.Stdin.Send(ctx, input[:1000]); err != nil {
					return err
				}
				_, err = p.Stdout.Receive(ctx, make([]byte, 1000))
				return err
			})
			if err != nil {
				t.Errorf("Start, canceled after %d turns: %v", turns, err)
			}
			if p != nil {
				if _, ended := p.ExitCode(); !ended {
					t.Errorf("after %d turns the process is left", turns)
				}
			}
		}
	})
}

// Descriptors that are opened while processes start do not leak into them.
func TestProcessesHaveTheDescriptorsTheyWereGivenAndNoMore(t *testing.T) {
	extra := []*os.File{os.Stdin, os.Stdin, os.Stdin}
	list := exec.Command("ls", "/proc/self/fd")
	list.ExtraFiles = extra
	want, err := list.Output() // what the tests' own process was given may pass
	if err != nil {
		t.Skipf("cannot list descriptors: %v", err)
	}
	onReal(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
			if err != nil {
				return err
			}
			defer l.Close(ctx)
			tg.Go(func(ctx context.Context) error { // sockets of ours come and go
				for {
					c, err := socket.DialTCP(ctx, "127.0.0.1", l.Port())
					if err != nil {
						return err
					}
					s, err := l.Accept(ctx)
					if err == nil {
						err = errors.Join(anyio.Sleep(ctx, time.Millisecond), s.Close(ctx))
					}
					if err := errors.Join(err, c.Close(ctx)); err != nil {
						return err
					}
				}
			})
			tg.Go(func(ctx context.Context) error {
				for {
					err := lowlevel.Checkpoint(ctx)
					if err != nil {
						return err
					}
					l, err := net.Listen("tcp", "127.0.0.1:0")
					if err != nil {
						return err
					}
					f, err := os.Open(filepath.Join("/proc", "self", "status"))
					if err != nil {
						return err
					}
					r, w, err := os.Pipe()
					if err != nil {
						return err
					}
					for _, c := range []interface{ Close() error }{l, f, r, w} {
						if err := c.Close(); err != nil {
							return err
						}
					}
				}
			})
			defer tg.Cancel("all have started")
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for range 30 {
					tg.Go(func(ctx context.Context) error {
						res, err := process.Run(ctx, process.Command{Args: list.Args, ExtraFiles: extra})
						if err == nil && !bytes.Equal(res.Stdout, want) {
							t.Errorf("the process has descriptors %q, want %q", res.Stdout, want)
						}
						return err
					})
				}
				return nil
			})
		})
		testkit.WantNil(t, "group", err)
	})
}

// Wherever a start runs out of descriptors, it gives back those that it has got.
func TestStartThatRunsOutOfDescriptorsLeavesNone(t *testing.T) {
	var before unix.Rlimit
	testkit.WantNil(t, "limit", unix.Getrlimit(unix.RLIMIT_NOFILE, &before))
	onReal(t, func(t *testing.T, ctx context.Context) {
		_, err := process.Output(ctx, "true") // all that is opened once is open
		testkit.WantNil(t, "run", err)
		anyiotest.CheckLeaks(t)
		failed, started := 0, 0
		for more := range 20 {
			free := freeDescriptor(t)
			n := free + more
			testkit.WantNil(t, "limit", unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(n), Max: before.Max}))
			p, err := process.Start(ctx, process.Command{Args: []string{"true"}})
			testkit.WantNil(t, "limit", unix.Setrlimit(unix.RLIMIT_NOFILE, &before))
			if err != nil {
				failed++
				testkit.WantIs(t, "start", err, syscall.EMFILE)
				if now := freeDescriptor(t); now != free { // the garbage collector would hide it
					t.Errorf("with %d descriptors: %d are left", more, now-free)
				}
				continue
			}
			started++
			testkit.WantNil(t, "close", p.Close(ctx))
		}
		if failed == 0 || started == 0 {
			t.Errorf("%d failed, %d started: want both", failed, started)
		}
	})
}

// freeDescriptor is the lowest number that no descriptor has.
func freeDescriptor(t *testing.T) int {
	t.Helper()
	f, err := os.Open("/")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return int(f.Fd())
}

func TestAttributesOfTheSystemAreKept(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		anyiotest.CheckLeaks(t)
		pidfd := -1
		sys := &syscall.SysProcAttr{Setsid: true, PidFD: &pidfd}
		p, err := process.Start(ctx, process.Command{Shell: "ps -o sid= -p $$; echo $$; sleep 1000 & echo $!; exit 3", KillGroup: true, Sys: sys})
		if err != nil {
			t.Fatal(err)
		}
		if code, err := p.Wait(ctx); code != 3 || err != nil {
			t.Errorf("%d, %v", code, err)
		}
		if flags, err := unix.FcntlInt(uintptr(pidfd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("the pidfd that was asked for: flags %#x, %v", flags, err)
		}
		testkit.WantNil(t, "the pidfd is ours", unix.Close(pidfd))
		said, err := read(ctx, p.Stdout)
		testkit.WantNil(t, "read", err)
		if pids := strings.Fields(said); len(pids) != 3 || pids[0] != pids[1] {
			t.Errorf("session, pid, grandchild %q", pids)
		}
		_, err = read(ctx, p.Stdout)
		testkit.WantIs(t, "the group has ended", err, io.EOF)
		testkit.WantNil(t, "close", p.Close(ctx))
		if sys.Setpgid || sys.Credential != nil {
			t.Errorf("ours were changed: %+v", sys)
		}
	})
}

func TestLeaderThatHasLeftItsGroupIsEnded(t *testing.T) {
	if _, err := exec.LookPath("perl"); err != nil {
		t.Skip("no perl, which can change its group")
	}
	onReal(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			script := "setpgrp(0, " + strconv.Itoa(syscall.Getpgrp()) + ") or die; syswrite STDOUT, 'moved'; sleep 1000"
			p, err := process.Start(ctx, process.Command{Args: []string{"perl", "-e", script}, KillGroup: true})
			if err != nil {
				return err
			}
			if said, err := read(ctx, p.Stdout); said != "moved" {
				t.Errorf("%q, %v", said, err)
			}
			s.Cancel("")
			err = p.Close(ctx)
			if code, ended := p.ExitCode(); code != -int(syscall.SIGTERM) || !ended {
				t.Errorf("%d, %t", code, ended)
			}
			return err
		})
		testkit.WantNil(t, "scope", err)
	})
}
