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

// lines collects what is logged and tells of each line.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
	c   chan struct{}
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer func() { l.c <- struct{}{} }()
	return l.buf.Write(p)
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
	log := &lines{c: make(chan struct{}, 100)}
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewTextHandler(log, nil)))
	leaveOpen(t, false)
	line := leaveOpen(t, true)
	for seen, tries := 0, 0; seen < 4 && tries < 10_000; tries++ {
		runtime.GC()
		select {
		case <-log.c:
			seen++
		default:
			runtime.Gosched()
		}
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	text := log.buf.String()
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
