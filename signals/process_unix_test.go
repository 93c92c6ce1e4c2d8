//go:build unix

package signals_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/signals"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/socket"
)

func TestSimulatedShutdownLeavesTheProcessAlone(t *testing.T) {
	signal.Ignore(syscall.SIGPIPE)
	defer signal.Reset(syscall.SIGPIPE)
	for _, on := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop(), sim.New(sim.Config{})} {
		_, simulated := on.(*sim.Sim)
		err := anyio.Run(context.Background(), func(ctx context.Context) error {
			return signals.WithShutdown(ctx, func(context.Context) error {
				if signal.Ignored(syscall.SIGPIPE) != simulated {
					t.Errorf("%s: SIGPIPE is ignored: %v", on.Name(), !simulated)
				}
				return nil
			})
		}, anyio.On(on))
		testkit.WantNil(t, on.Name(), err)
	}
}

func TestSignalsThatWereIgnoredAreIgnoredAfterwards(t *testing.T) {
	signalTest(t, func(t *testing.T, ctx context.Context) {
		testkit.SkipSim(t, ctx)
		signal.Ignore(syscall.SIGHUP)
		defer signal.Reset(syscall.SIGHUP)
		first, second := receiver(t, ctx, syscall.SIGHUP, syscall.SIGHUP), receiver(t, ctx, syscall.SIGTERM, syscall.SIGHUP)
		if signal.Ignored(syscall.SIGHUP) {
			t.Error("ignored while received")
		}
		testkit.WantNil(t, "close", first.Close(ctx))
		raise(t, ctx, syscall.SIGHUP)
		if s, err := second.Receive(ctx); s != syscall.SIGHUP || err != nil {
			t.Errorf("after the one that began first was closed: %v, %v", s, err)
		}
		testkit.WantNil(t, "close", second.Close(ctx))
		if !signal.Ignored(syscall.SIGHUP) || signal.Ignored(syscall.SIGTERM) {
			t.Error("not as it was afterwards")
		}
	})
}

func TestChannelsOfOthersGetTheSignalsToo(t *testing.T) {
	signalTest(t, func(t *testing.T, ctx context.Context) {
		testkit.SkipSim(t, ctx)
		early, late := make(chan os.Signal, 9), make(chan os.Signal, 9)
		signal.Notify(early, syscall.SIGHUP)
		defer signal.Stop(early)
		r := receiver(t, ctx, syscall.SIGHUP)
		signal.Notify(late, syscall.SIGHUP)
		defer signal.Stop(late)
		raised := func() { // and is gone, lest the next one is merged with it
			raise(t, ctx, syscall.SIGHUP)
			<-early
			<-late
		}
		raised()
		if s, err := r.Receive(ctx); s != syscall.SIGHUP || err != nil {
			t.Errorf("got %v, %v", s, err)
		}
		testkit.WantNil(t, "close", r.Close(ctx))
		raised()
		err := signals.WithShutdown(ctx, func(ctx context.Context) error {
			raised()
			return anyio.SleepForever(ctx)
		}, syscall.SIGHUP)
		if _, ok := err.(*signals.Error); !ok {
			t.Errorf("shutdown: %v", err)
		}
		raised()
	})
}

func TestOneSignalEndsAllRuns(t *testing.T) {
	ended := make(chan error, 2)
	begun := make(chan struct{}, 2)
	for _, on := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		go func() {
			ended <- anyio.Run(context.Background(), func(ctx context.Context) error {
				return signals.WithShutdown(ctx, func(ctx context.Context) error {
					begun <- struct{}{}
					return anyio.SleepForever(ctx)
				}, syscall.SIGHUP)
			}, anyio.On(on))
		}()
	}
	<-begun
	<-begun
	testkit.WantNil(t, "kill", syscall.Kill(os.Getpid(), syscall.SIGHUP))
	for range 2 {
		if e, ok := errors.AsType[*signals.Error](<-ended); !ok || e.Signal != syscall.SIGHUP {
			t.Errorf("a run ended with %v", e)
		}
	}
}

