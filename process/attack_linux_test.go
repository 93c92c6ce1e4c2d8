package process_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
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
			l, err := socket.ListenTCP(ctx, socket.LocalHost("127.0.0.1"))
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
		wantNil(t, "group", err)
	})
}
