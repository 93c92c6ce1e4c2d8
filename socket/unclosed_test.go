package socket_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
)

//go:noinline
func leaveOpen(t *testing.T) (line int) {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		_, _, line, _ = runtime.Caller(0)
		_, err := socket.ListenUDP(ctx, "127.0.0.1", 0)
		testkit.Must(t, err)
		_, err = socket.ListenTCP(ctx, "127.0.0.1", 0)
		testkit.Must(t, err)
		closed, err := socket.ListenUDP(ctx, "127.0.0.1", 0)
		testkit.Must(t, err)
		return closed.Close(ctx)
	}, anyio.Debug())
	testkit.Must(t, err)
	return line
}

func TestUnclosedSocketsAreReportedInDebugRuns(t *testing.T) {
	log := testkit.CaptureGarbage(t)
	line := leaveOpen(t)
	text := log.Collect(2, " unclosed_test.go:")
	for _, want := range []string{
		fmt.Sprintf("unclosed socket.UDPSocket created at unclosed_test.go:%d", line+1),
		fmt.Sprintf("unclosed socket.Listener created at unclosed_test.go:%d", line+3),
	} {
		if strings.Count(text, want) != 1 {
			t.Errorf("want once %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, fmt.Sprintf("unclosed_test.go:%d", line+5)) {
		t.Errorf("a closed socket is reported:\n%s", text)
	}
}
