package anyio_test

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

// texts gives on what is logged. Other tests may have left garbage, which is reported, too.
type texts chan string

func (c texts) Write(p []byte) (int, error) {
	select {
	case c <- string(p):
	default:
	}
	return len(p), nil
}

// leaveReceiver leaves one receiver open and closes another one. In a simulation no
// signal is withheld from the process.
//
//go:noinline
func leaveReceiver(t *testing.T) (line int) {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		_, _, line, _ = runtime.Caller(0)
		_, err := anyio.OpenSignalReceiver(ctx, syscall.SIGHUP)
		wantNil(t, "open", err)
		closed, err := anyio.OpenSignalReceiver(ctx, syscall.SIGHUP)
		wantNil(t, "open", err)
		return closed.Close(ctx)
	}, anyio.Debug(), anyio.On(sim.New(sim.Config{})))
	wantNil(t, "run", err)
	return line
}

func TestUnclosedSignalReceiversAreReportedInDebugRuns(t *testing.T) {
	logged := make(texts, 100)
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewTextHandler(logged, nil)))
	line := leaveReceiver(t)
	want := fmt.Sprintf("unclosed SignalReceiver created at signals_unclosed_test.go:%d", line+1)
	reported := func() bool {
		runtime.GC()
		select {
		case text := <-logged:
			if !strings.Contains(text, want) && strings.Contains(text, "SignalReceiver") {
				t.Errorf("logged: %s", text)
			}
			return strings.Contains(text, want)
		default:
			return false
		}
	}
	if !soon(reported) {
		t.Errorf("not reported: %s", want)
	}
}
