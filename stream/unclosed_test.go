package stream_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

//go:noinline
func leaveOpen(t *testing.T, debug bool) (line int) {
	var opts []anyio.RunOption
	if debug {
		opts = append(opts, anyio.Debug())
	}
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		_, _, line, _ = runtime.Caller(0)
		send, recv := stream.Memory[int](1)
		send.Clone()
		recv.Clone()
		closed, closedToo := stream.Memory[int](1)
		closed.Close(ctx)
		closedToo.Close(ctx)
		closed.Clone()
		return nil
	}, opts...)
	if err != nil {
		t.Error(err)
	}
	return line
}

func TestMemoryUnclosedIsReportedInDebugRuns(t *testing.T) {
	log := testkit.CaptureGarbage(t)
	leaveOpen(t, false)
	line := leaveOpen(t, true)
	text := log.Collect(4, " unclosed_test.go:")
	at := func(after int) string { return fmt.Sprintf("unclosed_test.go:%d", line+after) }
	for _, want := range []string{
		"unclosed stream.MemorySendStream created at " + at(1),
		"unclosed stream.MemorySendStream created at " + at(2),
		"unclosed stream.MemoryReceiveStream created at " + at(1),
		"unclosed stream.MemoryReceiveStream created at " + at(3),
	} {
		if strings.Count(text, want) != 1 {
			t.Errorf("want once %q in\n%s", want, text)
		}
	}
}
