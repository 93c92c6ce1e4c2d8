package signals_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/signals"
	"github.com/anyio-go/anyio/sim"
)

// leaveReceiver leaves one receiver open and closes another one. In a simulation no
// signal is withheld from the process.
//
//go:noinline
func leaveReceiver(t *testing.T) (line int) {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		_, _, line, _ = runtime.Caller(0)
		_, err := signals.Open(ctx, syscall.SIGHUP)
		testkit.WantNil(t, "open", err)
		closed, err := signals.Open(ctx, syscall.SIGHUP)
		testkit.WantNil(t, "open", err)
		return closed.Close(ctx)
	}, anyio.Debug(), anyio.On(sim.New(sim.Config{})))
	testkit.WantNil(t, "run", err)
	return line
}

func TestUnclosedSignalReceiversAreReportedInDebugRuns(t *testing.T) {
	log := testkit.CaptureGarbage(t)
	line := leaveReceiver(t)
	want := fmt.Sprintf("unclosed signals.Receiver created at unclosed_test.go:%d", line+1)
	text := log.Collect(1, want)
	if n := strings.Count(text, want); n != 1 || strings.Count(text, "signals.Receiver") != 1 {
		t.Errorf("want once %q in\n%s", want, text)
	}
}
