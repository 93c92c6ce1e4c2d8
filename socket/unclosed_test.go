package socket_test

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
	"github.com/anyio-go/anyio/socket"
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
func leaveOpen(t *testing.T) (line int) {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		_, _, line, _ = runtime.Caller(0)
		_, err := socket.UDP(ctx, socket.LocalHost("127.0.0.1"))
		must(t, err)
		_, err = socket.ListenTCP(ctx, socket.LocalHost("127.0.0.1"))
		must(t, err)
		closed, err := socket.UDP(ctx, socket.LocalHost("127.0.0.1"))
		must(t, err)
		return closed.Close(ctx)
	}, anyio.Debug())
	must(t, err)
	return line
}

func TestUnclosedSocketsAreReportedInDebugRuns(t *testing.T) {
	log := &lines{c: make(chan struct{}, 100)}
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewTextHandler(log, nil)))
	line := leaveOpen(t)
	for seen, tries := 0, 0; seen < 2 && tries < 10_000; tries++ {
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
