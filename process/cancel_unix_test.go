//go:build unix

package process_test

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/process"
)

// The program says when it is ready, and ends by itself only with "quit" on its input, or by
// SIGINT, with a code that tells which.
const polite = `trap "exit 3" INT; trap "" TERM; echo ready; while read line; do [ "$line" = quit ] && exit 4; done; while :; do sleep 1000; done`

func TestCancelAsksTheProcessInItsOwnWay(t *testing.T) {
	type ask = func(ctx context.Context, p *process.Process) error
	for name, c := range map[string]struct {
		cancel ask
		grace  time.Duration
		code   int
		want   error // besides the cancellation
	}{
		"signal":            {func(_ context.Context, p *process.Process) error { return p.Signal(syscall.SIGINT) }, time.Hour, 3, nil},
		"word on its input": {func(ctx context.Context, p *process.Process) error { return p.Stdin.Send(ctx, []byte("quit\n")) }, time.Hour, 4, nil},
		"nothing":           {func(context.Context, *process.Process) error { return nil }, time.Millisecond, -9, nil},
		"nothing, no grace": {func(context.Context, *process.Process) error { return nil }, -1, -9, nil},
		"failure":           {func(context.Context, *process.Process) error { return testkit.ErrBoom }, time.Millisecond, -9, testkit.ErrBoom},
		"longer than grace": {func(ctx context.Context, _ *process.Process) error { return anyio.SleepForever(ctx) }, time.Millisecond, -9, nil},
		"it has ended already": {func(ctx context.Context, p *process.Process) error {
			return errors.Join(p.Kill(), p.Signal(syscall.SIGINT))
		}, time.Hour, -9, nil},
	} {
		t.Run(name, func(t *testing.T) {
			onReal(t, func(t *testing.T, ctx context.Context) {
				asked := 0
				err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
					p, err := process.Start(ctx, process.Command{Shell: polite, Grace: c.grace, KillGroup: true,
						Cancel: func(ctx context.Context, p *process.Process) error {
							asked++
							return c.cancel(ctx, p)
						}})
					if err != nil {
						return err
					}
					if got, err := read(ctx, p.Stdout); got != "ready\n" {
						t.Errorf("%q, %v", got, err)
					}
					s.Cancel("enough")
					err = p.Close(ctx)
					if !errors.Is(err, anyio.ErrCanceled) {
						t.Errorf("Close returned %v", err)
					}
					if _, alone := err.(*anyio.CanceledError); alone != (c.want == nil) {
						t.Errorf("Close returned a %T", err)
					}
					if code, ended := p.ExitCode(); code != c.code || !ended {
						t.Errorf("exit code %d, %v; want %d", code, ended, c.code)
					}
					wantStreamsClosed(t, context.WithoutCancel(ctx), p)
					testkit.WantNil(t, "Close again", p.Close(ctx))
					return err
				})
				if !errors.Is(err, c.want) {
					t.Errorf("the scope returned %v, want %v", err, c.want)
				}
				if asked != 1 {
					t.Errorf("asked %d times", asked)
				}
			})
		})
	}
}

// Nobody is asked who ends by the end of its input.
func TestCancelIsNotCalledWithoutACancellation(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		never := func(context.Context, *process.Process) error {
			t.Error("Cancel was called")
			return nil
		}
		p, err := process.Start(ctx, process.Command{Args: []string{"cat"}, Cancel: never})
		testkit.Must(t, err)
		testkit.WantNil(t, "Close", p.Close(ctx))
		_, err = process.Run(ctx, process.Command{Args: []string{"cat"}, Cancel: never})
		testkit.WantNil(t, "Run", err)
	})
}

func TestCancelOfRunTellsItsErrorBesideTheCancellation(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		for _, want := range []error{nil, testkit.ErrBoom} {
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					_, err := process.Run(ctx, process.Command{Shell: polite, KillGroup: true, Cancel: func(_ context.Context, p *process.Process) error {
						return errors.Join(p.Signal(syscall.SIGINT), want)
					}})
					if !errors.Is(err, anyio.ErrCanceled) || !errors.Is(err, want) && want != nil {
						t.Errorf("Run returned %v", err)
					}
					return err
				})
				testkit.UntilWaits(t, ctx, "Event.Wait")
				tg.Cancel("enough")
				return nil
			})
			if !errors.Is(err, want) {
				t.Errorf("the group returned %v, want %v", err, want)
			}
		}
	})
}

func TestProcessEndsThoughItsCancelPanics(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		var p *process.Process
		v := testkit.Recovered(func() {
			_ = anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) (err error) {
				p, err = process.Start(ctx, process.Command{Args: []string{"cat"}, Cancel: func(context.Context, *process.Process) error { panic("sorry") }})
				testkit.Must(t, err)
				s.Cancel("enough")
				return p.Close(ctx)
			})
		})
		if v != "sorry" {
			t.Errorf("panicked with %v", v)
		}
		if code, ended := p.ExitCode(); code != -9 || !ended {
			t.Errorf("exit code %d, %v", code, ended)
		}
		testkit.WantNil(t, "Close", p.Close(ctx))
	})
}

func TestTaskHandsTheProcessOverAndTellsHowItEnded(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		for _, c := range []struct {
			code string
			any  bool
			want string // in the group's error; "" for none
		}{{"0", false, ""}, {"5", false, "code 5"}, {"5", true, ""}} {
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				p, err := anyio.Start(ctx, tg, process.Task(process.Command{Shell: "read code; echo bye; exit $code", AnyExit: c.any}))
				if err != nil {
					return err
				}
				return anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error { // it may fail and cancel us
					testkit.WantNil(t, "Send", p.Stdin.Send(ctx, []byte(c.code+"\n")))
					if _, err := p.Wait(ctx); err != nil {
						return err
					}
					if got, err := read(ctx, p.Stdout); got != "bye\n" || err != nil { // its streams are still open
						t.Errorf("%q, %v", got, err)
					}
					return p.Close(ctx)
				})
			})
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("exit %s, AnyExit %t: the group returned %v", c.code, c.any, err)
			}
		}
	})
}

func TestCanceledTaskEndsItsProcess(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		var p *process.Process
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) (err error) {
			p, err = anyio.Start(ctx, tg, process.Task(process.Command{Args: []string{"sleep", "1000"}}))
			tg.Cancel("enough")
			return err
		})
		testkit.WantNil(t, "group", err)
		if code, ended := p.ExitCode(); code != -int(syscall.SIGTERM) || !ended {
			t.Errorf("exit code %d, %v", code, ended)
		}
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			_, err := anyio.Start(ctx, tg, process.Task(process.Command{Args: []string{"/no/such/program"}}))
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "/no/such/program") {
			t.Errorf("Start returned %v", err)
		}
	})
}