// children are what the test binary does as a child process, by the value of
// ANYIO_TEST_CHILD.
var children = map[string]func(ctx context.Context) error{
	"stubborn": func(ctx context.Context) error { return stubborn(ctx, syscall.SIGTERM, syscall.SIGTERM) },
	"impatient": func(ctx context.Context) error { // in the middle of an orderly end, by another signal
		return stubborn(ctx, os.Interrupt, syscall.SIGTERM)
	},
	"unmoved": func(ctx context.Context) error { // by a signal that has no effect of its own
		return stubborn(ctx, syscall.SIGWINCH, syscall.SIGWINCH)
	},
	"print": func(ctx context.Context) error {
		return signals.WithShutdown(ctx, func(context.Context) error { return printToNobody() })
	},
	"print afterwards": func(ctx context.Context) error {
		err := signals.WithShutdown(ctx, func(context.Context) error { return nil })
		return errors.Join(err, printToNobody())
	},
	"send": sendToNobody,
}

func stubborn(ctx context.Context, first, second os.Signal) error {
	return signals.WithShutdown(ctx, func(ctx context.Context) error {
		self, err := os.FindProcess(os.Getpid())
		if err != nil {
			return err
		}
		err = self.Signal(first)
		sleeping := anyio.SleepForever(ctx)
		return errors.Join(err, sleeping, anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
			return errors.Join(self.Signal(second), anyio.SleepForever(ctx))
		}))
	}, first, second)
}

// printToNobody writes to a standard output whose reader is gone, until it is told so.
func printToNobody() error {
	for {
		if _, err := fmt.Println("hello"); errors.Is(err, syscall.EPIPE) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// sendToNobody sends to a peer that is gone.
func sendToNobody(ctx context.Context) error {
	l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
	if err != nil {
		return err
	}
	s, err := socket.DialTCP(ctx, "127.0.0.1", l.Addr().(*net.TCPAddr).Port)
	if err != nil {
		return err
	}
	peer, err := l.Accept(ctx)
	if err := errors.Join(err, peer.Close(ctx)); err != nil {
		return err
	}
	for {
		if err := s.Send(ctx, make([]byte, 100_000)); errors.Is(err, anyio.ErrBroken) {
			return errors.Join(s.Close(ctx), l.Close(ctx))
		} else if err != nil {
			return err
		}
	}
}

// TestChild is the child processes of other tests.
func TestChild(t *testing.T) {
	name, on, ok := strings.Cut(os.Getenv("ANYIO_TEST_CHILD"), "/")
	if !ok {
		t.Skip("for child processes of other tests")
	}
	b, err := anyio.BackendByName(on)
	if err == nil {
		err = anyio.Run(context.Background(), children[name], anyio.On(b))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(9)
	}
	os.Exit(0)
}

func TestSignalsEndProcessesOrDoNoHarm(t *testing.T) {
	for _, on := range []string{"parallel", "eventloop"} {
		for name, want := range map[string]string{
			"stubborn": "signal: terminated", "impatient": "signal: terminated", "unmoved": "exit status 156",
			"print": "exit status 0", "print afterwards": "signal: broken pipe", "send": "exit status 0",
		} {
			t.Run(on+"/"+name, func(t *testing.T) {
				if children[name] == nil {
					t.Fatal("no such child")
				}
				cmd := exec.Command(os.Args[0], "-test.run=^TestChild$")
				cmd.Env = append(os.Environ(), "ANYIO_TEST_CHILD="+name+"/"+on, "GORACE=atexit_sleep_ms=0")
				var complaint strings.Builder
				cmd.Stderr = &complaint
				out, err := cmd.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := cmd.Start(); errors.Is(err, syscall.ENOEXEC) {
					t.Skipf("an emulator runs this, the system cannot: %v", err)
				} else if err != nil {
					t.Fatal(err)
				}
				_, err = io.ReadFull(out, make([]byte, 1))
				if err == nil || err == io.EOF { // it prints something, or nothing
					err = out.Close()
				}
				testkit.WantNil(t, "close", err)
				_ = cmd.Wait() // the state tells more
				if got := cmd.ProcessState.String(); got != want {
					t.Errorf("the child ended with %q, want %q; it said: %s", got, want, complaint.String())
				}
			})
		}
	}
}
