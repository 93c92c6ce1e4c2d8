//go:build unix

package process_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/process"
)

// startEnv says what a worker does in place of starting.
const startEnv = "PROCESS_TEST_WORKER"

// beforeWorkerMain is called where a worker begins.
func beforeWorkerMain() {
	how, set := os.LookupEnv(startEnv)
	if !set || os.Getenv("ANYIO_WORKER_PROCESS") == "" {
		return
	}
	channel := os.NewFile(4, "answers")
	say := func(text string) { _, _ = channel.WriteString(text) }
	switch how {
	case "exit":
		os.Exit(5)
	case "killed":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "garbage":
		say("hello, I am another program\n")
	case "version":
		say("AnYX\x00\x00\x00\x01x")
	case "truncated":
		say("AnYW\x00\x00\x00\x09x")
		os.Exit(6)
	case "huge":
		say("AnYW\xff\xff\xff\xff")
	case "empty":
		say("AnYW\x00\x00\x00\x00AnYW\x00\x00\x00\x00")
		os.Exit(7)
	case "result": // that nobody has asked for
		frame, err := process.EncodeAnswer("result")
		if err != nil {
			os.Exit(8)
		}
		say(string(frame))
	case "two":
		say("AnYW\x00\x00\x00\x01xAnYW")
	}
	hang() // and never says that it is ready
}

func TestWorkersThatDoNotStartAreBroken(t *testing.T) {
	for how, want := range map[string]string{
		"exit":      "it ended with code 5",
		"killed":    "it was ended by signal 9",
		"garbage":   "what came is no frame",
		"version":   "what came is no frame",
		"truncated": "it ended with code 6",
		"huge":      "what came is no frame",
		"empty":     "it ended with code 7",
		"result":    "what came is no frame",
		"two":       "what came is no frame",
	} {
		t.Run(how, func(t *testing.T) {
			t.Setenv(startEnv, how)
			onReal(t, func(t *testing.T, ctx context.Context) {
				limiter := anyio.NewCapacityLimiter(1)
				_, err := swap.Call(ctx, point{}, process.Limiter(limiter))
				if e, ok := errors.AsType[*process.BrokenWorkerError](err); !ok || e.Function != "swap" || e.Cause.Error() != want {
					t.Errorf("got %v, want %s", err, want)
				}
				if n := limiter.BorrowedTokens(); n != 0 {
					t.Errorf("%v tokens are lost", n)
				}
			})
		})
	}
}

// A worker may take some seconds to start; a caller that has not so long kills it.
func TestWorkerThatIsSlowToStartIsKilledByACancellation(t *testing.T) {
	t.Setenv(startEnv, "slow")
	onReal(t, func(t *testing.T, ctx context.Context) {
		late, err := anyio.MoveOnAfter(ctx, 10*time.Millisecond, func(ctx context.Context) error {
			_, err := swap.Call(ctx, point{})
			return err
		})
		if !late || err != nil {
			t.Errorf("%v, %v", late, err)
		}
	})
}

// The program has forgotten to call WorkerMain first.
func TestWorkerThatIsTooSlowToStartIsBroken(t *testing.T) {
	t.Setenv(startEnv, "slow")
	defer process.SetReadyWithin(process.SetReadyWithin(10 * time.Millisecond))
	onReal(t, func(t *testing.T, ctx context.Context) {
		_, err := swap.Call(ctx, point{})
		if _, ok := errors.AsType[*process.BrokenWorkerError](err); !ok || !strings.Contains(err.Error(), "does main call process.WorkerMain first?") {
			t.Errorf("got %v", err)
		}
		testkit.WantIs(t, "call", err, anyio.ErrTimeout)
	})
}

func TestWorkersKilledBetweenCallsAreReplaced(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		for range 3 {
			n, err := pid.Call(ctx, struct{}{})
			testkit.WantNil(t, "call", err)
			testkit.WantNil(t, "kill", syscall.Kill(n, syscall.SIGKILL))
			for syscall.Kill(n, 0) == nil { // until it was reaped
				testkit.WantNil(t, "sleep", anyio.Sleep(ctx, time.Millisecond))
			}
		}
		if got, err := swap.Call(ctx, point{1, 2}); got.X != 2 || err != nil {
			t.Errorf("%v, %v", got, err)
		}
	})
}
