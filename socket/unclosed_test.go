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
	log := &lines{}
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewTextHandler(log, nil)))
	line := leaveOpen(t)
	text := log.collect(2, " unclosed_test.go:")
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
