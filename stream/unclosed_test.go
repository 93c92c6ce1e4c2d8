package stream_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

// lines collects what is logged.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// collect collects garbage until n lines have part in them, and returns all that was
// logged. Other tests may have left garbage, too.
func (l *lines) collect(n int, part string) (text string) {
	for range 10_000 {
		runtime.GC()
		l.mu.Lock()
		text = l.buf.String()
		l.mu.Unlock()
		if strings.Count(text, part) >= n {
			break
		}
		runtime.Gosched()
	}
	return text
}

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
	log := &lines{}
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewTextHandler(log, nil)))
	leaveOpen(t, false)
	line := leaveOpen(t, true)
	text := log.collect(4, " unclosed_test.go:")
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
